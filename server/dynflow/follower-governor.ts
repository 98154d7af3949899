import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";

/**
 * The share of a database's time that following it may take while nobody asks for anything: a hundredth. What the looks
 * may take of it, what the lap is left in any case, and a rest for what our own world asks (its record, its inbox).
 */
export const IDLE_SHARE_MAX = 0.01;
const LOOKS_SHARE_MAX = 0.007;
const LAP_SHARE_MIN = 0.002;
const OWN_WORLD_SHARE = 0.001;
/** The first lap over a table, and looks that others' messages call for: not idle, but bounded all the same. */
const BUSY_SHARE_MAX = 0.05;

/** Records and plans are looked at this often, unless that were too much. */
export const LOOK_INTERVAL_MS = 2_000;
/** Hints come in swarms: looks keep this distance. */
const HINT_INTERVAL_MS = 500;
/** Slower than this a follower would not be one: it is told, and reached only by a database that hardly answers. */
const LOOK_INTERVAL_MAX_MS = 20_000;
const LAP_INTERVAL_MAX_MS = 120_000;

/** What is remembered of each kind of read. */
const REMEMBERED = 30;
const FORGOTTEN_AFTER_MS = 60_000;
const ENOUGH_TO_JUDGE = 5;

/** `records` and `plans` are the two looks; `lap` one slice of the lap. What somebody asked for is not governed. */
export type GovernedRead = "records" | "plans" | "lap";

/**
 * Keeps the follower's own reading under a hundredth of the database's time: the lap slows down first, then the looks.
 * The rest follows from the intervals it gives; nothing is ever left out.
 */
export interface ReadGovernor {
  /** One look or slice has ended, for so much of the database's time. */
  paid(kind: GovernedRead, costMs: number): void;
  /** From one look at the records to the next. */
  lookIntervalMs(): number;
  /** The same where hints call for it. */
  hintIntervalMs(): number;
  /** From one slice of the lap to the next, at least `wantedMs`. */
  lapIntervalMs(wantedMs: number, lap: "first" | "later"): number;
}

interface Paid {
  readonly at: MonotonicMs;
  readonly costMs: number;
}

export function createReadGovernor({ clock }: { readonly clock: Pick<Clock, "monotonic"> }): ReadGovernor {
  const paid: Record<GovernedRead, readonly Paid[]> = { records: [], plans: [], lap: [] };

  /**
   * What a read of this kind costs the database when our own machine is not busy: of the recent ones that which a quarter
   * of them did not exceed. A database that is slow is slow in all of them; what we were late in reading, we were in some.
   */
  function costMs(kind: GovernedRead): number {
    const since = clock.monotonic() - FORGOTTEN_AFTER_MS;
    const recent = paid[kind].filter(({ at }, index, all) => at >= since || index === all.length - 1);
    const costs = recent.map((read) => read.costMs).toSorted((a, b) => a - b);
    return costs[costs.length >> 2] ?? 0;
  }

  /** The first looks of all are those of a machine that starts: nothing is judged by them. */
  const looksMs = (): number => (paid.records.length < ENOUGH_TO_JUDGE ? 0 : costMs("records") + costMs("plans"));
  const lookIntervalMs = (): number =>
    Math.min(LOOK_INTERVAL_MAX_MS, Math.max(LOOK_INTERVAL_MS, looksMs() / LOOKS_SHARE_MAX));

  return {
    paid(kind, cost) {
      paid[kind] = [...paid[kind], { at: clock.monotonic(), costMs: cost }].slice(-REMEMBERED);
    },
    lookIntervalMs,
    hintIntervalMs: () => Math.min(lookIntervalMs(), Math.max(HINT_INTERVAL_MS, looksMs() / BUSY_SHARE_MAX)),
    lapIntervalMs(wantedMs, lap) {
      const left = IDLE_SHARE_MAX - OWN_WORLD_SHARE - looksMs() / lookIntervalMs();
      const share = lap === "first" ? BUSY_SHARE_MAX : Math.max(LAP_SHARE_MIN, left);
      return Math.min(LAP_INTERVAL_MAX_MS, Math.max(wantedMs, costMs("lap") / share));
    },
  };
}
