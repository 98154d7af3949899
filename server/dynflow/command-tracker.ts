import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import { judgeCommand } from "./command-evidence.ts";
import { awaitRepliesTo } from "./command-replies.ts";
import { isAnswered, type MessageReplies, parseTracked, type TrackedCommand } from "./command-sent.ts";
import {
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  type Lock,
  lockOf,
  planLockId,
} from "./domain/records.ts";
import type { DynflowStore, EnvelopeHandle } from "./ports.ts";
import type { Observed, Verdict } from "./resume-evidence.ts";

/** More commands than this are not waited for at once: a bound on what each tick reads. */
const OPEN_MAX = 100;
const TICK_MS = 1_000;
/** An unknown outcome is looked after each second while it is young, then in longer steps, then only by replies. */
const YOUNG_MS = 60_000;
const OLD_TICK_MS = 15_000;
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** Follows commands until evidence has settled them, also those of an earlier life of the console. */
export interface CommandTracker {
  /** Takes up what an earlier life left behind. Before our world empties its inbox for the first time. */
  load(): Promise<void>;
  /** Durable when it resolves; nothing may be sent before. Held until `release`: its owner looks after it. */
  track(tracked: TrackedCommand): Promise<void>;
  stored(operationId: string, handles: readonly EnvelopeHandle[]): Promise<void>;
  /** Resolves with the next reply to it, or after this time. */
  reply(operationId: string, timeoutMs: number): Promise<void>;
  /** Whether anything came back for each message. */
  hasReplies(operationId: string): boolean;
  /** Takes the message back if nobody has read it yet; true = it is, and the operation is settled as failed. */
  withdraw(operationId: string): Promise<boolean>;
  /** Reads the evidence and journals what it says. Answers the phase it is in then. */
  settle(operationId: string): Promise<OperationPhase>;
  /** It turned out that nothing was sent. */
  drop(operationId: string): Promise<void>;
  release(operationId: string): void;
  isTracked(operationId: string): boolean;
  /** Commands that are not settled yet. */
  openCount(): number;
  run(signal: AbortSignal): Promise<void>;
}

export interface CommandTrackerOptions {
  readonly sourceId: string;
  /** Where open commands are kept beside the journal: one tracker each. */
  readonly namespace: string;
  readonly store: Pick<DynflowStore, "plan" | "records">;
  readonly world: ClientWorld;
  readonly state: StateStore;
  readonly operations: Pick<Operations, "known" | "settle">;
  /** Told of a command as soon as evidence says that it was done, before that is journalled: a change may be seen meanwhile. */
  readonly evident?: (tracked: TrackedCommand) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Open {
  tracked: TrackedCommand;
  held: boolean;
  lookedAt: EpochMs | null;
  /** One for each message, in their order. */
  readonly replies: readonly MessageReplies[];
  readonly arriving: ReturnType<typeof awaitRepliesTo>;
}

export function createCommandTracker(options: CommandTrackerOptions): CommandTracker {
  const { sourceId, namespace, store, world, state, operations, clock, log } = options;
  const open = new Map<string, Open>();

  const openOf = (operationId: string): Open => {
    const found = open.get(operationId);
    if (found === undefined) throw new OpsError("not-found", `No command is open for request ${operationId}`);
    return found;
  };

  function add(tracked: TrackedCommand, held: boolean): void {
    const ids = tracked.messages.map(({ requestId }) => requestId);
    const arriving = awaitRepliesTo(world, ids, clock);
    const replies = ids.map((): MessageReplies => ({ acceptedAt: null, done: false, failed: null }));
    open.set(tracked.operation.requestId, { tracked, held, lookedAt: null, replies, arriving });
  }

  /** Takes in every reply that has arrived; waits for the first of them at most this long. */
  async function takeReplies({ arriving, replies }: Open, timeoutMs: number): Promise<void> {
    for (let next = await arriving.next(timeoutMs); next !== null; next = arriving.takeArrived()) {
      const { reply, index } = next;
      const told = replies[index];
      if (told === undefined) continue;
      if (reply.type === "Accepted") told.acceptedAt ??= clock.now();
      else if (reply.type === "Done") told.done = true;
      else if (reply.type === "Failed") told.failed ??= reply.error;
    }
  }

  const save = (tracked: TrackedCommand): Promise<void> =>
    state.put(namespace, tracked.operation.requestId, JSON.stringify(tracked));

  async function drop(operationId: string): Promise<void> {
    open.get(operationId)?.arriving.end();
    open.delete(operationId);
    await state.putAll(namespace, [{ key: operationId, value: null }]);
  }

  /** `null` when it could not be read now: then only replies count. */
  async function observe(planId: string): Promise<Observed | null> {
    try {
      const keys = [EXECUTION_LOCK_CLASS, EXECUTION_INHIBITION_LOCK_CLASS].map((name) => ({
        class: name,
        id: planLockId(planId),
      }));
      // First the lock, then the plan: whoever held it then is the only one who can have the plan running now.
      const records = await store.records(keys);
      const plan = await store.plan(planId);
      const locks = records.flatMap((record) => lockOf(record) ?? []);
      const held = (kind: Lock["kind"]) => locks.find((lock) => lock.kind === kind) ?? null;
      return { plan, lock: held("execution"), inhibited: held("inhibition") !== null };
    } catch (cause) {
      log.info("dynflow.evidence.unread", { sourceId, planId, cause });
      return null;
    }
  }

  const phaseOf = (operationId: string): OperationPhase => operations.known(operationId)?.phase ?? "unknown";

  async function settle(operationId: string): Promise<OperationPhase> {
    const entry = openOf(operationId);
    const observed = await observe(entry.tracked.planId);
    await takeReplies(entry, 0);
    entry.lookedAt = clock.now();
    for (;;) {
      const phase = phaseOf(operationId);
      const verdict = judgeCommand(phase, entry.tracked, entry.replies, observed, clock.now());
      if (verdict === null) return phase;
      if (!(await undone(entry, verdict, observed))) return phase;
      await journal(entry, verdict);
      if (FINAL.has(verdict.phase)) {
        await drop(operationId);
        return verdict.phase;
      }
    }
  }

  /** False = what is to be taken back could not be: it is tried again before the verdict is told. */
  async function undone(entry: Open, verdict: Verdict, observed: Observed | null): Promise<boolean> {
    try {
      await undo(entry, verdict, observed);
      return true;
    } catch (cause) {
      log.warn("dynflow.command.not_undone", { sourceId, planId: entry.tracked.planId, cause });
      return false;
    }
  }

  /**
   * A delay that we froze is let go again when nothing was written; a plan that is marked already must stay frozen. The
   * inhibition lock of a plan that is stopped is left behind where the plan stopped by itself.
   */
  async function undo({ tracked }: Open, verdict: Verdict, observed: Observed | null): Promise<void> {
    const { command, planId } = tracked;
    if (command.kind === "hard-halt") {
      const comesToNothing = verdict.phase === "failed" && command.releases;
      if (observed?.inhibited === true && (verdict.phase === "verified" || comesToNothing)) {
        await world.releaseInhibition(planId);
      }
      return;
    }
    if (command.kind !== "halt" || verdict.phase !== "failed" || !command.thaw) return;
    const root = observed?.plan?.steps.find((step) => step.id === command.rootStepId);
    if (root?.state === "pending") await world.freeze(planId, false);
  }

  async function journal(entry: Open, { phase, found, upstream }: Verdict): Promise<void> {
    if (phase === "executed" || phase === "verified") options.evident?.(entry.tracked);
    await operations.settle(entry.tracked.operation, phase, found, upstream);
  }

  async function withdraw(operationId: string): Promise<boolean> {
    const entry = openOf(operationId);
    const { messages, delivered, command } = entry.tracked;
    const taken = delivered || messages.length === 0 || messages.some(({ rowId }) => rowId === null);
    // The halt of a cancel stays: the plan is marked for it already.
    if (command.kind === "skip" || command.kind === "halt" || taken || entry.replies.some(isAnswered)) return false;
    const takeBack = (rowId: number): Promise<boolean> =>
      command.kind === "hard-halt"
        ? world.withdrawHalt({ rowId, planId: entry.tracked.planId, releases: command.releases })
        : world.withdraw({ rowId });
    const withdrawn = await Promise.all(messages.map(({ rowId }) => rowId !== null && takeBack(rowId)));
    if (!withdrawn.every(Boolean)) {
      for (const [index, mine] of withdrawn.entries()) {
        const told = entry.replies[index];
        if (mine && told !== undefined) told.failed ??= "not taken, so it was withdrawn";
      }
      entry.tracked = { ...entry.tracked, delivered: true };
      await save(entry.tracked);
      return false;
    }
    await journal(entry, {
      phase: "failed",
      found: `Executor ${command.executorId} did not take the message: it was withdrawn, nothing was executed`,
    });
    await drop(operationId);
    return true;
  }

  async function lookAfter(operationId: string): Promise<void> {
    const entry = openOf(operationId);
    await takeReplies(entry, 0);
    const now = clock.now();
    const ageMs = now - entry.tracked.sentAt;
    const intervalMs = ageMs <= YOUNG_MS ? 0 : OLD_TICK_MS;
    if (entry.lookedAt !== null && !entry.replies.some(isAnswered) && now - entry.lookedAt < intervalMs) return;
    if (ageMs > GIVE_UP_AFTER_MS) return drop(operationId);
    if (await withdraw(operationId)) return;
    await settle(operationId);
  }

  return {
    async load() {
      for (const { key, value } of await state.list(namespace)) {
        if (FINAL.has(phaseOf(key))) await drop(key);
        else add(parseTracked(value), false);
      }
    },
    async track(tracked) {
      if (open.size >= OPEN_MAX) {
        throw new OpsError("limit-exceeded", `${OPEN_MAX} commands are still unsettled: wait for some of them`);
      }
      await save(tracked);
      add(tracked, true);
    },
    async stored(operationId, handles) {
      const entry = openOf(operationId);
      const messages = entry.tracked.messages.map((message, index) => ({
        ...message,
        rowId: handles[index]?.rowId ?? message.rowId,
      }));
      entry.tracked = { ...entry.tracked, messages };
      await save(entry.tracked);
    },
    reply: (operationId, timeoutMs) => takeReplies(openOf(operationId), timeoutMs),
    hasReplies: (operationId) => openOf(operationId).replies.every(isAnswered),
    withdraw,
    settle,
    drop,
    release(operationId) {
      const entry = open.get(operationId);
      if (entry !== undefined) entry.held = false;
    },
    isTracked: (operationId) => open.has(operationId),
    openCount: () => open.size,
    async run(signal) {
      while (!signal.aborted) {
        for (const [operationId, { held }] of [...open]) {
          if (held || !open.has(operationId)) continue;
          try {
            await lookAfter(operationId);
          } catch (cause) {
            log.warn("dynflow.command.unsettled", { sourceId, operationId, cause });
          }
        }
        await clock.sleep(TICK_MS, signal).catch((cause: unknown) => {
          if (!signal.aborted) throw cause;
        });
      }
    },
  };
}

/** Nothing that comes later is waited for. */
const FINAL: ReadonlySet<OperationPhase> = new Set(["failed", "verified", "unverified", "denied"]);
