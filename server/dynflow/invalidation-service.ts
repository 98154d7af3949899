import type { Caller } from "#server/auth/caller.ts";
import { termsOf } from "#server/contract/approval-terms.ts";
import { dynflowStream } from "#server/contract/event.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-worlds.ts";
import type { JobStarter } from "#server/jobs/ports.ts";
import { type Clock, type EpochMs, type MonotonicMs, monotonicMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createOneStart } from "#server/kernel/one-start.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { type AbandonedLock, abandon, fateOf, fateWords, type PlanFate } from "./domain/invalidation.ts";
import type { CoordinatorRecord, PlanRecord } from "./domain/model.ts";
import {
  EXECUTION_LOCK_CLASS,
  EXECUTOR_WORLD_CLASS,
  isWorldClass,
  PLANNING_LOCK_CLASS,
  planLockId,
  type World,
  worldInvalidationLockId,
  worldOf,
  worldOwnerId,
} from "./domain/records.ts";
import { type FrozenLock, INVALIDATE_KIND, invalidateParams } from "./invalidation-job.ts";
import { createProbes, PROBE_PING_MS, type Probe } from "./invalidation-probe.ts";
import { actRefusal, type DynflowSource, NOT_ACTING, observedAt, toActor } from "./source-view.ts";

export const PROBE_ACTION = "dynflow.worlds.probe";
/** Plans that are read for a preview; of the others only the number is told. */
const PREVIEWED_MAX = 100;
const READ_AT_ONCE = 5;
/** A preview is as old as this at most; the start reads anew. */
const LOOK_FRESH_MS = 3_000;
const RECORDS_A_READ = 500;
/** Failed steps that are named of one plan. */
const STEPS_NAMED_MAX = 20;

type Preview = WireShape<typeof wire.invalidatePreviewOutput>;

interface Look {
  readonly asOf: EpochMs;
  readonly held: Holdings;
  readonly plans: Preview["plans"];
  readonly envelopes: number;
}

interface Holdings {
  readonly world: World | null;
  readonly locks: readonly { readonly planId: string; readonly lock: AbandonedLock }[];
  readonly otherLocks: number;
  readonly invalidatedBy: string | null;
  readonly executors: readonly World[];
}

/** Two pings, the preview of what an invalidation would do, and its start as a job. */
export function createInvalidationService(deps: {
  readonly clock: Clock;
  readonly jobs: JobStarter;
  readonly operations: Operations;
  readonly newId: () => string;
  readonly log: Logger;
}) {
  const { clock, jobs, operations, log } = deps;
  const probes = createProbes({ clock, onFault: (cause) => log.error("dynflow.probe.not_settled", { cause }) });
  const keyOf = (source: DynflowSource, worldId: string) => `${source.id} ${worldId}`;

  /** Everything the dead world holds, read now. */
  async function holdingsOf(source: DynflowSource, worldId: string): Promise<Holdings> {
    const keys = (await source.store.recordKeys()).filter((key) => isWorldClass(key.class) || key.id !== worldId);
    const records: CoordinatorRecord[] = [];
    for (let start = 0; start < keys.length; start += RECORDS_A_READ) {
      records.push(...(await source.store.records(keys.slice(start, start + RECORDS_A_READ))));
    }
    const owned = records.filter((record) => record.ownerId === worldOwnerId(worldId));
    const own = records.find((record) => record.id === worldId && isWorldClass(record.class));
    const locks = owned.flatMap((record) => heldOf(record) ?? []);
    const invalidation = records.find((record) => record.id === worldInvalidationLockId(worldId));
    return {
      world: own === undefined ? null : worldOf(own),
      locks,
      otherLocks: owned.length - locks.length,
      invalidatedBy: invalidation === undefined ? null : (invalidation.ownerId ?? ""),
      executors: records
        .filter((record) => record.class === EXECUTOR_WORLD_CLASS && record.id !== worldId)
        .flatMap((record) => worldOf(record) ?? [])
        .filter((world) => world.state === "active"),
    };
  }

  /** Why it cannot be invalidated now, most lasting reason first. */
  function refusalsOf(source: DynflowSource, worldId: string, held: Holdings, probe: Probe | null): readonly string[] {
    const acting = actRefusal(source);
    const own = source.commands?.worldId() ?? null;
    const executions = source.commands?.refusal("Execution") ?? null;
    return [
      ...(acting === null ? [] : [acting]),
      ...(acting === null && executions !== null ? [executions] : []),
      ...(held.world === null ? ["It has no record: nothing of it is there to invalidate."] : []),
      ...(worldId === own ? ["It is this console's own world."] : []),
      ...invalidatedWords(held.invalidatedBy, own),
      ...probeRefusal(probe),
      ...(jobs.busy(dynflowStream(source.id)) ? ["Another job of this source is not finished."] : []),
    ];
  }

  async function plansOf(source: DynflowSource, worldId: string, held: Holdings): Promise<Preview["plans"]> {
    const looked = held.locks.slice(0, PREVIEWED_MAX);
    const found: Preview["plans"] = [];
    const invalidatorId = source.commands?.worldId() ?? "";
    for (let start = 0; start < looked.length; start += READ_AT_ONCE) {
      const part = looked.slice(start, start + READ_AT_ONCE);
      const plans = await Promise.all(part.map(({ planId }) => source.store.plan(planId)));
      for (const [index, { planId, lock }] of part.entries()) {
        const plan = plans[index] ?? null;
        const pair = { deadWorldId: worldId, invalidatorId, now: clock.now() };
        found.push(previewOf(planId, lock, plan, pair, held.executors.length > 0));
      }
    }
    return found;
  }

  /** What is looked at every second while somebody waits for two pings is read every few. */
  const looks = new Map<string, { readonly until: MonotonicMs; readonly look: Promise<Look> }>();

  async function lookAt(source: DynflowSource, worldId: string): Promise<Look> {
    const held = await holdingsOf(source, worldId);
    const plans = await plansOf(source, worldId, held);
    const waiting = await source.store.envelopes(worldId, 1);
    const envelopes = waiting.receivers.find(({ receiverId }) => receiverId === worldId)?.count ?? 0;
    return { asOf: clock.now(), held, plans, envelopes };
  }

  function recentLook(source: DynflowSource, worldId: string): Promise<Look> {
    const key = keyOf(source, worldId);
    const now = clock.monotonic();
    const known = looks.get(key);
    if (known !== undefined && known.until > now) return known.look;
    for (const [other, { until }] of looks) if (until <= now) looks.delete(other);
    const look = lookAt(source, worldId);
    looks.set(key, { until: monotonicMs(now + LOOK_FRESH_MS), look });
    look.catch(() => looks.delete(key));
    return look;
  }

  const starts = createOneStart<{ journalId: string; jobId: string }>("Another job of this source is being started.");

  async function begin(
    caller: Caller,
    source: DynflowSource,
    input: WireIn<typeof wire.invalidateInput>,
  ): Promise<{ journalId: string; jobId: string }> {
    const { worldId, expectedPlans, requestId, reason } = input;
    const held = await holdingsOf(source, worldId);
    const probe = probes.of(keyOf(source, worldId));
    const refusals = refusalsOf(source, worldId, held, probe);
    if (refusals.length > 0) throw new OpsError("refused", refusals[0] ?? "Refused", { reasons: [...refusals] });
    const { world } = held;
    if (world === null) throw new OpsError("not-found", `No world ${worldId} in ${source.id}`);
    if (held.locks.length !== expectedPlans) {
      const moved = `It holds ${held.locks.length} plans now, not ${expectedPlans}: look again`;
      throw new OpsError("conflict", moved, { reasons: [moved] });
    }
    const stream = dynflowStream(source.id);
    const actor = toActor(caller, reason);
    const facts = { action: INVALIDATE_KIND, stream, target: worldId, expected: { plans: expectedPlans } };
    const jobId = deps.newId();
    const frozen: readonly FrozenLock[] = held.locks;
    await operations.perform(
      { requestId, actor, facts, terms: termsOf(input) },
      () =>
        jobs.start({
          id: jobId,
          facts: {
            kind: INVALIDATE_KIND,
            title: `Invalidate ${world.hostname ?? worldId} of ${source.title}`,
            stream,
            target: worldId,
            requestedBy: caller.principal.id,
            requestId,
          },
          total: held.locks.length,
          params: invalidateParams({ sourceId: source.id, worldId, lastSeenText: world.lastSeenText, actor }),
          bookmark: null,
          frozen: frozen as unknown as readonly JsonValue[],
        }),
      () => `job ${jobId}`,
    );
    probes.spend(keyOf(source, worldId));
    return { journalId: requestId, jobId };
  }

  return {
    /** Begins two pings of 30 s each, and answers at once. @throws OpsError `refused`, `not-found` */
    async probe(
      caller: Caller,
      source: DynflowSource,
      input: WireIn<typeof wire.probeInput>,
    ): WireOut<typeof wire.probeOutput> {
      const { worldId, requestId, reason } = input;
      const refusal = actRefusal(source);
      if (refusal !== null) throw new OpsError("refused", refusal, { reasons: [refusal] });
      const { world } = await holdingsOf(source, worldId);
      if (world === null) throw new OpsError("not-found", `No world ${worldId} in ${source.id}`);
      const facts = { action: PROBE_ACTION, stream: dynflowStream(source.id), target: worldId, expected: null };
      const operation: OperationRequest = { requestId, actor: toActor(caller, reason), facts };
      const present = probes.of(keyOf(source, worldId));
      const isUnderWay = present?.state === "pinging" || present?.state === "waiting";
      if (present !== null && (isUnderWay || present.requestId === requestId)) {
        return { journalId: present.requestId, probe: toProbeView(present) };
      }
      await operations.request(operation);
      const ping = async () => {
        const commands = source.commands?.worlds() ?? null;
        if (commands === null) throw new OpsError("refused", actRefusal(source) ?? NOT_ACTING);
        return commands.ping(worldId, requestId, PROBE_PING_MS);
      };
      const probe = probes.begin(keyOf(source, worldId), requestId, ping, (end) => {
        // What was read meanwhile has our own ping among the envelopes that wait.
        looks.delete(keyOf(source, worldId));
        return operations.settle(operation, end.state === "failed" ? "failed" : "verified", probeWords(end));
      });
      return { journalId: requestId, probe: toProbeView(probe) };
    },

    async preview(source: DynflowSource, worldId: string): WireOut<typeof wire.invalidatePreviewOutput> {
      const { asOf, held, plans, envelopes } = await recentLook(source, worldId);
      const probe = probes.of(keyOf(source, worldId));
      const fates: Record<string, number> = {};
      for (const { fate } of plans) fates[fate] = (fates[fate] ?? 0) + 1;
      return {
        ...observedAt(asOf, [source]),
        worldId,
        executor: held.world?.kind === "executor",
        hostname: held.world?.hostname ?? null,
        probe: probe === null ? null : toProbeView(probe),
        refusals: [...refusalsOf(source, worldId, held, probe)],
        plans: [...plans],
        planCount: held.locks.length,
        fates,
        executors: held.executors.map(({ id, hostname }) => ({ id, hostname })),
        otherLocks: held.otherLocks,
        envelopes,
        warnings: warningsOf(held, fates),
      };
    },

    async start(
      caller: Caller,
      source: DynflowSource,
      input: WireIn<typeof wire.invalidateInput>,
    ): WireOut<typeof wire.invalidateOutput> {
      const started = jobs.startedBy(input.requestId);
      if (started !== null) return { journalId: input.requestId, jobId: started };
      return starts.run(source.id, input.requestId, () => begin(caller, source, input));
    },
  };
}

function heldOf(record: CoordinatorRecord): { readonly planId: string; readonly lock: AbandonedLock } | null {
  const planId = record.id.slice(planLockId("").length);
  if (record.class === PLANNING_LOCK_CLASS) return { planId, lock: "planning" };
  return record.class === EXECUTION_LOCK_CLASS ? { planId, lock: "execution" } : null;
}

function invalidatedWords(heldBy: string | null, own: string | null): readonly string[] {
  if (heldBy === null || (own !== null && heldBy === worldOwnerId(own))) return [];
  return [`Somebody else is invalidating it: ${heldBy}`];
}

function probeRefusal(probe: Probe | null): readonly string[] {
  switch (probe?.state) {
    case "silent":
      return [];
    case "answered":
      return ["It answered a ping: it lives."];
    case "failed":
      return [`It could not be pinged: ${probe.note ?? "unknown"}`];
    case "pinging":
    case "waiting":
      return ["It is being pinged: two silent pings of 30 s are needed."];
    case undefined:
      return ["It has not failed two pings of 30 s yet."];
  }
}

const probeWords = (probe: Probe): string =>
  probe.note ?? `No answer to ${probe.pings.length} pings of ${PROBE_PING_MS / 1_000} s each`;

const toProbeView = (probe: Probe): WireShape<typeof wire.probeView> => ({
  state: probe.state,
  startedAt: toIso(probe.startedAt),
  pings: probe.pings.map(({ at, waitedMs, roundTripMs }) => ({ at: toIso(at), waitedMs, roundTripMs })),
  nextAt: probe.nextAt === null ? null : toIso(probe.nextAt),
  goodUntil: probe.goodUntil === null ? null : toIso(probe.goodUntil),
  note: probe.note,
});

function previewOf(
  planId: string,
  lock: AbandonedLock,
  plan: PlanRecord | null,
  pair: Parameters<typeof abandon>[2],
  canExecute: boolean,
): Preview["plans"][number] {
  const outcome =
    plan === null ? ({ loadable: false, reason: "the plan is missing" } as const) : abandon(plan, lock, pair);
  const fate: PlanFate = fateOf(outcome, lock, canExecute);
  return {
    planId,
    lock,
    label: plan?.head.label ?? null,
    state: plan?.head.state ?? null,
    fate,
    words: fateWords(fate),
    failedStepIds: outcome.loadable ? outcome.abandonment.failedStepIds.slice(0, STEPS_NAMED_MAX) : [],
    reason: outcome.loadable ? null : outcome.reason,
  };
}

function warningsOf(held: Holdings, fates: Readonly<Record<string, number>>): string[] {
  const handedOn = (fates["taken-over"] ?? 0) + (fates["planned-and-executed"] ?? 0);
  return [
    "The simplest and safest is to start or restart an executor: Dynflow itself then does all of this, with the application's hooks.",
    "Hooks of the application do not run for what Worldline writes: task records and resource locks that hang on them may have to be put right there.",
    "Should the world be alive after all (blocked, or in a long pause), its executor ends itself within 15 s, while another may already be running its plans.",
    ...(handedOn > 0 && held.executors.length === 0
      ? ["No other executor is active: nobody goes on with its plans."]
      : []),
    ...((fates["paused-with-error"] ?? 0) > 0
      ? ["Which rescue strategy the actions have only their classes know: plans with an error stay paused."]
      : []),
    ...(held.locks.length > PREVIEWED_MAX
      ? [`Only the first ${PREVIEWED_MAX} of its ${held.locks.length} plans were looked at for this preview.`]
      : []),
  ];
}
