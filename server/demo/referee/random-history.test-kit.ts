/** Histories by their numbers: the same number is the same history, for ever and everywhere. */
import { type Random, streamOf } from "#server/demo/dna/random.ts";
import { type History, type Outcome, playHistory } from "./history.test-kit.ts";
import { MISHAPS, type Mishap } from "./mishaps.test-kit.ts";
import { RESIDUALS, type Residual } from "./register.ts";

const MISHAPS_MAX = 4;
const FIRST_MS = 3_000;
const LAST_MS = 70_000;
const LENGTHS_MS = [90_000, 130_000, 180_000] as const;
/** Pauses that decide: within a peer's patience and the owner's cache, near its end, and beyond it. */
const DURATIONS_MS = [15_000, 40_000, 90_000] as const;

export function historyOf(seed: number): History {
  const random = streamOf(seed, "history");
  const pick = <T>(from: readonly [T, ...T[]]): T => from[random.below(from.length)] ?? from[0];
  return {
    seed,
    mishaps: Array.from({ length: random.below(MISHAPS_MAX + 1) }, () => mishapOf(random)),
    lengthMs: pick(LENGTHS_MS),
    beam: random.chance(0.5),
    walksAlways: random.chance(0.04),
    operator: {
      failsOver: pick(["not", "release", "claim", "mixed"]),
      haste: "patient",
      stops: random.chance(0.4),
      troubles: random.chance(0.4),
    },
  };
}

function mishapOf(random: Random): Mishap {
  return {
    kind: MISHAPS[random.below(MISHAPS.length)] ?? MISHAPS[0],
    atMs: Math.floor(random.between(FIRST_MS, LAST_MS)),
    forMs: random.chance(0.5)
      ? (DURATIONS_MS[random.below(DURATIONS_MS.length)] ?? DURATIONS_MS[0])
      : Math.floor(random.between(500, 110_000)),
    node: random.below(3),
  };
}

/** What a range of histories had in it; numbers add up. */
export interface Figures {
  histories: number;
  released: number;
  claimed: number;
  stopped: number;
  resumed: number;
  /** Doubles that DNA makes by itself. */
  takenOver: number;
  /** Keys that DNA takes from owners that run. */
  falseDeaths: number;
  unfoundedByName: number;
  /** Doubled keys that were told in time. */
  reported: number;
  /** Doubles by a release or claim that the console could not have foreseen, by why. */
  readonly residual: Record<Residual, number>;
}

export const noFigures = (): Figures => ({
  ...{
    histories: 0,
    released: 0,
    claimed: 0,
    stopped: 0,
    resumed: 0,
    takenOver: 0,
    falseDeaths: 0,
    unfoundedByName: 0,
    reported: 0,
  },
  residual: { "hung-worker": 0, "suspended-vm": 0, "just-woken": 0, "second-vm": 0 },
});

/** Figures of an earlier run, read from disk, added to others. */
export function addFigures(figures: Figures, more: Partial<Figures>): Figures {
  const { residual, ...counts } = figures;
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) figures[name] += more[name] ?? 0;
  for (const name of RESIDUALS) residual[name] += more.residual?.[name] ?? 0;
  return figures;
}

/** What is wrong with a history, as sentences; its figures are added to `figures`. */
export async function judgeHistory(history: History, figures: Figures = noFigures()): Promise<readonly string[]> {
  const outcome = await playHistory(history);
  const { operator, referee } = outcome;
  figures.histories += 1;
  figures.released += operator.released;
  figures.claimed += operator.claimed;
  figures.stopped += operator.stopped;
  figures.resumed += operator.resumed;
  figures.unfoundedByName += outcome.unfoundedByName;
  figures.reported += outcome.reported;
  figures.falseDeaths += referee.falseDeaths();
  const faults = [...outcome.lies, ...outcome.unfounded, ...outcome.misreported];
  for (const double of referee.doubleOwners) {
    if (double.cause === "taken-over" || double.cause === "other") figures.takenOver += 1;
    else if (double.residual !== null) figures.residual[double.residual] += 1;
    else faults.push(`at ${double.at}: ${double.key} is served by ${double.serving} too, ${double.cause} from it`);
  }
  return [...faults, ...unseenWith(history, outcome)];
}

/** With access to the nodes a worker that hangs is seen. */
function unseenWith({ beam }: History, { referee }: Outcome): readonly string[] {
  if (!beam) return [];
  return referee.doubleOwners
    .filter(({ residual }) => residual === "hung-worker")
    .map(({ at, key, serving }) => `at ${at}: ${key} was taken from ${serving}, which answers`);
}
