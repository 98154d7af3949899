/** The plan list: filters, orders, pages by cursor, counts. */
import { type RawBuilder, sql } from "kysely";
import { toSqlInstant } from "#server/dynflow/codec/utc-text.ts";
import type { UtcMicros } from "#server/dynflow/domain/model.ts";
import type { PlanCount, PlanFilter, PlanListRow, PlanPage, PlanQuery } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { numberCell, type Row, textCell } from "./cells.ts";
import { decodeCursor, encodeCursor, type PlanCursor } from "./cursor.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { knownIds } from "./ids.ts";
import { beyond, orderBy, sortKey } from "./plan-order.ts";
import { PLAN_HEAD_COLUMNS, planHead } from "./plan-rows.ts";

const PAGE_ROWS_MAX = 500;
const FILTER_VALUES_MAX = 500;
/** States times results, with room for words that nobody told us of. */
const COUNTS_MAX = 1_000;

/** One page; a scan of the plan table unless the order is by id. */
export async function readPlanPage(db: Database, differences: SqlDifferences, query: PlanQuery): Promise<PlanPage> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > PAGE_ROWS_MAX) {
    throw new OpsError("invalid-input", `A page has 1 to ${PAGE_ROWS_MAX} rows, not ${query.limit}`);
  }
  const cursor = query.from === null ? null : decodeCursor(query.from.cursor, query.sort);
  const backwards = query.from?.direction === "previous";
  const key = sortKey(query.sort, differences);
  const place = cursor === null ? [] : [beyond(cursor, key, query.descending, backwards)];
  const { rows } = await sql<Row>`
    select p.*, (
      select s.action_class from dynflow_steps s
      where s.execution_plan_uuid = p.uuid and s.id = p.root_plan_step_id
    ) as root_action_class
    from (
      select ${PLAN_HEAD_COLUMNS}, ${key} as sort_key from dynflow_execution_plans
      where ${allOf([...conditions(query.filter, differences), ...place])}
      order by ${orderBy(key, query.descending, backwards)}
      limit ${query.limit + 1}
    ) p
    order by ${orderBy(sql`sort_key`, query.descending, backwards)}`.execute(db);
  return toPage(rows, query, cursor, backwards);
}

/** One row more than asked for tells that there are more; the page before a cursor was read from its end. */
function toPage(rows: readonly Row[], query: PlanQuery, cursor: PlanCursor | null, backwards: boolean): PlanPage {
  const more = rows.length > query.limit;
  const kept = rows.slice(0, query.limit);
  if (backwards) kept.reverse();
  const first = kept.at(0);
  const last = kept.at(-1);
  const at = (row: Row | undefined): string | null => {
    if (row !== undefined) return encodeCursor(cursorOf(row, query));
    return cursor === null ? null : encodeCursor({ ...cursor, inclusive: true });
  };
  return {
    rows: kept.map(toListRow),
    previousCursor: backwards ? (more ? at(first) : null) : cursor === null ? null : at(first),
    nextCursor: backwards ? at(last) : more ? at(last) : null,
  };
}

const toListRow = (row: Row): PlanListRow => ({
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

const allOf = (parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> =>
  parts.length === 0 ? sql`1 = 1` : sql`${sql.join(parts, sql` and `)}`;

function conditions(filter: PlanFilter, differences: SqlDifferences): readonly RawBuilder<unknown>[] {
  const parts: RawBuilder<unknown>[] = [];
  if (filter.ids.length > 0) parts.push(oneOf("uuid", knownIds(filter.ids, FILTER_VALUES_MAX)));
  if (filter.states.length > 0) parts.push(oneOf("state", bounded(filter.states)));
  if (filter.results.length > 0) parts.push(oneOf("result", bounded(filter.results)));
  if (filter.label?.kind === "exact") parts.push(sql`label = ${filter.label.text}`);
  if (filter.label?.kind === "prefix") {
    const text = sql`cast(${filter.label.text} as text)`;
    parts.push(sql`substr(label, 1, length(${text})) = ${text}`);
  }
  const started = differences.instant("started_at");
  if (filter.startedFrom !== null) parts.push(sql`${started} >= ${bound(filter.startedFrom)}`);
  if (filter.startedTo !== null) parts.push(sql`${started} < ${bound(filter.startedTo)}`);
  return parts;
}

const oneOf = (column: string, values: readonly string[]): RawBuilder<unknown> =>
  values.length === 0 ? sql`1 = 0` : sql`${sql.ref(column)} in (${sql.join(values)})`;

function bounded(values: readonly string[]): readonly string[] {
  if (values.length > FILTER_VALUES_MAX) {
    throw new OpsError("limit-exceeded", `At most ${FILTER_VALUES_MAX} values in a filter, not ${values.length}`);
  }
  return values;
}

function bound(instant: UtcMicros): string {
  const text = toSqlInstant(instant);
  if (text === null) throw new OpsError("invalid-input", "A bound of the time range is no instant");
  return text;
}
