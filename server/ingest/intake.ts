/** Takes batches in: what was had before is dropped, the rest is durable for who must not lose it, then answered. */
import type { PipelineFacts } from "#server/contract/agents.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Routing } from "./domain/routing.ts";
import { observe, windowText } from "./domain/sequence-window.ts";
import { type SortedBatch, type SortedItem, sortBatch } from "./domain/sort-batch.ts";
import type { Batch, Envelope, Intake, IntakeAnswer, Spool, SpoolEntry } from "./ports.ts";
import type { ReceiverSlot } from "./receiver-slot.ts";
import type { SequenceBook } from "./sequence-book.ts";

/** What is ever promised at once. */
const CREDIT_MAX = 5_000;
/** Batches of one boot that wait for each other. */
const WAITING_PER_BOOT_MAX = 32;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 10_000;

export interface IntakeDeps {
  routing(): Routing;
  slot(id: string): ReceiverSlot | null;
  slots(): readonly ReceiverSlot[];
  readonly spool: Spool;
  readonly book: SequenceBook;
  facts(): PipelineFacts;
  /** Items of a type were accepted. */
  counted(type: string, items: number): void;
  readonly log: Logger;
}

export interface GatewayIntake extends Intake {
  /** A receiver has room again. */
  room(): void;
  /** Does something between batches: those that are under way end before, those that come wait. */
  between(act: () => void): Promise<void>;
  /** Looks whether the spool takes again after it did not. Never rejects. */
  probe(): Promise<void>;
}

interface Sorted {
  readonly batch: Batch;
  readonly sorted: SortedBatch<Envelope>;
  /** Items by receivers that wait on disk. */
  readonly entries: readonly SpoolEntry[];
  readonly needs: ReadonlyMap<ReceiverSlot, number>;
}

export function createIntake(deps: IntakeDeps): GatewayIntake {
  const { book, spool, log } = deps;
  const listeners = new Set<() => void>();
  const tails = new Map<string, Promise<unknown>>();
  const waiting = new Map<string, number>();
  let broken: string | null = null;
  let underWay = 0;
  let gate: Promise<void> = Promise.resolve();
  let drained: (() => void) | null = null;

  function sort(batch: Batch): Sorted {
    const { agentId, bootId, receivedAt } = batch;
    const items = batch.items.map((item): Envelope => ({ ...item, agentId, bootId, receivedAt }));
    const refused = batch.refusedSeqs ?? [];
    const first = Math.min(items[0]?.seq ?? Number.POSITIVE_INFINITY, refused[0] ?? Number.POSITIVE_INFINITY);
    const known = book.windowOf(agentId, bootId, Number.isFinite(first) ? first : 1);
    const before = refused.reduce((window, seq) => observe(window, seq, receivedAt).window, known);
    const rules = { routing: deps.routing(), allowedTypes: batch.scope.types };
    const sorted = sortBatch(items, before, receivedAt, rules);
    const entries = entriesOf(sorted.fresh, (id) => deps.slot(id)?.settings.overflow === "block");
    const needs = new Map<ReceiverSlot, number>();
    for (const { receivers, items: all } of entries) {
      for (const id of receivers) {
        const slot = deps.slot(id);
        if (slot !== null) needs.set(slot, (needs.get(slot) ?? 0) + all.length);
      }
    }
    return { batch, sorted, entries, needs };
  }

  async function takeInTurn(batch: Batch): Promise<IntakeAnswer> {
    await gate;
    underWay += 1;
    try {
      return await takeNow(batch);
    } finally {
      underWay -= 1;
      if (underWay === 0) drained?.();
    }
  }

  async function takeNow(batch: Batch): Promise<IntakeAnswer> {
    const sorted = sort(batch);
    const blocked = [...sorted.needs].filter(([slot, items]) => !fits(slot, items)).map(([slot]) => slot);
    if (blocked.length > 0) {
      for (const slot of blocked) slot.noteFull();
      return { kind: "full", retryAfterMs: retryAfter(blocked) };
    }
    const releases = [...sorted.needs].map(([slot, items]) => slot.reserve(items));
    try {
      if (sorted.entries.length > 0) await write(sorted);
    } catch (cause) {
      return refusal(cause);
    } finally {
      for (const release of releases) release();
    }
    return taken(sorted);
  }

  async function write({ batch, sorted, entries }: Sorted): Promise<void> {
    const { agentId, bootId, receivedAt } = batch;
    await spool.append(entries, { agentId, bootId, window: windowText(sorted.window) }, receivedAt);
    if (broken !== null) mended();
  }

  function refusal(cause: unknown): IntakeAnswer {
    if (cause instanceof OpsError && cause.code === "limit-exceeded") {
      return { kind: "full", retryAfterMs: RETRY_MAX_MS };
    }
    broken = `What is sent cannot be kept: ${messageOf(cause)}`;
    log.warn("ingest.spool.failed", { cause: messageOf(cause) });
    return { kind: "unavailable", reason: broken };
  }

  function taken({ batch, sorted, entries, needs }: Sorted): IntakeAnswer {
    const { fresh, duplicates, rejected, window } = sorted;
    const tally = { accepted: fresh.length, duplicates, rejected: rejected.length + (batch.refusedSeqs?.length ?? 0) };
    book.note(batch.agentId, batch.bootId, window, tally, entries.length > 0);
    for (const slot of needs.keys()) slot.wake();
    for (const { receivers, items } of entriesOf(fresh, (id) => deps.slot(id)?.settings.overflow !== "block")) {
      for (const id of receivers) deps.slot(id)?.push(items);
    }
    for (const [type, count] of countTypes(fresh)) deps.counted(type, count);
    const credit = Math.min(CREDIT_MAX, ...[...needs.keys()].map((slot) => slot.room()));
    return { kind: "taken", accepted: fresh.length, duplicates, rejected, credit };
  }

  function left(key: string): void {
    const others = (waiting.get(key) ?? 1) - 1;
    if (others > 0) waiting.set(key, others);
    else {
      waiting.delete(key);
      tails.delete(key);
    }
  }

  function mended(): void {
    broken = null;
    log.info("ingest.spool.recovered");
    tellRoom();
  }

  function tellRoom(): void {
    for (const listener of [...listeners]) listener();
  }

  return {
    /** Batches of one boot go one after the other: what one of them took decides what is new in the next. */
    async take(batch) {
      const key = `${batch.agentId}\n${batch.bootId}`;
      const ahead = waiting.get(key) ?? 0;
      if (ahead >= WAITING_PER_BOOT_MAX) return { kind: "full", retryAfterMs: RETRY_MIN_MS };
      const before = tails.get(key);
      const turn = before === undefined ? takeInTurn(batch) : before.then(() => takeInTurn(batch));
      waiting.set(key, ahead + 1);
      const end = turn.then(
        () => left(key),
        () => left(key),
      );
      tails.set(key, end);
      return turn;
    },
    credit() {
      if (broken !== null) return 0;
      const blocking = deps.slots().filter(({ settings }) => settings.overflow === "block");
      if (blocking.length === 0) return CREDIT_MAX;
      // One that is full holds up what goes to it, not what goes elsewhere.
      return Math.min(CREDIT_MAX, Math.max(...blocking.map((slot) => slot.room())));
    },
    onCredit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pipeline: () => deps.facts(),
    room: tellRoom,
    async between(act) {
      let open: () => void = () => undefined;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      try {
        if (underWay > 0) {
          await new Promise<void>((resolve) => {
            drained = resolve;
          });
        }
        drained = null;
        act();
      } finally {
        open();
      }
    },
    async probe() {
      if (broken === null) return;
      try {
        await spool.append([], PROBE, PROBED_AT);
        mended();
      } catch (cause) {
        log.debug("ingest.spool.still-failing", { cause: messageOf(cause) });
      }
    },
  };
}

/** A boot that no agent has, written to see whether anything can be. */
const PROBE = { agentId: "", bootId: "", window: "[0,[]]" };
const PROBED_AT = 0 as never;

/** A list that is larger than the whole queue is taken by an empty one: else it could never be sent. */
const fits = (slot: ReceiverSlot, items: number): boolean => items <= slot.room() || slot.room() >= slot.settings.queue;

/** About as long as it takes to empty a tenth of what waits, at a batch each flush. */
function retryAfter(slots: readonly ReceiverSlot[]): number {
  const longest = Math.max(
    ...slots.map(({ settings, queued }) => (queued() / 10 / settings.batch) * Math.max(50, settings.flushMs)),
  );
  return Math.round(Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, longest)));
}

/** Items that go to the same receivers together, of those receivers that are asked for. */
function entriesOf(
  fresh: readonly SortedItem<Envelope>[],
  isAsked: (receiver: string) => boolean,
): readonly SpoolEntry[] {
  const groups = new Map<string, { readonly receivers: readonly string[]; readonly items: Envelope[] }>();
  for (const { item, receivers } of fresh) {
    const asked = receivers.filter(isAsked);
    if (asked.length === 0) continue;
    const key = asked.join("\n");
    const group = groups.get(key) ?? { receivers: asked, items: [] };
    group.items.push(item);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function countTypes(fresh: readonly SortedItem<Envelope>[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { item } of fresh) counts.set(item.type, (counts.get(item.type) ?? 0) + 1);
  return counts;
}
