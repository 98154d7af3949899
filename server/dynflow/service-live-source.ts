import { dynflowStream } from "#server/contract/event.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { Operations } from "#server/operations/ports.ts";
import { type ClientWorld, openClientWorld } from "./client-world-runner.ts";
import type { BulkCommands, OnVerdict, PlanCommands } from "./commands.ts";
import { protocolOf, type RequestType } from "./domain/protocol.ts";
import { createDynflowFollower, type DynflowFollower } from "./follower.ts";
import { createPlanActions, type PlanActions } from "./plan-actions.ts";
import { createPlanCauses, type PlanCauses } from "./plan-causes.ts";
import type { DynflowMailbox, DynflowStore } from "./ports.ts";
import { actingRefusal } from "./resume-refusal.ts";
import { createLookout } from "./service-lookout.ts";
import type { DynflowSource } from "./source-view.ts";
import { createUndecodableEnvelopes, type UndecodableEnvelopes } from "./undecodable-envelopes.ts";
import { createWorldCommands, type WorldCommands } from "./world-commands.ts";

const TURN_MS = 1_000;

export interface LiveSourceOptions {
  readonly id: string;
  readonly title: string;
  /** False = nothing is ever written: no mailbox is opened, no world registered. */
  readonly act: boolean;
  /** Dynflow's release as configured; `null` = decided by the schema. */
  readonly release: string | null;
  readonly demo: boolean;
  /** Classes, or their beginnings (`Actions::*`), whose steps can be cancelled. */
  readonly cancellable: readonly string[];
  readonly store: DynflowStore;
  /** Called only when acting is allowed and possible. */
  readonly openMailbox: () => Promise<DynflowMailbox>;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dynflow" | "operator" | "samples">;
  readonly state: StateStore;
  readonly operations: Operations;
  readonly clock: Clock;
  /** Real time, where `clock` is the demo's: the database's time-outs do not run faster with it. */
  readonly upstreamClock?: Clock;
  readonly log: Logger;
  readonly hostname: string;
  readonly pid: number;
  readonly newWorldId: () => string;
  readonly lapRows?: number;
}

/** One configured Dynflow database, followed and, where allowed, acted on. */
export interface LiveSource extends DynflowSource {
  /**
   * Follows, and lives as a client world, until the signal is aborted; then leaves cleanly. Closes its mailbox, not the
   * store.
   */
  run(signal: AbortSignal): Promise<void>;
  /** What `run` runs, each for itself. */
  readonly parts: readonly LiveSourcePart[];
}

export interface LiveSourcePart {
  readonly name: "plans" | "world";
  run(signal: AbortSignal): Promise<void>;
}

export function createLiveSource(options: LiveSourceOptions): LiveSource {
  const { id, store, view, clock } = options;
  const undecodable = createUndecodableEnvelopes({ ...options, sourceId: id });
  const causes = createPlanCauses({ ...options, sourceId: id, worldId: () => acting?.commands.worldId() ?? null });
  const follower = createDynflowFollower({ ...options, recorder: causes.recorder, sourceId: id });
  const lookout = createLookout(clock, (planId) => follower.watch(planId));
  const acting = options.act ? createActing({ ...options, undecodable }, follower, causes) : null;
  const sample = () => view.samples()[dynflowStream(id)];
  const parts: readonly LiveSourcePart[] = [
    { name: "plans", run: async (signal) => void (await together(signal, [(own) => follower.run(own), prune])) },
    ...(acting === null ? [] : [{ name: "world" as const, run: (signal: AbortSignal) => acting.run(signal) }]),
  ];

  return {
    id,
    title: options.title,
    act: options.act,
    store,
    commands: acting?.commands ?? null,
    fold: () => view.dynflow(id),
    cancellable: options.cancellable,
    clockOffsetMs: () => follower.clockOffsetMs(),
    undecodable: () => undecodable.list(),
    capabilities: () => follower.capabilities(),
    planProgress: (planId) => sample()?.planProgress?.[planId] ?? null,
    lapMs: () => sample()?.lapMs ?? null,
    databaseShare: () => sample()?.databaseShare ?? null,
    /** A plan that is not in the fold has stopped, and moves no more. */
    look(planId) {
      if (view.dynflow(id).plans[planId] !== undefined) lookout.look(planId);
    },
    parts,
    async run(signal) {
      await Promise.all(parts.map((part) => part.run(signal)));
    },
  };

  async function prune(signal: AbortSignal): Promise<void> {
    while (await turn(clock, signal)) lookout.prune();
  }
}

/** Waits a turn; false = the signal was aborted. */
async function turn(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(TURN_MS, signal);
    return true;
  } catch (cause) {
    if (signal.aborted) return false;
    throw cause;
  }
}

/** Our client world and its commands, opened as soon as the database is known to be one that we may act on. */
function createActing(
  options: LiveSourceOptions & { readonly undecodable: UndecodableEnvelopes },
  follower: DynflowFollower,
  causes: PlanCauses,
) {
  const { id, view, log, clock } = options;
  let opened: {
    readonly world: ClientWorld;
    readonly actions: PlanActions;
    readonly bulk: BulkCommands;
    readonly worlds: WorldCommands;
  } | null = null;
  let tell: OnVerdict = async (jobId) => log.warn("dynflow.verdict.not_taken", { sourceId: id, jobId });
  const onVerdict: OnVerdict = async (jobId, planId, verdict) => {
    await tell(jobId, planId, verdict);
    const job = view.operator().jobs[jobId];
    if (verdict.outcome !== "applied" || job === undefined || job.kind.endsWith(".skip")) return;
    causes.took(planId, job.requestId);
  };
  /** What a job was seen to set going follows from whoever asked for the job. */
  const noting = (bulk: BulkCommands): BulkCommands => ({
    ...bulk,
    async act(target, begin) {
      const verdict = await bulk.act(target, begin);
      if (verdict.outcome === "applied" && target.verb !== "skip") causes.took(target.seen.planId, target.causedBy);
      return verdict;
    },
  });

  const refusal = (registered: boolean, needs?: RequestType): string | null => {
    const { release, demo } = options;
    const capabilities = follower.capabilities();
    return actingRefusal({ capabilities, health: view.dynflow(id).source.state, release, demo, registered }, needs);
  };
  const present = (needs?: RequestType) => refusal((opened?.world.worldId() ?? null) !== null, needs);

  function actionsNow(): PlanActions {
    if (opened !== null) return opened.actions;
    const reason = present() ?? "Worldline's own world is not open at present";
    throw new OpsError("refused", reason, { reasons: [reason] });
  }

  const commands: PlanCommands = {
    worldId: () => opened?.world.worldId() ?? null,
    refusal: present,
    resume: async (request) => actionsNow().resume(request),
    skip: async (request) => actionsNow().skip(request),
    cancel: async (request) => actionsNow().cancel(request),
    cancelStep: async (request) => actionsNow().cancelStep(request),
    abort: async (request) => actionsNow().abort(request),
    halt: async (request) => actionsNow().halt(request),
    startNow: async (request) => actionsNow().startNow(request),
    bulk: () => opened?.bulk ?? null,
    worlds: () => opened?.worlds ?? null,
    took: (planId, causedBy) => causes.took(planId, causedBy),
    onVerdict(listener) {
      tell = listener;
    },
    ping: async (request) => actionsNow().ping(request),
  };

  async function live(signal: AbortSignal): Promise<void> {
    await options.undecodable.load();
    const mailbox = await options.openMailbox();
    try {
      const found = follower.capabilities();
      const notifies = found?.notify ?? false;
      const { encoding } = protocolOf(found?.schemaVersion ?? Number.POSITIVE_INFINITY, options.release);
      const world = await openClientWorld({ ...options, sourceId: id, mailbox, notifies, encoding });
      const look = (planId: string) => follower.look(planId);
      const actions = createPlanActions({
        ...{ ...options, sourceId: id, world, refusal: present, look, onVerdict },
        evident: causes.evident,
      });
      const worlds = createWorldCommands({ ...options, sourceId: id, world, mailbox, encoding, refusal: present });
      await actions.load();
      opened = { world, actions, bulk: noting(actions.bulk), worlds };
      await together(signal, [(own) => world.run(own), (own) => actions.run(own)]);
    } finally {
      opened = null;
      await mailbox.close();
    }
  }

  return {
    commands,
    /** Waits until acting is possible in principle, then lives; what fails to open is tried again. */
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        if (refusal(true) === null) {
          try {
            await live(signal);
          } catch (cause) {
            log.error("dynflow.acting.failed", { sourceId: id, cause });
          }
        }
        if (!(await turn(clock, signal))) return;
      }
    },
  };
}

/** Runs all until the signal is aborted, or one fails: then the others end too, and it is thrown on. */
async function together(signal: AbortSignal, tasks: readonly ((own: AbortSignal) => Promise<void>)[]): Promise<void> {
  const own = new AbortController();
  const onAbort = () => own.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const ends = tasks.map((task) =>
      task(own.signal).catch((cause: unknown) => {
        own.abort(cause);
        throw cause;
      }),
    );
    const failed = (await Promise.allSettled(ends)).find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
