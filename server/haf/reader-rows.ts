/**
 * The tables that only grow: the log of apps, forks, starts of hived. Each is read from the last row that was told, that
 * row included: where it is not there any more the database was rewound, or is another one.
 */
import type { HafFold } from "#server/contract/fold/haf.ts";
import { hafLogKey } from "#server/contract/fold/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type DecimalText, parseInt64 } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { HafForkRow, HafHivedRow, HafLogRow, HafStore } from "./ports.ts";
import type { HafReads } from "./reader-reads.ts";

/** As many as one read answers at most. */
const PAGE_ROWS = 1_000;
/** Pages of one look while nothing has to be found anew. */
const PAGES_A_LOOK = 5;
/** Pages of one search through a whole table. */
const PAGES_OF_A_SEARCH = 200;
/** Rows that one search finds and tells; beyond it the oldest are left out, and the log says so. */
const FOUND_MAX = 5_000;
/** Of before our first look at a stack only this much of slowness is told. */
const OLD_SLOWNESS_MS = 3_600_000;

const START: DecimalText = "0";
const before = (id: DecimalText): DecimalText => String((parseInt64(id) ?? 1n) - 1n);

export interface NewRows {
  readonly log: readonly HafLogRow[];
  readonly forks: readonly HafForkRow[];
  readonly hived: readonly HafHivedRow[];
}

export interface HafRows {
  /**
   * Rows that were not told yet. The same are given again until `told` was called.
   *
   * @param slow whether forks and starts of hived are read too
   * @throws OpsError of the read that fails
   */
  read(fold: HafFold, now: EpochMs, slow: boolean): Promise<NewRows>;
  told(): void;
  /** They could not be told, or only some of them: the journal knows which. */
  untold(): void;
}

const keyOf = (row: HafLogRow): string => hafLogKey({ ...row, logId: row.id });

export function createHafRows(store: HafStore, reads: HafReads, log: Logger): HafRows {
  let cursor: { readonly id: DecimalText; readonly key: string | null } | null = null;
  let next: { readonly id: DecimalText; readonly key: string | null } | null = null;

  const page = (after: DecimalText) => reads.read("appLog", (signal) => store.appLog(after, signal));

  async function readLog(fold: HafFold, now: EpochMs): Promise<readonly HafLogRow[]> {
    cursor ??= cursorOf(fold);
    if (cursor === null) return search(fold, now);
    const { id, key } = cursor;
    const rows: HafLogRow[] = [];
    let after = key === null ? id : before(id);
    for (let pages = 0; pages < PAGES_A_LOOK; pages += 1) {
      const found = await page(after);
      if (found === null) return [];
      if (pages === 0 && key !== null && (found[0] === undefined || keyOf(found[0]) !== key)) {
        log.warn("haf.reader.log-went-back", { was: key, found: found[0] === undefined ? null : keyOf(found[0]) });
        return search(fold, now);
      }
      rows.push(...(pages === 0 && key !== null ? found.slice(1) : found));
      after = found.at(-1)?.id ?? after;
      if (found.length < PAGE_ROWS) break;
    }
    next = endOf(rows, cursor);
    return rows;
  }

  /** Through the whole log: what comes after the last row that is known, or, where none is, after the last we told. */
  async function search(fold: HafFold, now: EpochMs): Promise<readonly HafLogRow[]> {
    const known = new Set(fold.logTail);
    const newest = newestLogOf(fold);
    let rows: HafLogRow[] = [];
    let met = false;
    let last: HafLogRow | null = null;
    for (let pages = 0, after = START; pages < PAGES_OF_A_SEARCH; pages += 1) {
      const found = await page(after);
      if (found === null) return [];
      for (const row of found) {
        last = row;
        if (known.has(keyOf(row))) [rows, met] = [[], true];
        else if (met || isWorthTelling(row, newest, now)) rows.push(row);
      }
      if (rows.length > 2 * FOUND_MAX) rows = rows.slice(-FOUND_MAX);
      if (found.length < PAGE_ROWS) break;
      after = found.at(-1)?.id ?? after;
    }
    if (rows.length > FOUND_MAX) log.warn("haf.reader.log-cut", { left: rows.length - FOUND_MAX });
    next = last === null ? { id: START, key: null } : { id: last.id, key: keyOf(last) };
    return rows.slice(-FOUND_MAX);
  }

  return {
    async read(fold, now, slow) {
      const rows = await readLog(fold, now);
      if (!slow) return { log: rows, forks: [], hived: [] };
      const forks = await newest(fold.fork?.id ?? null, (after) =>
        reads.read("forks", (signal) => store.forks(after, signal)),
      );
      const hived = await newest(fold.hived?.connectionId ?? null, (after) =>
        reads.read("hivedConnections", (signal) => store.hivedConnections(after, signal)),
      );
      return { log: rows, forks, hived };
    },
    told() {
      if (next !== null) cursor = next;
      next = null;
    },
    untold() {
      [cursor, next] = [null, null];
    },
  };
}

function cursorOf(fold: HafFold) {
  const key = fold.logTail.at(-1);
  const id = key?.split(" ", 1)[0];
  return key === undefined || id === undefined ? null : { id, key };
}

function endOf(rows: readonly HafLogRow[], cursor: { readonly id: DecimalText; readonly key: string | null }) {
  const last = rows.at(-1);
  return last === undefined ? cursor : { id: last.id, key: keyOf(last) };
}

function newestLogOf(fold: HafFold): number | null {
  const instants = fold.facts.flatMap(({ kind, at }) => (kind === "log" ? at : []));
  return instants.length === 0 ? null : Math.max(...instants);
}

function isWorthTelling(row: HafLogRow, newest: number | null, now: EpochMs): boolean {
  if (newest !== null) return row.at > newest;
  return row.event !== "SLOW_PROCESSING" || now - row.at <= OLD_SLOWNESS_MS;
}

/**
 * Rows after the one that is known. Of a table that is read for the first time, and of one that was rewound, the last row
 * only: what was before is history that nobody asks for.
 */
async function newest<T extends { readonly id: DecimalText }>(
  known: DecimalText | null,
  page: (after: DecimalText) => Promise<readonly T[] | null>,
): Promise<readonly T[]> {
  if (known !== null) {
    const found = await page(before(known));
    if (found === null) return [];
    if (found[0]?.id === known) return found.slice(1);
  }
  let last: T | undefined;
  for (let pages = 0, after = START; pages < PAGES_OF_A_SEARCH; pages += 1) {
    const found = await page(after);
    if (found === null) return [];
    last = found.at(-1) ?? last;
    if (found.length < PAGE_ROWS) break;
    after = last?.id ?? after;
  }
  return last === undefined ? [] : [last];
}
