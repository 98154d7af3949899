import type { EventActor } from "#server/contract/event.ts";
import type { JobEnd, JobKind, JobWork, TargetOutcome, TargetOutcomeKind } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";
import { settleJobRequest, toJobActor } from "#server/operations/tell.ts";
import { type AbandonedLock, fateWords, type InvalidationPair } from "./domain/invalidation.ts";
import type { CoordinatorRecord, PlanRecord } from "./domain/model.ts";
import {
  CLIENT_WORLD_CLASS,
  EXECUTION_LOCK_CLASS,
  EXECUTOR_WORLD_CLASS,
  PLANNING_LOCK_CLASS,
  planLockId,
  worldOf,
} from "./domain/records.ts";
import type { DynflowStore } from "./ports.ts";
import type { WorldCommands } from "./world-commands.ts";

export const INVALIDATE_KIND = "dynflow.worlds.invalidate";

/** A last sign of life is asked for before anything is written; its inbox has been silent for a minute by then. */
const LAST_PING_MS = 5_000;
/** Pause before something that could not be had is tried again. */
const RETRY_MS = 1_000;
/** A world that goes on taking locks is alive, whatever it answers. */
const ROUNDS_MAX = 5;
const WRITING_NOTE = "being written; should the console have ended meanwhile, its lock and its history will tell";

export interface InvalidateParams {
  readonly sourceId: string;
  readonly worldId: string;
  /** `last_seen` of its record when it was judged dead: a living executor writes it every 15 s. */
  readonly lastSeenText: string | null;
  readonly actor: EventActor;
}

export const invalidateParams = ({ sourceId, worldId, lastSeenText, actor }: InvalidateParams): JsonObject => ({
  sourceId,
  worldId,
  lastSeenText,
  actor: toJobActor(actor),
});

/** One lock of the dead world, as it was frozen. */
export interface FrozenLock {
  readonly planId: string;
  readonly lock: AbandonedLock;
}

/** How a source is reached by the job; `worlds` is `null` while nothing can be sent to it. */
export interface InvalidationSource {
  readonly store: Pick<DynflowStore, "records" | "plan">;
  worlds(): WorldCommands | null;
  refusal(): string | null;
  /** What is written to this plan follows from this request. */
  took?(planId: string, causedBy: string): void;
}

/**
 * Invalidates one dead world. All that is written can be written again: a console that was killed goes on
 * where the database says it was. It stops, and says after how much, as soon as the world shows a sign of life.
 */
export function createInvalidateKind(deps: {
  readonly sourceOf: (sourceId: string) => InvalidationSource | null;
  readonly operations: Pick<Operations, "known" | "settle">;
  readonly clock: Clock;
  readonly log: Logger;
}): JobKind {
  return {
    kind: INVALIDATE_KIND,
    async run(work): Promise<JobEnd> {
      const params = work.params as unknown as InvalidateParams;
      const source = deps.sourceOf(params.sourceId);
      if (source === null) return { state: "failed", note: `The source ${params.sourceId} does not act any more` };
      const end = await createInvalidationRun({ ...deps, work, params, source }).run();
      if (!work.signal.aborted) await verify(work, end);
      return end;
    },
  };

  async function verify(work: JobWork, end: JobEnd): Promise<void> {
    const { requestId } = work.facts;
    await settleJobRequest(
      deps,
      { job: work.id, requestId, verified: end.state === "done", found: end.note },
      "dynflow.invalidation.not_verified",
    );
  }
}

interface RunDeps {
  readonly work: JobWork;
  readonly params: InvalidateParams;
  readonly source: InvalidationSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The world lives, or somebody else is at it: nothing more is written. */
class Stopped extends Error {}

function createInvalidationRun({ work, params, source, clock, log }: RunDeps) {
  const { signal } = work;
  const deadWorldId = params.worldId;
  const causedBy = work.facts.requestId;
  let pair: InvalidationPair | null = null;
  let executors: readonly string[] = [];
  let turn = 0;
  let walked = 0;
  let deactivated = false;

  async function run(): Promise<JobEnd> {
    try {
      return await invalidate();
    } catch (cause) {
      if (cause instanceof Stopped)
        return { state: "stopped", note: `${cause.message}. ${doneSoFar()}${leftInactive()}` };
      throw cause;
    } finally {
      // Between two lives the world is anybody's to invalidate; ours is taken again when the job goes on.
      await giveUp();
    }
  }

  async function invalidate(): Promise<JobEnd> {
    const before = await patiently(() => recordOf());
    if (before !== null) await refuseLiving();
    const own = { deadWorldId, invalidatorId: (await ready()).worldId() ?? "" };
    if (own.invalidatorId === deadWorldId) throw new Stopped("It is our own world");
    const begun = await ask(({ writes }) => writes.begin(own));
    if (!begun.begun) throw new Stopped(`Somebody else is invalidating it: ${begun.heldBy}`);
    pair = own;
    await settleFrozen();
    executors = await ask((commands) => commands.answeringExecutors(deadWorldId, causedBy));
    const envelopes = await rounds(own, before !== null);
    pair = null;
    await work.checkpoint({ outcomes: [], bookmark: { step: "finished" } });
    work.pace({ walked, walkedAll: true });
    const inbox = envelopes === 0 ? "" : `; ${envelopes} waiting ${envelopes === 1 ? "envelope" : "envelopes"} deleted`;
    return { state: "done", note: `The world is invalidated: ${doneSoFar()}${inbox}` };
  }

  /** All it held, until it holds nothing: one that lives takes new locks. */
  async function rounds(own: InvalidationPair, hasRecord: boolean): Promise<number> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      for (const record of await locksOf("planning")) await one(own, record, "planning");
      const held = await locksOf("execution");
      // Read first, then deactivated: what it takes in between is found in the next round.
      if (hasRecord) {
        await write(({ writes }) => writes.deactivate(own));
        deactivated = true;
      }
      for (const record of held) await one(own, record, "execution");
      await write(({ writes }) => writes.pruneInhibitions(own));
      const end = await write(({ writes }) => writes.finish(own));
      if (end.finished) return end.envelopes;
    }
    throw new Stopped("It goes on taking locks: it is alive");
  }

  async function locksOf(lock: AbandonedLock): Promise<readonly CoordinatorRecord[]> {
    const lockClass = lock === "planning" ? PLANNING_LOCK_CLASS : EXECUTION_LOCK_CLASS;
    const held = await ask(({ writes }) => writes.heldLocks(deadWorldId));
    return held.filter((record) => record.class === lockClass);
  }

  async function one(own: InvalidationPair, record: CoordinatorRecord, lock: AbandonedLock): Promise<void> {
    signal.throwIfAborted();
    await refuseBeating();
    const planId = record.id.slice(planLockId("").length);
    const execution = await executionOf(record, planId);
    await note(planId, "unknown", WRITING_NOTE);
    source.took?.(planId, causedBy);
    const backtrace = [`worldline: world ${own.invalidatorId} invalidated world ${deadWorldId}, which did not answer`];
    const outcome = await write(({ writes }) =>
      writes.abandon({ ...own, planId, lock, now: clock.now(), backtrace, execution }),
    );
    if (outcome.applied) await note(planId, "applied", wordsOf(outcome));
    else if (outcome.why === "lock-gone") await noteByEvidence(planId, lock);
    else {
      await note(planId, "failed", outcome.reason);
      throw new Stopped(`Plan ${planId}: ${outcome.reason}. Starting an executor of Dynflow does what is left`);
    }
    walked += 1;
    work.pace({ walked, walkedAll: false });
  }

  /** Whom to ask to go on with the plan, in turn; `null` = nobody answers. */
  async function executionOf(record: CoordinatorRecord, planId: string) {
    const executorId = executors[turn % Math.max(1, executors.length)];
    turn += 1;
    if (executorId === undefined) return null;
    const envelope = await ask((commands) => commands.executionOf(record, planId, executorId));
    return envelope === null ? null : { executorId, envelope };
  }

  /** Plans that an earlier life was about to write, and whose lock is gone. */
  async function settleFrozen(): Promise<void> {
    const held = new Set((await ask(({ writes }) => writes.heldLocks(deadWorldId))).map(({ id }) => id));
    for (const target of await work.frozen(0, FROZEN_MAX)) {
      const { planId, lock } = target as unknown as FrozenLock;
      if (held.has(planLockId(planId))) continue;
      const known = await work.outcome(planId);
      if (known === null || known.note === WRITING_NOTE) await noteByEvidence(planId, lock);
    }
  }

  /** The lock is gone, and the answer of whoever removed it did not reach us: the plan tells whether it was us. */
  async function noteByEvidence(planId: string, lock: AbandonedLock): Promise<void> {
    const plan = await patiently(() => source.store.plan(planId));
    const words = evidenceOf(plan, lock, deadWorldId);
    if (words === null) await note(planId, "moved", "its lock was gone: somebody else released it");
    else await note(planId, "applied", words);
  }

  const note = (key: string, outcome: TargetOutcomeKind, words: string): Promise<void> =>
    work.checkpoint({
      outcomes: [{ key, outcome, note: words, at: clock.now() } satisfies TargetOutcome],
      bookmark: { step: "plans" },
    });

  function doneSoFar(): string {
    const { applied, moved } = work.counts();
    const plans = `${applied} ${applied === 1 ? "plan was" : "plans were"} taken from it`;
    return moved === 0 ? plans : `${plans}, ${moved} had been released by somebody else`;
  }

  /** A heartbeat does not set it active again: only a new start does. */
  const leftInactive = (): string =>
    deactivated ? "; its record was set inactive: should it live, it gets no new plans until it is restarted" : "";

  async function recordOf(): Promise<CoordinatorRecord | null> {
    const classes = [EXECUTOR_WORLD_CLASS, CLIENT_WORLD_CLASS];
    const [record] = await source.store.records(classes.map((name) => ({ class: name, id: deadWorldId })));
    return record ?? null;
  }

  /** It answers now, though it did not when it was judged. */
  async function refuseLiving(): Promise<void> {
    const answer = await ask((commands) => commands.ping(deadWorldId, causedBy, LAST_PING_MS));
    if (answer.answered) throw new Stopped(`It answered a ping in ${answer.roundTripMs} ms: it is alive`);
    await refuseBeating();
  }

  async function refuseBeating(): Promise<void> {
    const record = await patiently(() => recordOf());
    const text = record === null ? null : (worldOf(record)?.lastSeenText ?? null);
    if (record === null || text === params.lastSeenText) return;
    throw new Stopped(`Its heartbeat was written meanwhile (${text ?? "nothing"}): it is alive`);
  }

  /** A write that finds our lock gone ends it all; a database that does not answer is waited for. */
  async function write<T>(act: (commands: WorldCommands) => Promise<T>): Promise<T> {
    try {
      return await ask(act);
    } catch (cause) {
      if (cause instanceof OpsError && cause.code === "conflict") throw new Stopped(messageOf(cause));
      throw cause;
    }
  }

  /** Every read and write here can be made twice. */
  async function patiently<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      try {
        const answer = await act();
        await work.setWaiting(null);
        return answer;
      } catch (cause) {
        if (!(cause instanceof OpsError) || !WAITED_FOR.has(cause.code)) throw cause;
        log.info("dynflow.invalidation.waits", { job: work.id, cause });
        await wait(messageOf(cause));
      }
    }
  }

  const ask = <T>(act: (commands: WorldCommands) => Promise<T>): Promise<T> =>
    patiently(async () => act(await ready()));

  async function ready(): Promise<WorldCommands> {
    for (;;) {
      signal.throwIfAborted();
      const commands = source.worlds();
      const refusal = source.refusal();
      if (commands !== null && refusal === null && commands.worldId() !== null) return commands;
      await wait(refusal ?? "Worldline's own world is not open at present");
    }
  }

  async function wait(words: string): Promise<void> {
    await work.setWaiting(words);
    await clock.sleep(RETRY_MS, signal);
  }

  async function giveUp(): Promise<void> {
    if (pair === null) return;
    try {
      await source.worlds()?.writes.giveUp(pair);
    } catch (cause) {
      log.warn("dynflow.invalidation.lock_left", { job: work.id, cause });
    }
  }

  return { run };
}

const FROZEN_MAX = 10_000;
const WAITED_FOR: ReadonlySet<string> = new Set(["upstream-unavailable", "refused"]);

function wordsOf(outcome: {
  readonly fate: Parameters<typeof fateWords>[0];
  readonly failedStepIds: readonly number[];
  readonly reason: string | null;
}): string {
  const words = fateWords(outcome.fate);
  if (outcome.reason !== null) return `${words}: ${outcome.reason}`;
  const [first, ...others] = outcome.failedStepIds;
  if (first === undefined) return words;
  return `${words}; ${others.length === 0 ? `step ${first}` : `steps ${[first, ...others].slice(0, 10).join(", ")}`} had been running`;
}

/** Whether the plan shows what an invalidation of this world leaves; `null` = it does not. */
function evidenceOf(plan: PlanRecord | null, lock: AbandonedLock, deadWorldId: string): string | null {
  if (plan === null) return "only its locks were removed: the plan is missing";
  if (lock === "planning") return plan.head.state === "planning" ? null : `it is ${plan.head.state} by now`;
  const entries = plan.history.ok ? plan.history.value : [];
  const terminated = entries.some((entry) => entry.name === "terminate execution" && entry.worldId === deadWorldId);
  return terminated ? `its execution by the dead world was ended; it is ${plan.head.state} by now` : null;
}
