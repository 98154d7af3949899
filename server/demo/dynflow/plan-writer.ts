/**
 * Writes plans as Dynflow 2.0 does: row by row, outside transactions.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/persistence_adapters/sequel.rb `save_execution_plan`, `save_step`,
 * `save_action`, `save_delayed_plan`, `save_output_chunks`.
 */
import { sql } from "kysely";
import { historyValue, stepErrorValue } from "#server/dynflow/codec/columns.ts";
import { flowValue } from "#server/dynflow/codec/flow.ts";
import { encodeMsgpack } from "#server/dynflow/codec/msgpack-encode.ts";
import { encodePayload } from "#server/dynflow/codec/payload.ts";
import type { PayloadValue } from "#server/dynflow/domain/model.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { inList, planInstant, type SqlExecutor, stepInstant } from "./sql-database.ts";
import { STEP_CLASSES, type StoredAction, type StoredDelay, type StoredPlan, type StoredStep } from "./stored-plan.ts";

const PLAN_CLASS = "Dynflow::ExecutionPlan";
const NOOP_SERIALIZER = "Dynflow::Serializers::Noop";
/** SQLite takes 32,766 parameters at most; a row has fewer than 20. */
const ROWS_PER_INSERT = 200;

/** Whole plans at once, for those that are made up rather than planned. */
export async function insertPlans(db: SqlExecutor, plans: readonly StoredPlan[]): Promise<void> {
  for (const part of partsOf(plans)) await insertPlanRows(db, part);
  await insertPlanParts(db, plans);
}

/** Actions and steps of plans that have their row already. */
export async function insertPlanParts(db: SqlExecutor, plans: readonly StoredPlan[]): Promise<void> {
  for (const part of partsOf(plans.flatMap((plan) => plan.actions.map((action) => ({ plan, action }))))) {
    await insertActionRows(db, part);
  }
  for (const part of partsOf(plans.flatMap((plan) => plan.steps.map((step) => ({ plan, step }))))) {
    await insertStepRows(db, part);
  }
}

function partsOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += ROWS_PER_INSERT)
    parts.push(items.slice(start, start + ROWS_PER_INSERT));
  return parts;
}

async function insertPlanRows(db: SqlExecutor, plans: readonly StoredPlan[]): Promise<void> {
  const rows = plans.map(
    (plan) => sql`(${plan.id}, ${plan.label}, ${plan.state}, ${plan.result}, ${planInstant(plan.startedAt)},
      ${planInstant(plan.endedAt)}, ${plan.realTimeSec}, ${plan.executionTimeSec}, ${PLAN_CLASS},
      ${plan.rootPlanStepId}, ${encodeMsgpack(flowValue(plan.runFlow))}, ${encodeMsgpack(flowValue(plan.finalizeFlow))},
      ${encodeMsgpack(historyValue(plan.history))}, ${encodeMsgpack(plan.stepIds)})`,
  );
  await sql`
    insert into dynflow_execution_plans (uuid, label, state, result, started_at, ended_at, real_time, execution_time,
      class, root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids)
    values ${sql.join(rows)}`.execute(db);
}

async function insertActionRows(
  db: SqlExecutor,
  actions: readonly { readonly plan: StoredPlan; readonly action: StoredAction }[],
): Promise<void> {
  const rows = actions.map(
    ({ plan, action }) => sql`(${plan.id}, ${action.id}, ${action.callerPlanId}, ${action.callerActionId},
      ${action.class}, ${action.planStepId}, ${action.runStepId}, ${action.finalizeStepId},
      ${encodePayload(action.input)}, ${action.output === null ? null : encodePayload(action.output)})`,
  );
  await sql`
    insert into dynflow_actions (execution_plan_uuid, id, caller_execution_plan_id, caller_action_id, class,
      plan_step_id, run_step_id, finalize_step_id, input, output)
    values ${sql.join(rows)}`.execute(db);
}

async function insertStepRows(
  db: SqlExecutor,
  steps: readonly { readonly plan: StoredPlan; readonly step: StoredStep }[],
): Promise<void> {
  const rows = steps.map(
    ({ plan, step }) => sql`(${plan.id}, ${step.id}, ${step.actionId}, ${step.state}, ${stepInstant(step.startedAt)},
      ${stepInstant(step.endedAt)}, ${step.realTimeSec}, ${step.executionTimeSec}, ${step.progressDone},
      ${step.progressWeight}, ${STEP_CLASSES[step.phase]}, ${step.actionClass}, ${step.queue}, ${errorBlob(step)},
      ${step.children === null ? null : encodeMsgpack(step.children)})`,
  );
  await sql`
    insert into dynflow_steps (execution_plan_uuid, id, action_id, state, started_at, ended_at, real_time,
      execution_time, progress_done, progress_weight, class, action_class, queue, error, children)
    values ${sql.join(rows)}`.execute(db);
}

const errorBlob = (step: StoredStep): Uint8Array | null =>
  step.error === null ? null : encodeMsgpack(stepErrorValue(step.error));

/** The plan's own row, whole. */
export async function savePlan(db: SqlExecutor, plan: StoredPlan): Promise<void> {
  await sql`
    update dynflow_execution_plans set label = ${plan.label}, state = ${plan.state}, result = ${plan.result},
      started_at = ${planInstant(plan.startedAt)}, ended_at = ${planInstant(plan.endedAt)},
      real_time = ${plan.realTimeSec}, execution_time = ${plan.executionTimeSec},
      run_flow = ${encodeMsgpack(flowValue(plan.runFlow))},
      finalize_flow = ${encodeMsgpack(flowValue(plan.finalizeFlow))},
      execution_history = ${encodeMsgpack(historyValue(plan.history))}, step_ids = ${encodeMsgpack(plan.stepIds)}
    where uuid = ${plan.id}`.execute(db);
}

export async function saveStep(db: SqlExecutor, planId: string, step: StoredStep): Promise<void> {
  await sql`
    update dynflow_steps set state = ${step.state}, started_at = ${stepInstant(step.startedAt)},
      ended_at = ${stepInstant(step.endedAt)}, real_time = ${step.realTimeSec},
      execution_time = ${step.executionTimeSec}, progress_done = ${step.progressDone}, error = ${errorBlob(step)}
    where execution_plan_uuid = ${planId} and id = ${step.id}`.execute(db);
}

/** Input too: references in it were replaced by values when its step began. */
export async function saveAction(db: SqlExecutor, planId: string, action: StoredAction): Promise<void> {
  await sql`
    update dynflow_actions set input = ${encodePayload(action.input)},
      output = ${action.output === null ? null : encodePayload(action.output)}
    where execution_plan_uuid = ${planId} and id = ${action.id}`.execute(db);
}

export async function insertDelay(db: SqlExecutor, planId: string, delay: StoredDelay): Promise<void> {
  await sql`
    insert into dynflow_delayed_plans (execution_plan_uuid, start_at, start_before, args_serializer, frozen,
      serialized_args)
    values (${planId}, ${stepInstant(delay.startAt)}, ${stepInstant(delay.startBefore)}, ${NOOP_SERIALIZER},
      ${delay.frozen}, ${encodePayload(delay.args)})`.execute(db);
}

export async function deleteDelay(db: SqlExecutor, planId: string): Promise<void> {
  await sql`delete from dynflow_delayed_plans where execution_plan_uuid = ${planId}`.execute(db);
}

export async function addChunk(
  db: SqlExecutor,
  chunk: {
    readonly planId: string;
    readonly actionId: number;
    readonly kind: string | null;
    readonly at: EpochMs;
    readonly value: PayloadValue;
  },
): Promise<void> {
  await sql`
    insert into dynflow_output_chunks (execution_plan_uuid, action_id, kind, timestamp, chunk)
    values (${chunk.planId}, ${chunk.actionId}, ${chunk.kind}, ${stepInstant(chunk.at)},
      ${encodePayload(chunk.value)})`.execute(db);
}

/** Steps and actions of a plan that is planned anew. */
export async function deleteStepsAndActions(db: SqlExecutor, planId: string): Promise<void> {
  await sql`delete from dynflow_steps where execution_plan_uuid = ${planId}`.execute(db);
  await sql`delete from dynflow_actions where execution_plan_uuid = ${planId}`.execute(db);
}

/** Source: sequel.rb `delete_execution_plans`: children first. */
export async function deletePlans(db: SqlExecutor, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const list = inList(ids);
  await sql`delete from dynflow_output_chunks where execution_plan_uuid in ${list}`.execute(db);
  await sql`delete from dynflow_delayed_plans where execution_plan_uuid in ${list}`.execute(db);
  await sql`delete from dynflow_steps where execution_plan_uuid in ${list}`.execute(db);
  await sql`delete from dynflow_actions where execution_plan_uuid in ${list}`.execute(db);
  await sql`delete from dynflow_execution_plans where uuid in ${list}`.execute(db);
}
