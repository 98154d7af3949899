/** What is known of the console's own parts at one moment, ready to be drawn. Pure. */
import type { StreamFamily, StreamName } from "#server/contract/event.ts";
import { familyOf } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { LiveState, StreamSample } from "#server/contract/live.ts";
import type { ReaderState } from "#server/contract/readers.ts";
import { sourceOf } from "#server/contract/view/need.ts";
import type { ArchitectureOutput } from "#server/contract/wire/admin-architecture.ts";
import { lookOf, TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import type { Rates } from "./rates.ts";

/** One system that is read, or all of one kind where there are many. */
export interface Seat {
  readonly key: string;
  readonly label: string;
  readonly family: StreamFamily;
  readonly streams: readonly StreamName[];
  /** How it answers, worst first. */
  readonly tone: Tone;
  readonly word: string;
  /** How its readers fare; `null` = nobody told. */
  readonly readers: Tone | null;
  /** Its last good read: the oldest of several. */
  readonly sample: Pick<StreamSample, "asOf" | "readMs"> | null;
  readonly eventsPerSecond: number | null;
}

export interface ArchitectureView {
  readonly seats: readonly Seat[];
  readonly rates: Rates | null;
  readonly figures: ArchitectureOutput | null;
  readonly jobsAtWork: number;
  /** Actions of operators by how far they came, of those that are remembered. */
  readonly operations: Readonly<Partial<Record<OperationPhase, number>>>;
  readonly parked: number;
  readonly hasAgents: boolean;
}

/** More systems than this are drawn by kind. */
const SEATS_MAX = 8;
const FAMILY_WORDS: Readonly<Record<StreamFamily, string>> = {
  dna: "DNA clusters",
  dynflow: "Dynflow databases",
  haf: "HAF stacks",
  ingest: "agents",
  operator: "operators",
  console: "console",
};

interface Part {
  readonly stream: string | null;
  readonly state: ReaderState;
}

interface Known {
  readonly live: Pick<LiveState, "folds" | "samples">;
  /** `null` = of the past, or not told yet. */
  readonly figures: ArchitectureOutput | null;
  readonly rates: Rates | null;
  readonly parts: readonly Part[];
}

export function architectureView({ live: { folds, samples }, figures, rates, parts }: Known): ArchitectureView {
  const upstreams = Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "operator" || fold.family === "console"
      ? []
      : [{ stream, family: fold.family, source: fold.source }],
  );
  const one = upstreams.map(({ stream, family, source }): Seat => {
    const state = source.state;
    return {
      key: `source ${stream}`,
      label: family === "ingest" ? "agents" : sourceOf(stream),
      family,
      streams: [stream],
      tone: lookOf("source", state).tone,
      word: state,
      readers: readersTone(parts, [stream]),
      sample: samples[stream] ?? null,
      eventsPerSecond: rates?.streams[stream] ?? null,
    };
  });
  const sorted = one.toSorted((a, b) => rank(a.family) - rank(b.family) || (a.key < b.key ? -1 : 1));
  const operator = operatorOf(folds);
  return {
    seats: sorted.length > SEATS_MAX ? byFamily(sorted, parts) : sorted,
    rates,
    figures,
    jobsAtWork: operator.jobs.filter((state) => state === "running" || state === "waiting").length,
    operations: operator.phases,
    parked: parts.filter(({ state }) => state === "parked").length,
    hasAgents: upstreams.some(({ family }) => family === "ingest"),
  };
}

const ORDER: readonly StreamFamily[] = ["dna", "dynflow", "haf", "ingest", "operator", "console"];
const rank = (family: StreamFamily): number => ORDER.indexOf(family);

const worst = (tones: readonly Tone[]): Tone => TONES_WORST_FIRST.find((tone) => tones.includes(tone)) ?? "unknown";

function readersTone(parts: readonly Part[], streams: readonly string[]): Tone | null {
  const mine = parts.filter(({ stream }) => stream !== null && streams.includes(stream));
  return mine.length === 0 ? null : worst(mine.map(({ state }) => lookOf("reader", state).tone));
}

function byFamily(seats: readonly Seat[], parts: readonly Part[]): readonly Seat[] {
  return [...new Set(seats.map(({ family }) => family))].map((family): Seat => {
    const mine = seats.filter((seat) => seat.family === family);
    const streams = mine.flatMap((seat) => seat.streams);
    const up = mine.filter(({ word }) => word === "up").length;
    const rates = mine.flatMap(({ eventsPerSecond }) => (eventsPerSecond === null ? [] : [eventsPerSecond]));
    const oldest = mine
      .flatMap(({ sample }) => (sample === null ? [] : [sample]))
      .toSorted((a, b) => a.asOf - b.asOf)[0];
    return {
      key: `family ${family}`,
      label: `${mine.length} ${FAMILY_WORDS[family]}`,
      family,
      streams,
      tone: worst(mine.map(({ tone }) => tone)),
      word: up === mine.length ? "up" : `${up} of ${mine.length} up`,
      readers: readersTone(parts, streams),
      sample: oldest ?? null,
      eventsPerSecond: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0),
    };
  });
}

function operatorOf(folds: Folds): {
  readonly jobs: readonly string[];
  readonly phases: Readonly<Partial<Record<OperationPhase, number>>>;
} {
  for (const [stream, fold] of Object.entries(folds)) {
    if (familyOf(stream) !== "operator" || fold.family !== "operator") continue;
    const phases: Partial<Record<OperationPhase, number>> = {};
    for (const { phase } of fold.operations) phases[phase] = (phases[phase] ?? 0) + 1;
    return { jobs: Object.values(fold.jobs).map(({ state }) => state), phases };
  }
  return { jobs: [], phases: {} };
}
