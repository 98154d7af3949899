/**
 * The class of the root action of plans whose columns do not tell it: rows of schemas 5 to 14 keep it in the records of
 * plan and step. By primary key, for the rows of one answer.
 */
import { sql } from "kysely";
import { decodePlanRow, decodeStepRow, NO_STEP } from "#server/dynflow/codec/rows.ts";
import { NO_BLOB } from "#server/dynflow/codec/stored.ts";
import type { PlanListRow } from "#server/dynflow/ports.ts";
import { blobCell, blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { planHead } from "./plan-rows.ts";

const RECORD_MAX_BYTES = 256 * 1024;
const STEPS_MAX = 2_000;

type Named = Pick<PlanListRow, "id" | "label" | "rootActionClass">;

/** The same rows; what has neither label nor class gets the class that its record tells. */
export async function withRootClasses<T extends Named>(
  db: Database,
  differences: SqlDifferences,
  rows: readonly T[],
): Promise<readonly T[]> {
  const nameless = rows.filter(({ label, rootActionClass }) => label === null && rootActionClass === null);
  if (nameless.length === 0) return rows;
  const rootSteps = await rootStepsOf(db, differences, nameless);
  if (rootSteps.size === 0) return rows;
  const classes = await classesOf(db, differences, rootSteps);
  return rows.map((row) => {
    const found = classes.get(row.id);
    return row.rootActionClass === null && found !== undefined ? { ...row, rootActionClass: found } : row;
  });
}

async function rootStepsOf(db: Database, differences: SqlDifferences, plans: readonly Named[]) {
  const { rows } = await sql<Row>`
    select uuid, ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)} from dynflow_execution_plans
    where uuid in (${sql.join(plans.map(({ id }) => id))}) and data is not null`.execute(db);
  const none = { runFlow: NO_BLOB, finalizeFlow: NO_BLOB, history: NO_BLOB, stepIds: NO_BLOB };
  const found = new Map<string, number>();
  for (const row of rows) {
    const { head } = decodePlanRow({ head: planHead(row), ...none, data: blobCell(row, "data") });
    if (head.rootPlanStepId !== null) found.set(head.id, head.rootPlanStepId);
  }
  return found;
}

async function classesOf(db: Database, differences: SqlDifferences, rootSteps: ReadonlyMap<string, number>) {
  const { rows } = await sql<Row>`
    select execution_plan_uuid, id, action_class, ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
    from dynflow_steps
    where execution_plan_uuid in (${sql.join([...rootSteps.keys()])})
      and id in (${sql.join([...new Set(rootSteps.values())])})
    order by execution_plan_uuid, id limit ${STEPS_MAX}`.execute(db);
  const classes = new Map<string, string>();
  for (const row of rows) {
    const plan = textCell(row, "execution_plan_uuid") ?? "";
    if (rootSteps.get(plan) !== numberCell(row, "id")) continue;
    const { actionClass } = decodeStepRow({
      ...NO_STEP,
      actionClass: textCell(row, "action_class"),
      data: blobCell(row, "data"),
    });
    if (actionClass !== "") classes.set(plan, actionClass);
  }
  return classes;
}
