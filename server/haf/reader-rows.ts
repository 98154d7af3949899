/**
 * The tables that only grow: the log of apps, forks, starts of hived. Each is read from the last row that was told, that
 * row included: where it is not there any more the database was rewound, or is another one.
 */
import type { HafFold } from "#server/contract/fold/haf.ts";
import { hafLogKey } from "#server/contract/fold/haf.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { type DecimalText, parseInt64 } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createLateRows } from "./late-rows.ts";
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
/** Rows that are remembered beyond those of the fold, so that a rewind is found however far back it goes. */
const TOLD_MAX = 20_000;
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

export function createHafRows(
  store: Pick<HafStore, "appLog" | "appLogOf" | "forks" | "hivedConnections">,
  reads: Pick<HafReads, "read">,
  clock: Clock,
  log: Logger,
): HafRows {
  let cursor: { readonly id: DecimalText; readonly key: string | null } | null = null;
  let next: { readonly id: DecimalText; readonly key: string | null } | null = null;
  /** Given, and not told yet. */
  let given: readonly HafLogRow[] = [];
  /** Numbers that the look saw behind this one, told or not. */
  let met: { readonly after: DecimalText; readonly ids: readonly DecimalText[] } = { after: START, ids: [] };
  /** Keys of what was told here, oldest first. */
  const toldKeys = new Set<string>();
  const late = createLateRows(clock);

  const page = (after: DecimalText) => reads.read("appLog", (signal) => store.appLog(after, signal));

  async function readLog(fold: HafFold, now: EpochMs): Promise<readonly HafLogRow[]> {
    if (cursor === null) {
      cursor = cursorOf(fold);
      late.begin(fold.logTail.map(idOf));
    }
    if (cursor === null) return search(fold, now);
    const { id, key } = cursor;
    const rows: HafLogRow[] = [];
    let after = key === null ? id : before(id);
    for (let pages = 0; pages < PAGES_A_LOOK; pages += 1) {
      const found = await page(after);
      if (found === null) return [];
      if (pages === 0 && key !== null && (found[0] === undefined || keyOf(found[0]) !== key)) {
        log.warn("haf.reader.log-went-back", { was: key, found: found[0] === undefined ? null : keyOf(found[0]) });
        late.begin([]);
        return search(fold, now);
      }
      rows.push(...(pages === 0 && key !== null ? found.slice(1) : found));
      after = found.at(-1)?.id ?? after;
      if (found.length < PAGE_ROWS) break;
    }
    next = endOf(rows, cursor);
    met = { after: id, ids: rows.map((row) => row.id) };
    return rows;
  }

  /** Through the whole log: what comes after the last row that is known, or, where none is, after the last we told. */
  async function search(fold: HafFold, now: EpochMs): Promise<readonly HafLogRow[]> {
    const known = new Set([...fold.logTail, ...toldKeys]);
    const newest = newestLogOf(fold);
    let rows: HafLogRow[] = [];
    let isKnown = false;
    let ids: DecimalText[] = [];
    let last: HafLogRow | null = null;
    for (let pages = 0, after = START; pages < PAGES_OF_A_SEARCH; pages += 1) {
      const found = await page(after);
      if (found === null) return [];
      for (const row of found) {
        last = row;
        ids.push(row.id);
        if (known.has(keyOf(row))) [rows, isKnown] = [[], true];
        else if (isKnown || isWorthTelling(row, newest, now)) rows.push(row);
      }
      if (rows.length > 2 * FOUND_MAX) rows = rows.slice(-FOUND_MAX);
      ids = ids.slice(-FOUND_MAX);
      if (found.length < PAGE_ROWS) break;
      after = found.at(-1)?.id ?? after;
    }
    if (rows.length > FOUND_MAX) log.warn("haf.reader.log-cut", { left: rows.length - FOUND_MAX });
    met = { after: START, ids };
    next = last === null ? { id: START, key: null } : { id: last.id, key: keyOf(last) };
    return rows.slice(-FOUND_MAX);
  }

  /** Numbers are given before rows are committed: what is read behind one that is missing may be overtaken by it. */
  async function readLate(fold: HafFold): Promise<readonly HafLogRow[]> {
    const ids = cursor === null || store.appLogOf === undefined ? [] : late.ids(cursor.id);
    const ask = store.appLogOf?.bind(store, ids);
    if (ids.length === 0 || ask === undefined) return [];
    const found = (await reads.read("lateLog", ask)) ?? [];
    const known = new Set(fold.logTail);
    return found.filter((row) => !known.has(keyOf(row)) && !toldKeys.has(keyOf(row)));
  }

  return {
    async read(fold, now, slow) {
      const known = cursor;
      const overtaken = slow && known !== null ? await readLate(fold) : [];
      const main = await readLog(fold, now);
      const rows = [...overtaken, ...main];
      given = rows;
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
      late.follow(met.after, met.ids);
      late.came(given.map(({ id }) => id));
      met = { after: next?.id ?? met.after, ids: [] };
      for (const row of given) toldKeys.add(keyOf(row));
      for (const key of toldKeys) {
        if (toldKeys.size <= TOLD_MAX) break;
        toldKeys.delete(key);
      }
      given = [];
      if (next !== null) cursor = next;
      next = null;
    },
    untold() {
      [cursor, next, given, met] = [null, null, [], { after: START, ids: [] }];
    },
  };
}

const idOf = (key: string): DecimalText => key.split(" ", 1)[0] ?? START;

/** The highest of those that were told: what was overtaken was told behind it. */
function cursorOf(fold: HafFold) {
  const numbered = fold.logTail.map((key) => ({ key, id: idOf(key), number: parseInt64(idOf(key)) ?? 0n }));
  const highest = numbered.reduce<(typeof numbered)[number] | null>(
    (before, one) => (before === null || one.number >= before.number ? one : before),
    null,
  );
  return highest === null ? null : { id: highest.id, key: highest.key };
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
