/** When nothing could be seen: the source was away, or no console was running. */
import { CONSOLE_STREAM, type JournalEvent, type StreamName } from "#server/contract/event.ts";
import type { BlindSpot } from "#server/contract/wire/journal.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import type { Journal } from "./ports.ts";
import { ANY } from "./sight.ts";

/** Comings and goings within one page of a history. */
const CHANGES_MAX = 500;

interface Stretch {
  readonly from: EpochMs;
  /** `null` = until now. */
  readonly to: EpochMs | null;
}

interface Spot extends Stretch {
  readonly why: string;
}

/** Newest first. @param stream of the source; `null` = only the console counts */
export async function blindSpots(
  journal: Pick<Journal, "range">,
  stream: StreamName | null,
  within: Stretch,
): Promise<BlindSpot[]> {
  const [source, console] = await Promise.all([
    stream === null ? [] : sourceSpots(journal, stream, within),
    consoleSpots(journal, within),
  ]);
  return [...source, ...console]
    .filter(({ from, to }) => (to === null || to > within.from) && (within.to === null || from < within.to))
    .sort((a, b) => b.from - a.from)
    .map(({ from, to, why }) => ({ from: toIso(from), to: to === null ? null : toIso(to), why }));
}

/** Events of these kinds within the stretch, oldest first, and the one before and after it. */
async function changes(
  journal: Pick<Journal, "range">,
  query: { readonly streams: readonly StreamName[]; readonly kinds: readonly string[] },
  { from, to }: Stretch,
): Promise<readonly JournalEvent[]> {
  const [before, during, after] = await Promise.all([
    journal.range({ ...ANY, ...query, to: epochMs(from - 1) }),
    journal.range({ ...ANY, ...query, from, to, limit: CHANGES_MAX }),
    to === null ? null : journal.range({ ...ANY, ...query, from: epochMs(to + 1), newestFirst: false }),
  ]);
  return [...(after?.events ?? []), ...during.events, ...before.events].toReversed();
}

async function sourceSpots(
  journal: Pick<Journal, "range">,
  stream: StreamName,
  within: Stretch,
): Promise<readonly Spot[]> {
  const found = await changes(journal, { streams: [stream], kinds: ["source.state_changed"] }, within);
  const spots: Spot[] = [];
  for (const [index, event] of found.entries()) {
    if (event.kind !== "source.state_changed" || event.body.to === "up") continue;
    const why = event.body.to === "down" ? "the source was away" : "the source was not read yet";
    spots.push({ from: event.observedAt, to: found[index + 1]?.observedAt ?? null, why });
  }
  return spots;
}

const OFF = "no console was running";

async function consoleSpots(journal: Pick<Journal, "range">, within: Stretch): Promise<readonly Spot[]> {
  const query = { streams: [CONSOLE_STREAM], kinds: ["console.started", "console.stopped"] };
  const found = await changes(journal, query, within);
  const spots: Spot[] = [];
  for (const [index, event] of found.entries()) {
    const before = found[index - 1];
    if (event.kind === "console.stopped") {
      spots.push({ from: event.observedAt, to: found[index + 1]?.observedAt ?? null, why: OFF });
    } else if (before?.kind === "console.started") {
      const last = await lastBefore(journal, event);
      if (last !== null) spots.push({ from: last, to: event.observedAt, why: `${OFF}: it ended without saying so` });
    }
  }
  return spots;
}

/** When the last event was seen before a console started. */
async function lastBefore(journal: Pick<Journal, "range">, started: JournalEvent): Promise<EpochMs | null> {
  const { events } = await journal.range({ ...ANY, to: epochMs(started.observedAt - 1) });
  return events[0]?.observedAt ?? null;
}
