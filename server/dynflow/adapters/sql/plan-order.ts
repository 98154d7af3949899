/**
 * Orders of the plan list and the places in them.
 *
 * Guarantee: the sort column in the asked direction, NULLs always last, ties by id ascending; the same in every
 * dialect (text by UTF-8 bytes, instants to the microsecond). No index serves any of these but `id`: a page costs a
 * scan of the plan table, as it does in Dynflow's own console (`sequel.rb` `order`).
 */
import { type RawBuilder, sql } from "kysely";
import { toSqlInstant } from "#server/dynflow/codec/utc-text.ts";
import type { PlanSort } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { PlanCursor } from "./cursor.ts";
import type { SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";

type KeyKind = "instant" | "text" | "number" | "id";

const SORT_KEYS: Readonly<Record<PlanSort, { readonly column: string; readonly kind: KeyKind }>> = {
  startedAt: { column: "started_at", kind: "instant" },
  endedAt: { column: "ended_at", kind: "instant" },
  label: { column: "label", kind: "text" },
  state: { column: "state", kind: "text" },
  result: { column: "result", kind: "text" },
  realTime: { column: "real_time", kind: "number" },
  executionTime: { column: "execution_time", kind: "number" },
  rootPlanStepId: { column: "root_plan_step_id", kind: "number" },
  class: { column: "class", kind: "text" },
  id: { column: "uuid", kind: "id" },
};

/** The sort value as SQL sees it. */
export function sortKey(sort: PlanSort, differences: SqlDifferences): RawBuilder<unknown> {
  const { column, kind } = SORT_KEYS[sort];
  if (kind === "instant") return differences.instant(column);
  return kind === "text" ? differences.bytewise(column) : sql`${sql.ref(column)}`;
}

/**
 * `backwards` = the same order from its end, for the page before a cursor. An id is never NULL, and its order is that of
 * the primary key.
 */
export function orderBy(
  sort: PlanSort,
  key: RawBuilder<unknown>,
  { descending, backwards }: { readonly descending: boolean; readonly backwards: boolean },
  differences: SqlDifferences,
): RawBuilder<unknown> {
  const down = descending !== backwards;
  if (SORT_KEYS[sort].kind === "id") return sql`uuid ${sql.raw(down ? "desc" : "asc")}`;
  return sql`${differences.directed(key, { down, nullsFirst: backwards })}, uuid ${sql.raw(backwards ? "desc" : "asc")}`;
}

/** The rows beyond a cursor in the direction asked for. */
export function beyond(
  cursor: PlanCursor,
  key: RawBuilder<unknown>,
  descending: boolean,
  backwards: boolean,
): RawBuilder<unknown> {
  const tie = sql.raw(`${backwards ? "<" : ">"}${cursor.inclusive ? "=" : ""}`);
  const tied = sql`uuid ${tie} ${cursor.id}`;
  if (SORT_KEYS[cursor.sort].kind === "id") {
    const way = sql.raw(`${descending !== backwards ? "<" : ">"}${cursor.inclusive ? "=" : ""}`);
    return sql`uuid ${way} ${cursor.id}`;
  }
  if (cursor.key === null) {
    const among = sql`((${key}) is null and ${tied})`;
    return backwards ? sql`((${key}) is not null or ${among})` : among;
  }
  const value = keyParameter(cursor.key, SORT_KEYS[cursor.sort].kind);
  const past = sql.raw(descending !== backwards ? "<" : ">");
  const strictly = sql`(${key}) ${past} ${value} or ((${key}) = ${value} and ${tied})`;
  return backwards ? sql`(${strictly})` : sql`(${strictly} or (${key}) is null)`;
}

/** The sort value of a cursor as a parameter that any dialect compares right. */
function keyParameter(key: string, kind: KeyKind): string | number {
  if (kind === "instant" && !INFINITE.has(key)) return toSqlInstant(key) ?? refuse();
  if (kind === "id" && !isUuid(key)) return refuse();
  if (kind !== "number") return key;
  const value = Number(key);
  return Number.isNaN(value) && key !== "NaN" ? refuse() : value;
}

/** PostgreSQL orders these like any other instant. */
const INFINITE: ReadonlySet<string> = new Set(["infinity", "-infinity"]);

function refuse(): never {
  throw new OpsError("invalid-input", "The cursor is none of ours");
}
