/** What a list shows beside its rows when it is asked to: who planned them, and what failed in them. By index. */
import { sql } from "kysely";
import { decodeStepRow, NO_STEP } from "#server/dynflow/codec/rows.ts";
import type { PlanCaller, PlanFailureRow } from "#server/dynflow/ports.ts";
import { blobCell, blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { knownIds } from "./ids.ts";

const IDS_MAX = 500;
const ROWS_MAX = 5_000;
const ERROR_MAX_BYTES = 64 * 1024;

/** Rows of the JSON era name their own plan as caller, which is not meant. */
export async function readCallers(
  db: Database,
  differences: SqlDifferences,
  planIds: readonly string[],
): Promise<readonly PlanCaller[]> {
  const ids = knownIds(planIds, IDS_MAX);
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select execution_plan_uuid, caller_execution_plan_id, caller_action_id from dynflow_actions
    where execution_plan_uuid in (${sql.join(ids)}) and caller_execution_plan_id is not null
      and caller_execution_plan_id <> ${differences.asCaller(sql`execution_plan_uuid`)}
    order by execution_plan_uuid, id limit ${ROWS_MAX}`.execute(db);
  const callers = new Map<string, PlanCaller>();
  for (const row of rows) {
    const planId = textCell(row, "execution_plan_uuid") ?? "";
    const callerPlanId = textCell(row, "caller_execution_plan_id") ?? "";
    if (!callers.has(planId))
      callers.set(planId, { planId, callerPlanId, callerActionId: numberCell(row, "caller_action_id") });
  }
  return [...callers.values()];
}

/** A step in error before one that was skipped, whose error stays in place; then by id. */
export async function readFailures(
  db: Database,
  differences: SqlDifferences,
  planIds: readonly string[],
): Promise<readonly PlanFailureRow[]> {
  const ids = knownIds(planIds, IDS_MAX);
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select execution_plan_uuid, id, state, action_class,
      ${blobColumns(differences, "error", "error", ERROR_MAX_BYTES)},
      ${blobColumns(differences, "data", "data", ERROR_MAX_BYTES)}
    from dynflow_steps
    where execution_plan_uuid in (${sql.join(ids)})
      and (error is not null or (data is not null and ${differences.bytewise("state")} in ('error', 'skipping', 'skipped')))
    order by execution_plan_uuid, case when state = 'error' then 0 else 1 end, id limit ${ROWS_MAX}`.execute(db);
  const failures = new Map<string, PlanFailureRow>();
  for (const row of rows) {
    const planId = textCell(row, "execution_plan_uuid") ?? "";
    const failure = failures.has(planId) ? null : failureOf(planId, row);
    if (failure !== null) failures.set(planId, failure);
  }
  return [...failures.values()];
}

function failureOf(planId: string, row: Row): PlanFailureRow | null {
  const { id, actionClass, error } = decodeStepRow({
    ...NO_STEP,
    id: numberCell(row, "id") ?? 0,
    state: textCell(row, "state"),
    actionClass: textCell(row, "action_class"),
    error: blobCell(row, "error"),
    data: blobCell(row, "data"),
  });
  if (!error.ok || error.value === null) return null;
  const { exceptionClass, message } = error.value;
  return { planId, stepId: id, actionClass, exceptionClass, message };
}
