/** How a plan was planned: its plan steps and their children, without errors and times. */
import { sql } from "kysely";
import { decodeStepRow, NO_STEP } from "#server/dynflow/codec/rows.ts";
import type { StepRow } from "#server/dynflow/domain/model.ts";
import { blobCell, blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";

const ROWS_MAX = 5_000;
const CHILDREN_MAX_BYTES = 1024 * 1024;
const PLAN_STEP_CLASS = "Dynflow::ExecutionPlan::Steps::PlanStep";

/** By primary key, a part at a time. A row that keeps its class in its record is read, and told by that. */
export async function readPlanSteps(
  db: Database,
  differences: SqlDifferences,
  planId: string,
  after: number | null,
  limit: number,
): Promise<readonly Pick<StepRow, "id" | "children">[]> {
  if (!isUuid(planId)) return [];
  const wanted = Math.min(Math.max(1, limit), ROWS_MAX);
  const found: Pick<StepRow, "id" | "children">[] = [];
  for (let from = after ?? -1; found.length < wanted; ) {
    const { rows } = await sql<Row>`
      select id, class, ${blobColumns(differences, "children", "children", CHILDREN_MAX_BYTES)},
        ${blobColumns(differences, "data", "data", CHILDREN_MAX_BYTES)}
      from dynflow_steps
      where execution_plan_uuid = ${planId} and id > ${from}
        and (class = ${PLAN_STEP_CLASS} or class is null or data is not null)
      order by id limit ${wanted}`.execute(db);
    const steps = rows.map(planStep);
    found.push(...steps.flatMap((step) => (step.phase === "plan" ? [{ id: step.id, children: step.children }] : [])));
    if (rows.length < wanted) break;
    from = steps.at(-1)?.id ?? from;
  }
  return found.slice(0, wanted);
}

function planStep(row: Row): StepRow {
  return decodeStepRow({
    ...NO_STEP,
    id: numberCell(row, "id") ?? 0,
    class: textCell(row, "class"),
    children: blobCell(row, "children"),
    data: blobCell(row, "data"),
  });
}
