/** Columns of plans and steps, and rows of them as the codec wants them. */
import { type RawBuilder, sql } from "kysely";
import { decodeStepRow, type RawPlanRow } from "#server/dynflow/codec/rows.ts";
import type { PlanHead, StepRow } from "#server/dynflow/domain/model.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { blobCell, blobColumns, instantCell, numberCell, type Row, textCell } from "./cells.ts";
import type { SqlDifferences } from "./differences.ts";

/** Beyond this a plan is told to be too large rather than shown in part: a part would have another result. */
export const PLAN_STEPS_MAX = 250_000;
/** A whole flow, history or record of one plan. A plan of 10,000 steps needs about 100 kB. */
const PLAN_BLOB_MAX_BYTES = 8 * 1024 * 1024;
/** An error with its backtrace. */
const STEP_ERROR_MAX_BYTES = 1024 * 1024;

/**
 * The columns that are no blobs. Where a row keeps its record in `data`, these are copies made in the same statement
 * (`sequel.rb` `extract_metadata`), so lists need not read it.
 */
export const PLAN_HEAD_COLUMNS = sql`uuid, label, state, result, started_at, ended_at, real_time, execution_time,
  root_plan_step_id`;

export const planHead = (row: Row): PlanHead => ({
  id: textCell(row, "uuid") ?? "",
  label: textCell(row, "label"),
  state: textCell(row, "state") ?? "",
  result: textCell(row, "result") ?? "",
  startedAt: instantCell(row, "started_at"),
  endedAt: instantCell(row, "ended_at"),
  realTimeSec: numberCell(row, "real_time"),
  executionTimeSec: numberCell(row, "execution_time"),
  rootPlanStepId: numberCell(row, "root_plan_step_id"),
});

const PLAN_BLOBS = ["run_flow", "finalize_flow", "execution_history", "step_ids", "data"] as const;

export const planBlobColumns = (differences: SqlDifferences): RawBuilder<unknown> =>
  sql.join(PLAN_BLOBS.map((name) => blobColumns(differences, name, name, PLAN_BLOB_MAX_BYTES)));

export const rawPlanRow = (row: Row): RawPlanRow => ({
  head: planHead(row),
  runFlow: blobCell(row, "run_flow"),
  finalizeFlow: blobCell(row, "finalize_flow"),
  history: blobCell(row, "execution_history"),
  stepIds: blobCell(row, "step_ids"),
  data: blobCell(row, "data"),
});

/** Without the plan's id, which who asks for one plan knows. */
export const stepColumns = (differences: SqlDifferences): RawBuilder<unknown> =>
  sql.join([
    sql`id, class, state, action_id, action_class, queue, started_at, ended_at, real_time,
      execution_time, progress_done, progress_weight`,
    blobColumns(differences, "error", "error", STEP_ERROR_MAX_BYTES),
    blobColumns(differences, "children", "children", STEP_ERROR_MAX_BYTES),
    blobColumns(differences, "data", "data", STEP_ERROR_MAX_BYTES),
  ]);

export const stepRow = (row: Row): StepRow =>
  decodeStepRow({
    id: numberCell(row, "id") ?? 0,
    class: textCell(row, "class"),
    state: textCell(row, "state"),
    actionId: numberCell(row, "action_id"),
    actionClass: textCell(row, "action_class"),
    queue: textCell(row, "queue"),
    startedAt: instantCell(row, "started_at"),
    endedAt: instantCell(row, "ended_at"),
    realTimeSec: numberCell(row, "real_time"),
    executionTimeSec: numberCell(row, "execution_time"),
    progressDone: numberCell(row, "progress_done"),
    progressWeight: numberCell(row, "progress_weight"),
    error: blobCell(row, "error"),
    children: blobCell(row, "children"),
    data: blobCell(row, "data"),
  });

/** @throws OpsError `limit-exceeded` */
export function refuseTooManySteps(count: number): void {
  if (count > PLAN_STEPS_MAX) throw new OpsError("limit-exceeded", `More than ${PLAN_STEPS_MAX} steps at once`);
}
