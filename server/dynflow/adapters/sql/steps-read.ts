/** Steps of one plan in parts of a bounded number, by primary key: no statement grows with the plan. */
import { sql } from "kysely";
import type { StepRow } from "#server/dynflow/domain/model.ts";
import type { StepGroup } from "#server/dynflow/domain/plan-outline.ts";
import { numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";
import { stepColumns, stepRow } from "./plan-rows.ts";

/** Steps that one statement reads at most. */
export const STEPS_PER_READ = 5_000;

/** The steps after this one in order of id, at most `limit` of them. */
export async function readStepsPart(
  db: Database,
  differences: SqlDifferences,
  part: { readonly planId: string; readonly after: number | null; readonly limit: number },
): Promise<readonly StepRow[]> {
  if (!isUuid(part.planId)) return [];
  const limit = Math.min(Math.max(1, Math.trunc(part.limit)), STEPS_PER_READ);
  const after = part.after === null ? sql`` : sql`and id > ${part.after}`;
  const { rows } = await sql<Row>`
    select ${stepColumns(differences)} from dynflow_steps
    where execution_plan_uuid = ${part.planId} ${after} order by id limit ${limit}`.execute(db);
  return rows.map(stepRow);
}

/** The first steps in one of these states, in order of id. The states are words of ours, never text from outside. */
export async function readStepsInStates(
  db: Database,
  differences: SqlDifferences,
  part: { readonly planId: string; readonly states: readonly string[]; readonly limit: number },
): Promise<readonly StepRow[]> {
  const { rows } = await sql<Row>`
    select ${stepColumns(differences)} from dynflow_steps
    where execution_plan_uuid = ${part.planId} and state in (${sql.join(part.states)})
    order by id limit ${Math.min(part.limit, STEPS_PER_READ)}`.execute(db);
  return rows.map(stepRow);
}

/** How many steps there are by class and state, and what they weigh. One pass over the rows of one plan. */
export async function readStepGroups(db: Database, planId: string): Promise<readonly StepGroup[]> {
  const { rows } = await sql<Row>`
    select class, state, count(*) as steps, count(data) as records, min(id) as first_id, max(id) as last_id,
      sum(execution_time) as execution_time, sum(progress_weight) as weight,
      sum(progress_done * progress_weight) as done
    from dynflow_steps where execution_plan_uuid = ${planId} group by class, state`.execute(db);
  return rows.map((row) => ({
    class: textCell(row, "class"),
    state: textCell(row, "state") ?? "",
    steps: numberCell(row, "steps") ?? 0,
    records: numberCell(row, "records") ?? 0,
    firstId: numberCell(row, "first_id") ?? 0,
    lastId: numberCell(row, "last_id") ?? 0,
    executionTimeSec: numberCell(row, "execution_time") ?? 0,
    weight: numberCell(row, "weight") ?? 0,
    doneWeight: numberCell(row, "done") ?? 0,
  }));
}
