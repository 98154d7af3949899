/** A configured receiver with its queues and its own loop: nothing of it can hold up another one. */
import type { ReceiverState } from "#server/contract/agents.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createBell } from "./bell.ts";
import { createDiskQueue } from "./disk-queue.ts";
import { backOffMs, judgeReceiver } from "./domain/receiver-state.ts";
import { createMemoryQueue, type MemoryQueue } from "./memory-queue.ts";
import type { AgentChange, Envelope, Receiver, ReceiverHealth, Spool } from "./ports.ts";
import { type CallFailure, createReceiverCalls, type ReceiverCalls } from "./receiver-call.ts";
import type { ReceiverSettings } from "./settings.ts";

/** Changes of agents that wait for a receiver; the oldest go first. The journal has all of them. */
const CHANGES_MAX = 1_000;
/** Its queue has to empty by a tenth before it says that it takes again. */
const ROOM_AGAIN = 0.9;
/** A call that takes longer has failed: more than a database that is slow, less than anybody would wait for. */
const CALL_TIMEOUT_MS = 30_000;
/** Attempts before what is refused goes to the dead letters. */
const TRIES = 5;

export interface SlotDeps {
  readonly settings: ReceiverSettings;
  open(): Promise<Receiver>;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of one call; 30 s unless told. */
  readonly timeoutMs?: number;
  /** 0 to 1. */
  chance(): number;
  /** A queue that was full takes again. */
  onRoom(): void;
}

export interface ReceiverSlot {
  readonly settings: ReceiverSettings;
  /** Items that it would take now, of those that wait on disk. */
  room(): number;
  /** Holds room for items that are being written. Answers how to let go of it. */
  reserve(items: number): () => void;
  /** An item was refused for want of room. */
  noteFull(): void;
  /** Items were written to disk for it. */
  wake(): void;
  /** For a queue in memory: never blocks. */
  push(items: readonly Envelope[]): void;
  tell(change: AgentChange): void;
  queued(): number;
  delivered(): number;
  health(): ReceiverHealth;
  /** Delivers until aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** What waits in memory, for a successor. */
  takeOver(): readonly Envelope[];
  /** Of the receiver itself; after `run` has ended. Never rejects. */
  close(): Promise<void>;
}

export function createReceiverSlot(deps: SlotDeps): ReceiverSlot {
  const { settings, spool, clock } = deps;
  const disk = createDiskQueue(spool, settings.id);
  const memory: MemoryQueue | null =
    settings.overflow === "block" ? null : createMemoryQueue(settings.queue, settings.overflow);
  const bell = createBell();
  const calls = createReceiverCalls({ ...deps, timeoutMs: deps.timeoutMs ?? CALL_TIMEOUT_MS });
  const told: AgentChange[] = [];
  const counts = { reserved: 0, delivered: 0, deadLettered: 0, lost: 0 };
  let inHand: readonly Envelope[] = [];
  let full = false;
  let failure: string | null = null;
  let stopped = false;
  let state: ReceiverState | null = null;

  const queued = () => disk.queued() + (memory?.queued() ?? 0) + (memory === null ? 0 : inHand.length);
  const room = () => Math.max(0, settings.queue - disk.queued() - counts.reserved);
  const oldestAt = (): EpochMs | null => inHand[0]?.receivedAt ?? disk.oldestAt() ?? memory?.oldestAt() ?? null;

  function freed(): void {
    if (!full || settings.queue - room() > settings.queue * ROOM_AGAIN) return;
    full = false;
    deps.onRoom();
  }

  const delivery = createDelivery({
    ...deps,
    calls,
    failed(reason) {
      failure = reason;
    },
    delivered(items) {
      counts.delivered += items;
    },
    buried(items) {
      counts.deadLettered += items;
    },
    lost(items) {
      counts.lost += items;
    },
  });

  async function step(signal: AbortSignal): Promise<void> {
    if (await tellNext(signal)) return;
    if (queued() === 0) return bell.heard(signal);
    if (settings.flushMs > 0 && queued() < settings.batch) await pause(clock, settings.flushMs, signal);
    const fromDisk = await disk.peek(settings.batch);
    const items = fromDisk.length > 0 ? fromDisk : (memory?.take(settings.batch) ?? []);
    if (items.length === 0) return pause(clock, settings.flushMs + 1, signal);
    inHand = items;
    const isDone = await delivery.deliver(items, signal);
    if (isDone && fromDisk.length > 0) await disk.done(items.length);
    if (isDone) inHand = [];
    freed();
  }

  async function tellNext(signal: AbortSignal): Promise<boolean> {
    const change = told.shift();
    if (change === undefined) return false;
    // Once, and once more: it is in the journal, and what waits behind it is not to wait for it.
    const missed = (await calls.tell(change)) ?? null;
    failure = missed === null || signal.aborted ? null : ((await calls.tell(change))?.reason ?? null);
    return true;
  }

  return {
    settings,
    room,
    reserve(items) {
      counts.reserved += items;
      let held = true;
      return () => {
        if (held) counts.reserved -= items;
        held = false;
      };
    },
    noteFull() {
      full = true;
    },
    wake: () => bell.ring(),
    push(items) {
      memory?.push(items);
      bell.ring();
    },
    tell(change) {
      told.push(change);
      if (told.length > CHANGES_MAX) told.shift();
      bell.ring();
    },
    queued,
    delivered: () => counts.delivered,
    health() {
      const oldest = oldestAt();
      const lagMs = oldest === null || queued() === 0 ? 0 : Math.max(0, clock.now() - oldest);
      state = judgeReceiver(state, { stopped, full, failure, lagMs });
      return {
        id: settings.id,
        use: settings.use,
        overflow: settings.overflow,
        state,
        reason: failure ?? (full ? "Its queue is full" : null),
        queued: queued(),
        capacity: settings.queue,
        lagMs,
        delivered: counts.delivered,
        dropped: (memory?.dropped() ?? 0) + counts.lost,
        deadLettered: counts.deadLettered,
      };
    },
    async run(signal) {
      stopped = false;
      for (let failures = 0; !signal.aborted; ) {
        try {
          await step(signal);
          failures = 0;
        } catch (cause) {
          if (signal.aborted) break;
          failures += 1;
          failure = messageOf(cause);
          deps.log.warn("ingest.receiver.step-failed", { receiver: settings.id, cause: failure });
          await pause(clock, backOffMs(failures, deps.chance()), signal);
        }
      }
      stopped = true;
    },
    takeOver: () => (memory === null ? [] : [...inHand, ...memory.take(settings.queue)]),
    close: () => calls.close(),
  };
}

interface DeliveryDeps extends Pick<SlotDeps, "settings" | "spool" | "clock" | "log" | "chance"> {
  readonly calls: Pick<ReceiverCalls, "receive">;
  failed(reason: string | null): void;
  delivered(items: number): void;
  buried(items: number): void;
  lost(items: number): void;
}

function createDelivery(deps: DeliveryDeps) {
  const { settings, calls, clock, chance } = deps;
  const mayWait = settings.overflow === "block";

  /** Whether all of them are delivered or buried; false when it ended before. */
  async function deliver(items: readonly Envelope[], signal: AbortSignal, tries = TRIES): Promise<boolean> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      const missed = await calls.receive(items, signal);
      deps.failed(missed?.reason ?? null);
      if (missed === null) {
        deps.delivered(items.length);
        return true;
      }
      const isPatient = missed.kind === "away" && mayWait;
      if (!isPatient && failures >= tries) return giveUp(items, missed, signal);
      await pause(clock, backOffMs(failures, chance()), signal);
    }
    return false;
  }

  /** What is refused as a list is tried item by item, so that one of them does not take the others with it. */
  async function giveUp(items: readonly Envelope[], missed: CallFailure, signal: AbortSignal): Promise<boolean> {
    if (items.length === 1 || missed.kind === "away") return bury(items, missed.reason, signal);
    for (const item of items) if (!(await deliver([item], signal, 1))) return false;
    return true;
  }

  async function bury(items: readonly Envelope[], reason: string, signal: AbortSignal): Promise<boolean> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        await deps.spool.bury(settings.id, reason, clock.now(), items);
        deps.buried(items.length);
        return true;
      } catch (cause) {
        deps.log.warn("ingest.receiver.bury-failed", { receiver: settings.id, cause: messageOf(cause) });
        if (!mayWait) {
          deps.lost(items.length);
          return true;
        }
        await pause(clock, backOffMs(failures, chance()), signal);
      }
    }
    return false;
  }

  return { deliver: (items: readonly Envelope[], signal: AbortSignal) => deliver(items, signal) };
}

/** Waits; ends early, and without an error, when aborted. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}
