/** The console's own parts and what passes between them. Pure; numbers of this moment and health are marks. */
import { cutLabel, type Diagram, type DiagramMarks } from "#components/lifecycle/diagram.ts";
import { toPartsDiagram } from "#components/lifecycle/parts-diagram.ts";
import { formatRate } from "#components/pipeline/rate-words.ts";
import { formatAgeMs, formatBytes, formatDurationMs, plural } from "#components/ui/format.ts";
import type { ArchitectureOutput } from "#server/contract/wire/admin-architecture.ts";
import type { Tone } from "#server/kernel/states.ts";
import type { ArchitectureView, Seat } from "./architecture-view.ts";

const READERS: Readonly<Record<Seat["family"], string>> = {
  dna: "readers",
  dynflow: "follower",
  haf: "reader",
  ingest: "ingest gateway",
  operator: "",
  console: "",
};
const readersKey = ({ key }: Pick<Seat, "key">): string => `readers ${key}`;
const wayKey = (from: string, to: string): string => `${from} > ${to}`;

type CallFigures = ArchitectureOutput["calls"]["query"];

/** Drawn from which systems there are, and nothing else. */
export function architectureDiagram(seats: readonly Pick<Seat, "key" | "label" | "family">[]): Diagram {
  const step = (key: string, label = key) => ({ key, label, shape: "step" as const });
  const way = (from: string, to: string, label = "") => ({ key: wayKey(from, to), from, to, label });
  // One end for all: a way back to each system would turn the picture round.
  const actsOnAny = seats.some(({ family }) => family === "dna" || family === "dynflow");
  return toPartsDiagram({
    title: "Parts of this console",
    direction: "LR",
    nodes: [
      ...seats.map(({ key, label, family }) => ({
        key,
        label: cutLabel(label),
        shape: family === "ingest" ? ("end" as const) : ("database" as const),
      })),
      ...seats.map((seat) => step(readersKey(seat), READERS[seat.family])),
      { key: "journal", label: "journal", shape: "database" },
      step("fold"),
      step("hub", "live hub"),
      { key: "browsers", label: "browsers", shape: "end" },
      step("tRPC"),
      step("commands"),
      step("jobs"),
      step("alerts"),
      ...(actsOnAny ? [{ key: "systems", label: "those systems", shape: "end" as const }] : []),
    ],
    edges: [
      ...seats.map((seat) =>
        way(seat.key, readersKey(seat), seat.family === "ingest" ? "items, told" : "took, how long ago"),
      ),
      ...seats.map((seat) => way(readersKey(seat), "journal", "changes")),
      way("journal", "fold", "events"),
      way("fold", "hub", "events"),
      way("hub", "browsers", "feed"),
      way("fold", "tRPC", "queries"),
      way("fold", "alerts", "findings"),
      way("browsers", "tRPC", "asks, acts"),
      way("tRPC", "commands", "actions"),
      way("jobs", "commands", "targets"),
      way("commands", "journal", "first of all"),
      ...(actsOnAny ? [way("commands", "systems", "then sent")] : []),
    ],
  });
}

/** A read that is older than this says that its reader is behind. */
export const LAG_MS = 10_000;

/** @param now by the server's clock; `null` = not known, or of the past */
export function architectureMarks(view: ArchitectureView, now: number | null): DiagramMarks {
  const { seats, rates, figures, jobsAtWork, operations } = view;
  const notes: Record<string, string> = {};
  const live: string[] = [];
  const tones: Record<string, Tone> = {};
  const note = (key: string, text: string | null, moves: boolean): void => {
    if (text !== null) notes[key] = text;
    if (moves) live.push(key);
  };
  for (const seat of seats) {
    const { key, sample, tone, readers, eventsPerSecond } = seat;
    tones[key] = tone;
    if (readers !== null) tones[readersKey(seat)] = isBehind(seat, now) && readers === "good" ? "attention" : readers;
    const look = sample === null ? null : seat.family === "ingest" ? agoText(sample, now) : lookText(sample, now);
    note(wayKey(key, readersKey(seat)), look, tone === "good");
    const rate = eventsPerSecond;
    note(wayKey(readersKey(seat), "journal"), rate === null ? null : formatRate(rate), rate !== null && rate > 0);
  }
  if (rates !== null) {
    note(wayKey("journal", "fold"), formatRate(rates.eventsPerSecond), rates.eventsPerSecond > 0);
    note(wayKey("hub", "browsers"), `${formatBytes(rates.bytesPerSecond)}/s`, rates.bytesPerSecond > 0);
    note(wayKey("fold", "hub"), formatRate(rates.messagesPerSecond), rates.messagesPerSecond > 0);
    const { queriesPerSecond, mutationsPerSecond } = rates;
    const asked = queriesPerSecond + mutationsPerSecond;
    note(wayKey("browsers", "tRPC"), askedText(asked, rates.errorsPerSecond), asked > 0);
    note(wayKey("fold", "tRPC"), callText(queriesPerSecond, figures?.calls.query), queriesPerSecond > 0);
    note(wayKey("tRPC", "commands"), callText(mutationsPerSecond, figures?.calls.mutation), mutationsPerSecond > 0);
  }
  if (figures !== null) {
    const { journal, hub, process } = figures;
    tones.journal = journal.ok ? (journal.writer ? "good" : "waiting") : "failed";
    tones.fold = journal.ok ? "good" : "attention";
    tones.hub = process.loopDelayMs > LOOP_LATE_MS ? "attention" : "good";
    tones.browsers = hub.streams > 0 ? "good" : "idle";
    tones.tRPC = tones.hub;
  }
  tones.jobs = jobsAtWork > 0 ? "working" : "idle";
  if (jobsAtWork > 0) note(wayKey("jobs", "commands"), plural(jobsAtWork, "job"), true);
  const unknown = operations.unknown ?? 0;
  tones.commands = unknown > 0 ? "attention" : "idle";
  if (unknown > 0) notes[wayKey("commands", "journal")] = `${unknown} unknown`;
  return { now: [], passed: [], live, notes, tones };
}

/** Longer than this the loop stood still: what was measured meanwhile cannot be trusted. */
export const LOOP_LATE_MS = 1_000;

const isBehind = ({ sample }: Seat, now: number | null): boolean =>
  now !== null && sample !== null && now - sample.asOf > LAG_MS;

function askedText(perSecond: number, errorsPerSecond: number): string {
  const asked = formatRate(perSecond);
  return errorsPerSecond === 0 ? asked : `${asked}, ${formatRate(errorsPerSecond)} errors`;
}

function callText(perSecond: number, figures: CallFigures | undefined): string {
  const p95Ms = figures?.p95Ms ?? null;
  return p95Ms === null ? formatRate(perSecond) : `${formatRate(perSecond)}, p95 ${formatDurationMs(p95Ms)}`;
}

const agoText = ({ asOf }: { readonly asOf: number }, now: number | null): string | null =>
  now === null ? null : `${formatAgeMs(Math.max(0, now - asOf))} ago`;

function lookText({ asOf, readMs }: { readonly asOf: number; readonly readMs: number }, now: number | null): string {
  const took = formatDurationMs(readMs);
  return now === null ? took : `${took}, ${formatAgeMs(Math.max(0, now - asOf))} ago`;
}
