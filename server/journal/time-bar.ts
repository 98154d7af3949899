/** What the time bar asks for: what stands out in a stretch of time, and the event next to an instant. */
import type { JournalEvent } from "#server/contract/event.ts";
import { markOf } from "#server/contract/view/marks.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { MARK_TERM } from "./domain/terms.ts";
import type { Journal } from "./ports.ts";
import { ANY, readSeen, type Sight, toEpoch } from "./sight.ts";

type BarJournal = Pick<Journal, "range">;

export async function marksOf(
  journal: BarJournal,
  sight: Sight,
  { from, to, limit }: WireIn<typeof wire.marksInput>,
): WireOut<typeof wire.marksOutput> {
  const streams = sight.queried;
  const query = { ...ANY, streams, term: MARK_TERM, from: toEpoch(from), to: toEpoch(to), limit };
  const [page, oldest] = await Promise.all([
    readSeen(journal, sight, query),
    readSeen(journal, sight, { ...ANY, streams, newestFirst: false }),
  ]);
  const first = oldest.events[0]?.observedAt ?? null;
  return {
    marks: page.events.toReversed().flatMap(toMark),
    more: page.nextCursor !== null,
    first: first === null ? null : toIso(first),
    horizon: page.horizon === null ? null : toIso(page.horizon),
  };
}

/** Judged anew: an older version may have let something else stand out. */
function toMark(event: JournalEvent) {
  const what = markOf(event);
  const { id, stream, observedAt, kind, subject } = event;
  return what === null ? [] : [{ id, stream, at: toIso(observedAt), what, kind, subject }];
}

export async function stepFrom(
  journal: BarJournal,
  sight: Sight,
  { at, direction, what }: WireIn<typeof wire.stepInput>,
): WireOut<typeof wire.stepOutput> {
  const instant = toEpoch(at);
  const isPrevious = direction === "previous";
  const query = {
    ...ANY,
    streams: sight.queried,
    ...(what === "marks" ? { term: MARK_TERM } : {}),
    from: isPrevious ? null : epochMs(instant + 1),
    to: isPrevious ? epochMs(instant - 1) : null,
    newestFirst: isPrevious,
  };
  const { events } = await readSeen(journal, sight, query);
  const [event] = events;
  return { event: event === undefined ? null : sight.shown(event) };
}
