/** The plan list: pages in every order, by cursor and by number, and counts. */
import { type RawBuilder, sql } from "kysely";
import type { PlanCount, PlanFilter, PlanListRow, PlanPage, PlanQuery } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { numberCell, type Row, textCell } from "./cells.ts";
import { decodeCursor, encodeCursor, type PlanCursor } from "./cursor.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { allOf, conditions } from "./plan-filter.ts";
import { beyond, orderBy, sortKey } from "./plan-order.ts";
import { type PlanIndexes, readBoundary } from "./plan-page-boundary.ts";
import { PLAN_HEAD_COLUMNS, planHead } from "./plan-rows.ts";
import { withRootClasses } from "./root-class.ts";

const PAGE_ROWS_MAX = 500;
/** States times results, with room for words that nobody told us of. */
const COUNTS_MAX = 1_000;
/** No table of plans is longer; the server skips so many rows one by one. */
const OFFSET_MAX = 100_000_000;

/** Where a page begins, made out. */
interface Place {
  readonly cursor: PlanCursor | null;
  readonly backwards: boolean;
  readonly offset: number;
}

/** One page; a scan of the plan table unless the order is by id, or an index that somebody made serves it. */
export async function readPlanPage(
  db: Database,
  differences: SqlDifferences,
  query: PlanQuery,
  indexes: PlanIndexes = [],
): Promise<PlanPage> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > PAGE_ROWS_MAX) {
    throw new OpsError("invalid-input", `A page has 1 to ${PAGE_ROWS_MAX} rows, not ${query.limit}`);
  }
  const place = placeOf(query);
  const { cursor, backwards, offset } = place;
  const key = sortKey(query.sort, differences);
  const way = { descending: query.descending, backwards };
  const behind = cursor === null ? [] : [beyond(cursor, key, query.descending, backwards)];
  const readRows = async (near: readonly RawBuilder<unknown>[]): Promise<readonly Row[]> => {
    const { rows } = await sql<Row>`
      select p.*, ${rootActionClass(sql`p`)}
      from (
        select ${PLAN_HEAD_COLUMNS}, ${key} as sort_key from dynflow_execution_plans
        where ${allOf([...near, ...conditions(query.filter, differences), ...behind])}
        order by ${orderBy(query.sort, key, way, differences)}
        limit ${query.limit + 1} offset ${offset}
      ) p
      order by ${orderBy(query.sort, sql`sort_key`, way, differences)}`.execute(db);
    return rows;
  };
  const near = await readBoundary(db, differences, query, { ...place, behind }, indexes);
  const rows = await readRows(near ?? []);
  // Rows that went away between the two statements: then the page is no shorter for it.
  const whole = near === null || rows.length > query.limit ? rows : await readRows([]);
  const page = toPage(whole, query, place);
  return { ...page, rows: await withRootClasses(db, differences, page.rows) };
}

function placeOf({ from, sort }: PlanQuery): Place {
  if (from === null) return { cursor: null, backwards: false, offset: 0 };
  if ("last" in from) return { cursor: null, backwards: true, offset: 0 };
  if ("cursor" in from) {
    return { cursor: decodeCursor(from.cursor, sort), backwards: from.direction === "previous", offset: 0 };
  }
  if (!Number.isInteger(from.offset) || from.offset < 0 || from.offset > OFFSET_MAX) {
    throw new OpsError("invalid-input", `No page begins after ${from.offset} rows`);
  }
  return { cursor: null, backwards: false, offset: from.offset };
}

/** The class of the root action, of the root plan step: what a plan without a label is known by. */
export const rootActionClass = (plan: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  select s.action_class from dynflow_steps s
  where s.execution_plan_uuid = ${plan}.uuid and s.id = ${plan}.root_plan_step_id
) as root_action_class`;

/** One row more than asked for tells that there are more; a page that was read from its end is turned round. */
function toPage(rows: readonly Row[], query: PlanQuery, { cursor, backwards, offset }: Place): PlanPage {
  const more = rows.length > query.limit;
  const kept = rows.slice(0, query.limit);
  if (backwards) kept.reverse();
  const first = kept.at(0);
  const last = kept.at(-1);
  const at = (row: Row | undefined): string | null => {
    if (row !== undefined) return encodeCursor(cursorOf(row, query));
    return cursor === null ? null : encodeCursor({ ...cursor, inclusive: true });
  };
  const begins = cursor === null && offset === 0;
  const ends = cursor === null && backwards;
  return {
    rows: kept.map(toListRow),
    previousCursor: backwards ? (more ? at(first) : null) : begins ? null : at(first),
    nextCursor: ends ? null : backwards ? at(last) : more ? at(last) : null,
  };
}

export const toListRow = (row: Row): PlanListRow => ({
  ...planHead(row),
  rootActionClass: textCell(row, "root_action_class"),
});

function cursorOf(row: Row, query: PlanQuery): PlanCursor {
  const key = textCell(row, "sort_key");
  return { sort: query.sort, key, id: textCell(row, "uuid") ?? "", inclusive: false };
}

/** Counts by stored state and result of all plans the filter lets through; a scan of the plan table. */
export async function readPlanCounts(
  db: Database,
  differences: SqlDifferences,
  filter: PlanFilter,
): Promise<readonly PlanCount[]> {
  const { rows } = await sql<Row>`
    select state, result, count(*) as plans from dynflow_execution_plans
    where ${allOf(conditions(filter, differences))}
    group by state, result
    order by ${differences.bytewise("state")}, ${differences.bytewise("result")}
    limit ${COUNTS_MAX}`.execute(db);
  return rows.map((row) => ({
    state: textCell(row, "state") ?? "",
    result: textCell(row, "result") ?? "",
    count: numberCell(row, "plans") ?? 0,
  }));
}
