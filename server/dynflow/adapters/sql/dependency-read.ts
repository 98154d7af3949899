/** Who waits for whom, by the indexes on both columns of the table of dependencies. */
import { sql } from "kysely";
import type { DependencyEdge } from "#server/dynflow/ports.ts";
import { type Row, textCell } from "./cells.ts";
import type { Database } from "./differences.ts";
import { knownIds } from "./ids.ts";

const PLANS_MAX = 500;
const EDGES_MAX = 5_000;

/** Each pair once: the table has no key, and a dependency may be there twice. */
export async function readDependencies(
  db: Database,
  planIds: readonly string[],
  direction: "waits-for" | "blocks",
): Promise<readonly DependencyEdge[]> {
  const ids = knownIds(planIds, PLANS_MAX);
  if (ids.length === 0) return [];
  const known = sql.ref(direction === "waits-for" ? "execution_plan_uuid" : "blocked_by_uuid");
  const { rows } = await sql<Row>`
    select distinct execution_plan_uuid, blocked_by_uuid from dynflow_execution_plan_dependencies
    where ${known} in (${sql.join(ids)})
    order by execution_plan_uuid, blocked_by_uuid limit ${EDGES_MAX}`.execute(db);
  return rows.map((row) => ({
    waiting: textCell(row, "execution_plan_uuid") ?? "",
    prerequisite: textCell(row, "blocked_by_uuid") ?? "",
  }));
}
