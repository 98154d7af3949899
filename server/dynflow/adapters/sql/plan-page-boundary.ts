/**
 * How far a page of the list reaches, where somebody has made an index that tells.
 *
 * Dynflow makes none that serves an order: a page is read by going over the whole table. Where there is one on the sort
 * column (or on the state and it), the sort value of the last row is looked up by it first, and the page is then read
 * from rows up to there alone. The order of the page itself is that of any other page, ties and all.
 */
import { type RawBuilder, sql } from "kysely";
import type { PlanFilter, PlanQuery } from "#server/dynflow/ports.ts";
import { type Row, textCell } from "./cells.ts";
import type { PlanCursor } from "./cursor.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { allOf, conditions } from "./plan-filter.ts";

/** Columns of each index on the plan table that holds every row, in order. */
export type PlanIndexes = readonly (readonly string[])[];

const INDEXED_SORTS: Partial<Readonly<Record<PlanQuery["sort"], string>>> = {
  startedAt: "started_at",
  endedAt: "ended_at",
};

export interface PageReach {
  readonly cursor: PlanCursor | null;
  readonly backwards: boolean;
  readonly offset: number;
  /** The rows beyond the cursor. */
  readonly behind: readonly RawBuilder<unknown>[];
}

/** Conditions that leave at least a page and one row more, as it stood when asked; `null` = no index tells. */
export async function readBoundary(
  db: Database,
  differences: SqlDifferences,
  query: PlanQuery,
  reach: PageReach,
  indexes: PlanIndexes,
): Promise<readonly RawBuilder<unknown>[] | null> {
  const column = INDEXED_SORTS[query.sort];
  if (column === undefined || !isServed(query.filter, column, indexes)) return null;
  const { cursor, backwards, offset, behind } = reach;
  // NULLs are at the end of the list: what begins there, or among them, is in no order of the index.
  if (cursor === null ? backwards : cursor.key === null) return null;
  const down = query.descending !== backwards;
  const state = query.filter.states.map((word) => sql`state = ${word}`);
  const from =
    cursor?.key === null || cursor === null ? [] : [differences.within(column, down ? "<=" : ">=", cursor.key)];
  const { rows } = await sql<Row>`
    select ${sql.ref(column)} as boundary from dynflow_execution_plans
    where ${allOf([...state, ...from, sql`${sql.ref(column)} is not null`, ...conditions(query.filter, differences), ...behind])}
    order by ${sql.ref(column)} ${sql.raw(down ? "desc" : "asc")} limit 1 offset ${offset + query.limit}`.execute(db);
  const boundary = rows[0] === undefined ? null : textCell(rows[0], "boundary");
  return boundary === null ? null : [...state, ...from, differences.within(column, down ? ">=" : "<=", boundary)];
}

/** Only filters of which the index itself tells: any other could have it go over much that is not wanted. */
function isServed(filter: PlanFilter, column: string, indexes: PlanIndexes): boolean {
  const { states, startedFrom, startedTo, endedFrom, endedTo, ...rest } = filter;
  const bare = Object.values(rest).every((value) => (Array.isArray(value) ? value.length === 0 : !value));
  const otherTimes = column === "started_at" ? [endedFrom, endedTo] : [startedFrom, startedTo];
  if (!bare || otherTimes.some(Boolean)) return false;
  if (states.length === 0) return indexes.some(([first]) => first === column);
  return states.length === 1 && indexes.some(([first, second]) => first === "state" && second === column);
}
