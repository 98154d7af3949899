/** A history as its rows: what happened, newest first, and between it what nobody could see. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { HistoryOutput } from "#server/contract/wire/journal.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

/** What a job did to the thing: told by the job, which keeps it for every key, also for those that nobody watched. */
export interface JobOutcome {
  readonly jobId: string;
  readonly title: string;
  readonly of: string;
  readonly requestedBy: string;
  readonly requestId: string;
  readonly outcome: "applied" | "moved" | "failed" | "unknown";
  readonly at: string;
}

export type TimelineRow =
  | { readonly kind: "event"; readonly at: EpochMs; readonly event: JournalEvent }
  | { readonly kind: "job"; readonly at: EpochMs; readonly outcome: JobOutcome }
  /** Nothing is known between the two; `null` = before all that is kept, or until now. */
  | {
      readonly kind: "not-known";
      readonly at: EpochMs;
      readonly from: EpochMs | null;
      readonly to: EpochMs | null;
      readonly why: string;
    };

const WATCH_BEGINS = "nobody looked at it here, so its owner was not read";
const BETWEEN_READS = "its owner was read at the one instant and at the other, not between";
const UNREAD = "it could not be read";

type Page = Pick<HistoryOutput, "events" | "blindSpots">;

/**
 * @param pages as they were read, newest first; an event that two of them hold counts once
 * @param outcomes of jobs on it, in any order
 * @param whole whether there is nothing older to read: only then outcomes older than the last event have their place
 */
export function timelineRows(
  pages: readonly Page[],
  outcomes: readonly JobOutcome[],
  whole: boolean,
): readonly TimelineRow[] {
  const events = distinct(pages.flatMap((page) => page.events));
  const oldest = events.at(-1)?.observedAt ?? null;
  const told = new Set(events.flatMap((event) => (isOurs(event) ? [event.body.jobId] : [])));
  const rows: TimelineRow[] = [
    ...events.map((event): TimelineRow => ({ kind: "event", at: event.observedAt, event })),
    ...spots(pages),
    ...ownerGaps(events, whole),
    ...outcomes.flatMap((outcome): TimelineRow[] => {
      const at = parseInstant(outcome.at);
      if (at === null || (outcome.outcome === "applied" && told.has(outcome.jobId))) return [];
      return whole || (oldest !== null && at >= oldest) ? [{ kind: "job", at, outcome }] : [];
    }),
  ];
  return rows.sort((a, b) => b.at - a.at || RANK[a.kind] - RANK[b.kind]);
}

/** Of what is told of one instant: what was seen then comes before, in the list above, what was not known until then. */
const RANK = { event: 0, job: 1, "not-known": 2 } as const;

function distinct(events: readonly JournalEvent[]): readonly JournalEvent[] {
  const seen = new Set<string>();
  return events.filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

const NEVER = Number.MAX_SAFE_INTEGER as EpochMs;
const notKnown = (from: EpochMs | null, to: EpochMs | null, why: string): TimelineRow => ({
  kind: "not-known",
  at: to ?? NEVER,
  from,
  to,
  why,
});

function spots(pages: readonly Page[]): readonly TimelineRow[] {
  const seen = new Set<string>();
  return pages
    .flatMap(({ blindSpots }) => blindSpots)
    .flatMap(({ from, to, why }) => {
      const key = `${from} ${to} ${why}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [notKnown(parseInstant(from), to === null ? null : parseInstant(to), why)];
    });
}

/** What the events of an actor's owners say of the time between them. Newest first, as given. */
function ownerGaps(events: readonly JournalEvent[], whole: boolean): readonly TimelineRow[] {
  const gaps: TimelineRow[] = [];
  let seenLater: EpochMs | null = null;
  for (const event of events) {
    switch (event.kind) {
      case "dna.actor.owner_changed":
        gaps.push(notKnown(event.body.notKnownFrom, event.observedAt, BETWEEN_READS));
        break;
      case "dna.actor.seen":
        if (event.body.notKnownFrom !== null) gaps.push(notKnown(event.body.notKnownFrom, event.observedAt, UNREAD));
        break;
      case "dna.actor.unwatched":
        // Where it was seen again with its own account of the interval, that stands.
        if (seenLater === null || !accounted(gaps, seenLater))
          gaps.push(notKnown(event.body.lastReadAt, seenLater, event.body.reason));
        break;
      default:
        continue;
    }
    seenLater = event.observedAt;
  }
  const first = whole ? events.findLast((event) => event.kind === "dna.actor.seen") : undefined;
  const isFirst = first !== undefined && !gaps.some((gap) => gap.at === first.observedAt);
  return isFirst ? [...gaps, notKnown(null, first.observedAt, WATCH_BEGINS)] : gaps;
}

const accounted = (gaps: readonly TimelineRow[], at: EpochMs): boolean => gaps.some((gap) => gap.at === at);

/** A key that a job of this console changed. */
const isOurs = (
  event: JournalEvent,
): event is Extract<JournalEvent, { kind: "dna.actor.released" | "dna.actor.claimed" }> =>
  event.kind === "dna.actor.released" || event.kind === "dna.actor.claimed";
