/** What a client that comes back with a cursor has missed. */
import { type LiveCursor, type Positions, parseCursor } from "#server/contract/cursor.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { Journal } from "#server/journal/ports.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { distance, type EventRing } from "./event-ring.ts";

export interface BacklogSource {
  readonly ring: EventRing;
  readonly journal: Pick<Journal, "after">;
  readonly log: Logger;
  /** More than this is cheaper as a snapshot. */
  readonly eventsMax: number;
}

/** Where a client stands that may go on from there; `null` when only a snapshot will do. */
export function resumable(text: string | null, scope: string, now: Positions, eventsMax: number): LiveCursor | null {
  const cursor = text === null ? null : parseCursor(text);
  if (cursor === null || cursor.scope !== scope) return null;
  for (const [stream, { epoch, seq }] of Object.entries(cursor.positions)) {
    const position = now[stream];
    // Another epoch: another history under the same numbers. A number ahead of ours: a history that we lost.
    if (position === undefined || position.epoch !== epoch || BigInt(seq) > BigInt(position.seq)) return null;
  }
  return distance(cursor.positions, now) <= BigInt(eventsMax) ? cursor : null;
}

/** Every event behind `from` up to `to`, in order within each stream; `null` when they cannot all be had. */
export async function missedBetween(
  from: Positions,
  to: Positions,
  { ring, journal, log }: BacklogSource,
): Promise<readonly JournalEvent[] | null> {
  const recent = ring.between(from, to);
  if (recent !== null) return recent;
  try {
    const parts = await Promise.all(
      Object.entries(to).map(([stream, { seq }]) => missedOf(journal, stream, from[stream]?.seq ?? "0", seq)),
    );
    return parts.every((part) => part !== null) ? parts.flat() : null;
  } catch (cause) {
    // Retention has dropped what the client missed: nothing is wrong, it gets a snapshot.
    const level = cause instanceof OpsError && cause.code === "not-found" ? "debug" : "warn";
    log[level]("live.backlog.not_read", { cause: messageOf(cause) });
    return null;
  }
}

async function missedOf(
  journal: Pick<Journal, "after">,
  stream: string,
  from: string,
  to: string,
): Promise<readonly JournalEvent[] | null> {
  const count = Number(BigInt(to) - BigInt(from));
  if (count === 0) return [];
  const events = await journal.after(stream, from, count);
  const isWhole =
    events.length === count && events.at(0)?.seq === String(BigInt(from) + 1n) && events.at(-1)?.seq === to;
  return isWhole ? events : null;
}
