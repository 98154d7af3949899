/** The history of one thing: what was seen of it, what was done to it, and when nothing could be seen. */
import { canSee } from "#server/auth/permissions.ts";
import { type JournalEvent, OPERATOR_STREAM } from "#server/contract/event.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { findEvent } from "./around.ts";
import { blindSpots } from "./blind-spots.ts";
import { parseRangeCursor } from "./codec/range-cursor.ts";
import { newestFirst } from "./domain/order.ts";
import { type HistoryPart, partsOf, streamOfThing } from "./history-parts.ts";
import type { Journal } from "./ports.ts";
import { ANY, cursorAfter, readSeen, type SeenPage, type Sight } from "./sight.ts";

type HistoryJournal = Pick<Journal, "range" | "byId">;

/** @throws OpsError `not-found` for a source that the caller may not see, `invalid-input` for a cursor that is none */
export async function historyOf(
  journal: HistoryJournal,
  sight: Sight,
  { thing, limit, cursor }: WireIn<typeof wire.historyInput>,
): WireOut<typeof wire.historyOutput> {
  const source = thing.type === "source" ? (thing.source ?? thing.id) : thing.source;
  if (source !== null && !canSee(sight.caller.principal, source))
    throw new OpsError("not-found", `No source ${source}`);
  const behind = cursor === null ? null : parseRangeCursor(cursor);
  if (cursor !== null && behind === null) throw new OpsError("invalid-input", "The cursor is not one of this list");
  const parts = await partsOf(journal, sight, thing);
  const pages = await Promise.all(parts.map((part) => readPart(journal, sight, part, { limit, cursor })));
  const merged = merge(pages.map(({ events }) => events));
  const page = merged.slice(0, limit);
  const last = page.at(-1);
  const hasMore = merged.length > limit || pages.some(({ nextCursor }) => nextCursor !== null);
  const events = merge([page, await companionsOf(journal, sight, page)]);
  const horizons = pages.flatMap(({ horizon }) => horizon ?? []);
  const spots =
    last === undefined
      ? []
      : await blindSpots(journal, streamOfThing(sight, thing), {
          from: last.observedAt,
          to: behind === null ? null : behind.observedAt,
        });
  return {
    events: events.map(sight.shown),
    nextCursor: hasMore && last !== undefined ? cursorAfter(last) : null,
    blindSpots: spots,
    horizon: horizons.length === 0 ? null : toIso(epochMs(Math.max(...horizons))),
  };
}

function readPart(
  journal: HistoryJournal,
  sight: Sight,
  { query, keeps }: HistoryPart,
  page: { readonly limit: number; readonly cursor: string | null },
): Promise<SeenPage> {
  return readSeen(journal, sight, { ...ANY, ...query, ...page }, keeps);
}

/** Newest first, each event once. */
function merge(lists: readonly (readonly JournalEvent[])[]): readonly JournalEvent[] {
  const byPlace = new Map(lists.flat().map((event) => [`${event.stream} ${event.seq}`, event]));
  return [...byPlace.values()].sort(newestFirst);
}

/** What belongs to these events though it is about something else: the job that released a key or gave it away, who asked for a job. */
async function companionsOf(
  journal: HistoryJournal,
  sight: Sight,
  events: readonly JournalEvent[],
): Promise<readonly JournalEvent[]> {
  const found = await Promise.all([
    ...[...new Set(events.flatMap(releasingJobOf))].map((jobId) => jobCreated(journal, sight, jobId)),
    ...[...new Set(events.flatMap(requestOfJob))].map((id) => findEvent(journal, sight, id)),
  ]);
  return found.flatMap((event) => (event === null ? [] : [event]));
}

const releasingJobOf = (event: JournalEvent): readonly string[] =>
  event.kind === "dna.actor.released" || event.kind === "dna.actor.claimed" ? [event.body.jobId] : [];

const requestOfJob = (event: JournalEvent): readonly string[] =>
  event.kind === "job.created" && event.causedBy !== null ? [event.causedBy] : [];

async function jobCreated(journal: HistoryJournal, sight: Sight, jobId: string): Promise<JournalEvent | null> {
  const query = { ...ANY, streams: [OPERATOR_STREAM], subject: jobId, kinds: ["job.created"] };
  const page = await readSeen(journal, sight, query);
  return page.events[0] ?? null;
}
