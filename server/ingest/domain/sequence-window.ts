/**
 * Which numbers of one boot of one agent have come: everything up to the highest, but for holes. Numbers that were had are
 * duplicates, numbers of a hole come late and close it, holes that stay are gaps.
 */

/** Numbers that have not come. Where holes were thrown together `missing` is less than the range is long. */
export interface Hole {
  readonly from: number;
  readonly to: number;
  readonly missing: number;
  /** Received time of the item behind it, epoch ms. */
  readonly since: number;
  /** It was told as a gap. */
  readonly told: boolean;
}

export interface SequenceWindow {
  /** Highest number that has come; 0 = none. */
  readonly high: number;
  /** In rising order. */
  readonly holes: readonly Hole[];
}

export const EMPTY_WINDOW: SequenceWindow = { high: 0, holes: [] };

/**
 * A window that begins just before this number: for a boot whose earlier numbers another gateway may have taken. None of
 * them is missing, and none is taken for a duplicate when it comes here after all.
 */
export const windowFrom = (seq: number): SequenceWindow => ({
  high: seq - 1,
  holes: seq > 1 ? [{ from: 1, to: seq - 1, missing: 0, since: 0, told: true }] : [],
});

/**
 * Holes of one boot that are told apart. Beyond them the two oldest become one: what came between them is then taken once
 * more when it comes again, and nothing that never came is taken for a duplicate.
 */
export const HOLES_MAX = 128;

export interface Observed {
  readonly window: SequenceWindow;
  /** False: it was had before. */
  readonly fresh: boolean;
}

/** @param seq from 1 */
export function observe(window: SequenceWindow, seq: number, receivedAt: number): Observed {
  if (seq > window.high) {
    const missing = seq - window.high - 1;
    if (missing === 0) return { window: { high: seq, holes: window.holes }, fresh: true };
    const hole: Hole = { from: window.high + 1, to: seq - 1, missing, since: receivedAt, told: false };
    return { window: { high: seq, holes: bounded([...window.holes, hole]) }, fresh: true };
  }
  const index = window.holes.findIndex(({ from, to }) => from <= seq && seq <= to);
  const hole = window.holes[index];
  if (hole === undefined) return { window, fresh: false };
  const holes = bounded(window.holes.toSpliced(index, 1, ...without(hole, seq)));
  return { window: { high: window.high, holes }, fresh: true };
}

/** Numbers that have not come up to now. */
export const missingOf = ({ holes }: SequenceWindow): number =>
  holes.reduce((total, { missing }) => total + missing, 0);

/** Holes that opened before and were not told yet, and the window in which they are. */
export function gapsDue(
  window: SequenceWindow,
  openedBefore: number,
  limit: number,
): { readonly window: SequenceWindow; readonly gaps: readonly Hole[] } {
  const gaps = window.holes
    .filter(({ told, since, missing }) => !told && missing > 0 && since <= openedBefore)
    .slice(0, limit);
  if (gaps.length === 0) return { window, gaps };
  const due = new Set(gaps);
  const holes = window.holes.map((hole) => (due.has(hole) ? { ...hole, told: true } : hole));
  return { window: { high: window.high, holes }, gaps };
}

function without(hole: Hole, seq: number): readonly Hole[] {
  // Where holes were thrown together nobody knows which numbers are missing: it stays as it is, and only the count falls.
  if (isLoose(hole)) return [{ ...hole, missing: Math.max(0, hole.missing - 1) }];
  const parts = [
    { ...hole, to: seq - 1, missing: seq - hole.from },
    { ...hole, from: seq + 1, missing: hole.to - seq },
  ];
  return parts.filter(({ missing }) => missing > 0);
}

const isLoose = ({ from, to, missing }: Hole): boolean => missing < to - from + 1;

function bounded(holes: readonly Hole[]): readonly Hole[] {
  const [first, second, ...rest] = holes;
  if (holes.length <= HOLES_MAX || first === undefined || second === undefined) return holes;
  const both = { from: first.from, to: second.to, missing: first.missing + second.missing, since: first.since };
  return [{ ...both, told: first.told && second.told }, ...rest];
}

/** Numbers of one boot that have come to one gateway: from 1 to `high`, but for these ranges. */
export interface SeenRange {
  readonly high: number;
  /** First and last number each, rising. */
  readonly but: readonly (readonly [from: number, to: number])[];
}

/** Ranges told of one window; what is below the oldest of them counts as not seen. */
const SEEN_RANGES_MAX = 32;

export function seenOf({ high, holes }: SequenceWindow): SeenRange {
  const kept = holes.slice(-SEEN_RANGES_MAX);
  const below = holes.length > kept.length ? [[1, (kept[0]?.from ?? high) - 1] as const] : [];
  return { high, but: [...below, ...kept.map(({ from, to }) => [from, to] as const)] };
}

type Range = readonly [from: number, to: number];

/** What of a range has come to none of these. */
export function notSeen(range: Range, seen: readonly SeenRange[]): readonly Range[] {
  return seen.reduce<readonly Range[]>(
    (left, { high, but }) => {
      const missed = [...but, [high + 1, Number.MAX_SAFE_INTEGER] as const];
      return left.flatMap(([from, to]) =>
        missed.flatMap(([first, last]): readonly Range[] => {
          const both: Range = [Math.max(from, first), Math.min(to, last)];
          return both[0] <= both[1] ? [both] : [];
        }),
      );
    },
    [range],
  );
}

/** As text for a store. */
export const windowText = ({ high, holes }: SequenceWindow): string =>
  JSON.stringify([high, holes.map(({ from, to, missing, since, told }) => [from, to, missing, since, told ? 1 : 0])]);

/** @throws Error when the text is of something else */
export function parseWindow(text: string): SequenceWindow {
  const [high, holes] = JSON.parse(text) as readonly unknown[];
  if (typeof high !== "number" || !Array.isArray(holes)) throw new Error(`not a window: ${text.slice(0, 80)}`);
  return { high, holes: holes.map(parseHole) };
}

function parseHole(value: unknown): Hole {
  const [from, to, missing, since, told] = Array.isArray(value) ? value : [];
  return { from: Number(from), to: Number(to), missing: Number(missing), since: Number(since), told: told === 1 };
}
