/** Loads a plan with all its rows, as an executor does before it runs it. */
import { sql } from "kysely";
import { parseChildren, parseHistory, parseStepError, parseStepIds } from "#server/dynflow/codec/columns.ts";
import { parseFlow } from "#server/dynflow/codec/flow.ts";
import { decodeMsgpack } from "#server/dynflow/codec/msgpack-decode.ts";
import type { MsgpackValue } from "#server/dynflow/codec/msgpack-value.ts";
import { decodePayload } from "#server/dynflow/codec/payload.ts";
import type { Parsed } from "#server/dynflow/codec/stored.ts";
import type { PayloadValue, StepPhase } from "#server/dynflow/domain/model.ts";
import { bytesCell, epochOf, numberCell, type Row, type SqlExecutor, textCell } from "./sql-database.ts";
import { STEP_CLASSES, type StoredAction, type StoredDelay, type StoredPlan, type StoredStep } from "./stored-plan.ts";

/** `null` when there is no such plan. @throws Error when a blob of it cannot be read: Ruby could not load it either */
export async function loadPlan(db: SqlExecutor, planId: string): Promise<StoredPlan | null> {
  const plans = await sql<Row>`
    select uuid, label, state, result, cast(started_at as char(26)) as started_at, cast(ended_at as char(26)) as ended_at,
      real_time, execution_time, root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids
    from dynflow_execution_plans where uuid = ${planId}`.execute(db);
  const plan = plans.rows[0];
  if (plan === undefined) return null;
  const steps = await sql<Row>`
    select id, action_id, state, cast(started_at as char(26)) as started_at, cast(ended_at as char(26)) as ended_at, real_time,
      execution_time, progress_done, progress_weight, class, action_class, queue, error, children
    from dynflow_steps where execution_plan_uuid = ${planId} order by id`.execute(db);
  const actions = await sql<Row>`
    select id, class, plan_step_id, run_step_id, finalize_step_id, caller_execution_plan_id, caller_action_id, input,
      output
    from dynflow_actions where execution_plan_uuid = ${planId} order by id`.execute(db);
  return {
    id: planId,
    label: textCell(plan, "label"),
    state: textCell(plan, "state") ?? "",
    result: textCell(plan, "result") ?? "",
    startedAt: epochOf(textCell(plan, "started_at")),
    endedAt: epochOf(textCell(plan, "ended_at")),
    realTimeSec: numberCell(plan, "real_time") ?? 0,
    executionTimeSec: numberCell(plan, "execution_time"),
    rootPlanStepId: numberCell(plan, "root_plan_step_id") ?? 1,
    runFlow: decoded(plan, "run_flow", parseFlow),
    finalizeFlow: decoded(plan, "finalize_flow", parseFlow),
    history: [...decoded(plan, "execution_history", parseHistory)],
    stepIds: decoded(plan, "step_ids", parseStepIds),
    steps: steps.rows.map(toStep),
    actions: actions.rows.map(toAction),
  };
}

/** The delay of a scheduled plan; `null` when it has none. */
export async function loadDelay(db: SqlExecutor, planId: string): Promise<StoredDelay | null> {
  const { rows } = await sql<Row>`
    select cast(start_at as char(26)) as start_at, cast(start_before as char(26)) as start_before, frozen, serialized_args
    from dynflow_delayed_plans where execution_plan_uuid = ${planId} limit 1`.execute(db);
  const row = rows[0];
  if (row === undefined) return null;
  return {
    startAt: epochOf(textCell(row, "start_at")),
    startBefore: epochOf(textCell(row, "start_before")),
    frozen: row.frozen === true || row.frozen === 1,
    args: payload(row, "serialized_args"),
  };
}

function decoded<T>(row: Row, name: string, parse: (value: MsgpackValue) => Parsed<T>): T {
  const bytes = bytesCell(row, name);
  const value = bytes === null ? { ok: true as const, value: null } : decodeMsgpack(bytes);
  const result = value.ok ? parse(value.value) : value;
  if (!result.ok) throw new Error(`${name} cannot be read: ${result.reason}`);
  return result.value;
}

function payload(row: Row, name: string): PayloadValue {
  const value = decodePayload(bytesCell(row, name));
  if (!value.ok) throw new Error(`${name} cannot be read: ${value.reason}`);
  return value.value;
}

const PHASES: readonly StepPhase[] = ["plan", "run", "finalize"];

function toStep(row: Row): StoredStep {
  return {
    id: numberCell(row, "id") ?? 0,
    phase: PHASES.find((phase) => STEP_CLASSES[phase] === textCell(row, "class")) ?? "run",
    actionId: numberCell(row, "action_id") ?? 0,
    actionClass: textCell(row, "action_class") ?? "",
    queue: textCell(row, "queue"),
    state: textCell(row, "state") ?? "",
    startedAt: epochOf(textCell(row, "started_at")),
    endedAt: epochOf(textCell(row, "ended_at")),
    realTimeSec: numberCell(row, "real_time") ?? 0,
    executionTimeSec: numberCell(row, "execution_time") ?? 0,
    progressDone: numberCell(row, "progress_done") ?? 0,
    progressWeight: numberCell(row, "progress_weight") ?? 0,
    error: decoded(row, "error", parseStepError),
    children: decoded(row, "children", parseChildren),
  };
}

function toAction(row: Row): StoredAction {
  return {
    id: numberCell(row, "id") ?? 0,
    class: textCell(row, "class") ?? "",
    planStepId: numberCell(row, "plan_step_id") ?? 0,
    runStepId: numberCell(row, "run_step_id"),
    finalizeStepId: numberCell(row, "finalize_step_id"),
    callerPlanId: textCell(row, "caller_execution_plan_id"),
    callerActionId: numberCell(row, "caller_action_id"),
    input: payload(row, "input") ?? {},
    output: payload(row, "output"),
  };
}
