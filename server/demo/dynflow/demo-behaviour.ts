/** How the steps of the demo's plans behave: for how long, in how many polls, with which output, and which of them fail. */
import { type Random, streamOf } from "#server/demo/dna/random.ts";
import type { PayloadValue } from "#server/dynflow/domain/model.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import type { Behaviour, Deed, StepVisit } from "./behaviour.ts";
import { destroyHost, LISTENER, runHostJob } from "./catalogue.ts";
import { failureOf } from "./failures.ts";
import type { ActionSpec } from "./planner.ts";

interface Profile {
  /** Of one visit. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Suspensions before it ends, and how long each lasts. */
  readonly polls: number;
  readonly pollMs: number;
}

const QUICK: Profile = { fromMs: 80, toMs: 900, polls: 0, pollMs: 0 };
const WORK: Profile = { fromMs: 600, toMs: 3_500, polls: 0, pollMs: 0 };
const PULP_TASK: Profile = { fromMs: 60, toMs: 200, polls: 4, pollMs: 1_500 };
const REMOTE: Profile = { fromMs: 60, toMs: 250, polls: 5, pollMs: 1_200 };
const LISTEN_WAKE_MS = 30_000;

const PULP_TASKS =
  /^Actions::Pulp3::(Repository::(Sync|CreatePublication|RefreshDistribution|MultiCopyContent)|CapsuleContent::Sync|OrphanCleanup::)/;
const WORKING = /IndexContent|SetContent|CloneToEnvironment|BulkGenerate|JobWrapper|Insights/;

function profileOf(actionClass: string): Profile {
  if (PULP_TASKS.test(actionClass)) return PULP_TASK;
  if (actionClass === "Actions::RemoteExecution::ProxyAction") return REMOTE;
  return WORKING.test(actionClass) ? WORK : QUICK;
}

export interface DemoBehaviour {
  readonly behave: Behaviour;
  /** The first try of this step will fail. Forgotten with the process: then it succeeds. */
  doom(planId: string, stepId: number): void;
  /** This step does not end by itself: it stays busy, or suspended, until it is let go. */
  hold(planId: string, stepId: number, how: "busy" | "suspended"): void;
  letGo(planId: string): void;
  /** The sub-plans of this plan, once it plans them, wait for hosts that never answer: until they are cancelled. */
  silence(planId: string): void;
  /** Milliseconds that one whole execution of a step of this class takes, roughly: for plans that ran in the past. */
  usualMs(actionClass: string, random: Random): number;
  outputOf(actionClass: string, planId: string): JsonObject;
}

/** Equal seeds give equal behaviour of equal steps; a step that failed succeeds when it is tried again. */
export function createDemoBehaviour(seed: number): DemoBehaviour {
  const doomed = new Map<string, number>();
  const silenced = new Set<string>();
  const held = new Map<string, { readonly stepId: number; readonly how: "busy" | "suspended" }>();

  function behave(visit: StepVisit): Deed {
    const { planId, step, action } = visit;
    const random = streamOf(seed, `${planId}:${step.id}:${visit.visit}`);
    if (action.class === LISTENER.class) {
      return {
        kind: "suspend",
        afterMs: 20,
        progress: 0.5,
        output: { heartbeat: visit.visit },
        wakeAfterMs: LISTEN_WAKE_MS,
      };
    }
    const hold = held.get(planId);
    if (hold?.stepId === step.id) return HELD[hold.how];
    const profile = profileOf(action.class);
    const afterMs = random.between(profile.fromMs, profile.toMs);
    if (doomed.get(planId) === step.id && visit.from !== "error") {
      doomed.delete(planId);
      return { kind: "error", afterMs, error: failureOf(action.class, random) };
    }
    const children = visit.from === "error" ? null : subPlansOf(action.class, random);
    if (children !== null) {
      const plans = silenced.has(planId) ? children.map(silentHost) : children;
      return { kind: "sub-plans", afterMs, plans: plans.map((root) => ({ root })) };
    }
    if (isSilent(action.input)) return SILENT;
    if (step.phase === "run" && visit.visit < profile.polls) return poll(visit, profile, afterMs);
    return { kind: "success", afterMs, output: outputOf(action.class, planId), ...lastChunk(action.class) };
  }

  return {
    behave,
    hold: (planId, stepId, how) => void held.set(planId, { stepId, how }),
    letGo: (planId) => void held.delete(planId),
    silence: (planId) => void silenced.add(planId),
    doom: (planId, stepId) => void doomed.set(planId, stepId),
    usualMs(actionClass, random) {
      const profile = profileOf(actionClass);
      const visits = 1 + profile.polls;
      return visits * random.between(profile.fromMs, profile.toMs) + profile.polls * profile.pollMs;
    },
    outputOf,
  };
}

const HELD_MS = 24 * 3_600_000;
const HELD: Readonly<Record<"busy" | "suspended", Deed>> = {
  busy: { kind: "success", afterMs: HELD_MS, output: {} },
  suspended: {
    kind: "suspend",
    afterMs: 40,
    progress: 0.4,
    output: { waiting_for: "an answer" },
    wakeAfterMs: HELD_MS,
  },
};

/** Suspended with nothing that wakes it but an event. */
const SILENT: Deed = {
  kind: "suspend",
  afterMs: 80,
  progress: 0,
  output: { proxy_task_id: "remote", waiting_for: "the host" },
  wakeAfterMs: null,
};

/** A host whose remote command is never answered. */
const silentHost = (host: ActionSpec): ActionSpec => ({
  ...host,
  children: (host.children ?? []).map((child) => ({ ...child, input: { ...child.input, unreachable: true } })),
});

const isSilent = (input: PayloadValue): boolean =>
  typeof input === "object" && input !== null && "unreachable" in input && input.unreachable === true;

function poll({ action, visit }: StepVisit, profile: Profile, afterMs: number): Deed {
  const progress = (visit + 1) / (profile.polls + 1);
  const remote = action.class === "Actions::RemoteExecution::ProxyAction";
  const chunks = remote ? [{ kind: "stdout", value: `(${visit + 1}/${profile.polls}) installing updates\n` }] : [];
  const output: JsonObject = remote
    ? { proxy_task_id: "remote", metadata: { failed_proxy_tasks: [] } }
    : { pulp_tasks: [{ state: "running", progress_reports: [{ done: visit + 1, total: profile.polls + 1 }] }] };
  return { kind: "suspend", afterMs, progress, output, chunks, wakeAfterMs: profile.pollMs };
}

const lastChunk = (actionClass: string) =>
  actionClass === "Actions::RemoteExecution::ProxyAction"
    ? {
        chunks: [
          { kind: "exit", value: { exit_status: 0 } },
          { kind: "stdout", value: "Complete!\n" },
        ],
      }
    : {};

function subPlansOf(actionClass: string, random: Random) {
  if (actionClass === "Actions::RemoteExecution::RunHostsJob") {
    return Array.from({ length: 2 + random.below(3) }, () => runHostJob(random));
  }
  return actionClass === "Actions::BulkAction" ? [destroyHost(random), destroyHost(random)] : null;
}

function outputOf(actionClass: string, planId: string): JsonObject {
  const short = planId.slice(0, 8);
  if (actionClass.endsWith("Repository::Sync")) {
    return { version_href: `/pulp/api/v3/repositories/rpm/${short}/versions/7/`, contents_changed: true };
  }
  if (actionClass.endsWith("CreatePublication")) return { publication_href: `/pulp/api/v3/publications/rpm/${short}/` };
  if (actionClass.endsWith("MultiCopyContent")) return { task_hrefs: [`/pulp/api/v3/tasks/${short}/`] };
  if (actionClass.endsWith("IndexContent")) return { indexed: true, duration_sec: 1.25 };
  return {};
}
