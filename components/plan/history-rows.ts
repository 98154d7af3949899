/** What Dynflow wrote of a plan's runs, and the locks that are seen on it, in one order of time. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import type { HistoryOutput, LockView } from "./types.ts";

export interface HistoryRow {
  readonly key: string;
  readonly atMs: number | null;
  /** Since the entry before, of either kind; `null` = it is the first, or one of them has no time. */
  readonly afterMs: number | null;
  /** As Dynflow wrote it, or `null` for a lock that this console saw. */
  readonly name: string | null;
  readonly lock: LockView | null;
  readonly worldId: string | null;
  /** What such an entry means; `null` = a name that nobody told us of. */
  readonly meaning: string | null;
}

/**
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb, lib/dynflow/director.rb, lib/dynflow/delayed_plan.rb,
 * lib/dynflow/world/invalidation.rb. The set is open.
 */
const MEANINGS: Readonly<Record<string, string>> = {
  delay: "scheduled for later",
  "start execution": "an executor began, or went on after a pause",
  "pause execution": "a step failed, or the executor stopped",
  "finish execution": "it came to its end, or was halted",
  "terminate execution": "its executor was found dead, and it was taken from it",
  "Delayed task cancelled": "cancelled before it started",
  timeout: "its latest start had passed",
  "failed-dependency": "a plan that it waited for failed",
};

export function historyRows(entries: HistoryOutput["entries"], locks: readonly LockView[]): readonly HistoryRow[] {
  const written = entries.map(({ at, name, worldId }, index) => ({
    key: `entry ${index}`,
    atMs: parseInstant(at),
    name,
    lock: null,
    worldId,
    meaning: Object.hasOwn(MEANINGS, name) ? (MEANINGS[name] ?? null) : null,
  }));
  const seen = locks.map((lock) => ({
    key: `lock ${lock.class} ${lock.id}`,
    atMs: parseInstant(lock.seenSince),
    name: null,
    lock,
    worldId: lock.worldId,
    meaning: null,
  }));
  // Entries keep their own order, also where clocks of worlds differ; a lock stands before the first that is later.
  const rows: Omit<HistoryRow, "afterMs">[] = [...written];
  for (const lock of seen.toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0))) {
    const before = rows.findIndex(({ atMs }) => atMs !== null && lock.atMs !== null && atMs > lock.atMs);
    rows.splice(before === -1 ? rows.length : before, 0, lock);
  }
  return rows.map((row, index) => {
    const previous = rows[index - 1]?.atMs ?? null;
    return { ...row, afterMs: row.atMs === null || previous === null ? null : row.atMs - previous };
  });
}
