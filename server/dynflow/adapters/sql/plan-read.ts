/** One plan by primary key, with everything but payloads. */
import { CompiledQuery, type RawBuilder, sql } from "kysely";
import { decodeActionRow, decodeDelayedRow, decodePlanRow, type PlanParts } from "#server/dynflow/codec/rows.ts";
import type { ActionHead, DelayedPlan, PlanRecord, StepRow } from "#server/dynflow/domain/model.ts";
import { missingStepIds } from "#server/dynflow/domain/plan-verdict.ts";
import { blobCell, blobColumns, flagCell, instantCell, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences, Together } from "./differences.ts";
import { isUuid } from "./ids.ts";
import {
  PLAN_HEAD_COLUMNS,
  PLAN_STEPS_MAX,
  planBlobColumns,
  rawPlanRow,
  refuseTooManySteps,
  stepColumns,
  stepRow,
} from "./plan-rows.ts";

const LINKED_PLANS_MAX = 1_000;
const RECORD_MAX_BYTES = 4 * 1024 * 1024;

interface PlanReadDeps {
  readonly db: Database;
  readonly differences: SqlDifferences;
  readonly together: Together;
}

/**
 * Reads one plan with its steps, actions, delay and links. The plan comes before its steps: Ruby saves a step before the
 * plan that rests on it, so a plan read as stopped is never shown with a step that had not yet ended. As all of it is
 * of slightly different moments (Ruby saves row by row), a plan that seems to lack a step is read once more before it is
 * believed.
 */
export function createPlanRead({ db, differences, together }: PlanReadDeps) {
  const statements = statementsOf(db, differences);

  async function readOnce(id: string): Promise<PlanRecord | null> {
    const answers = await together(statements.map((statement) => given(statement, id)));
    const [plans = [], steps = [], actions = [], delays = [], blockedBy = [], blocks = [], subPlans = []] = answers;
    const plan = plans[0];
    if (plan === undefined) return null;
    refuseTooManySteps(steps.length);
    const parts = decodePlanRow(rawPlanRow(plan));
    return {
      ...parts,
      steps: inListedOrder(parts, steps.map(stepRow)),
      actions: actions.map((row) => actionHead(id, row)),
      delayed: delays[0] === undefined ? null : delayedPlan(delays[0]),
      blockedBy: blockedBy.map(linkedId),
      blocks: blocks.map(linkedId),
      subPlanIds: subPlans.map(linkedId),
    };
  }

  return async (id: string): Promise<PlanRecord | null> => {
    if (!isUuid(id)) return null;
    const first = await readOnce(id);
    if (first === null || missingStepIds(first).length === 0) return first;
    return readOnce(id);
  };
}

/** Stands for the plan's id in statements that are made once. */
const PLAN_ID = Object.freeze({ placeOf: "plan id" });

const given = (statement: CompiledQuery, id: string): CompiledQuery =>
  CompiledQuery.raw(
    statement.sql,
    statement.parameters.map((value) => (value === PLAN_ID ? id : value)),
  );

/**
 * In the order in which they are run. The tables of delays and dependencies hold no keys: Ruby writes one delay a plan
 * and reads the first; a dependency may be there twice. The caller column of actions stayed `char(36)` when plan ids
 * became `uuid`, so it is compared as text; actions of the JSON era name their own plan as caller, which is not meant.
 */
function statementsOf(db: Database, differences: SqlDifferences): readonly CompiledQuery[] {
  const linked = (wanted: string, known: string): RawBuilder<Row> => sql<Row>`
    select distinct ${sql.ref(wanted)} as linked from dynflow_execution_plan_dependencies
    where ${sql.ref(known)} = ${PLAN_ID} order by linked limit ${LINKED_PLANS_MAX}`;
  const all: readonly RawBuilder<Row>[] = [
    sql<Row>`
      select ${PLAN_HEAD_COLUMNS}, ${planBlobColumns(differences)} from dynflow_execution_plans
      where uuid = ${PLAN_ID}`,
    sql<Row>`
      select ${stepColumns(differences)} from dynflow_steps
      where execution_plan_uuid = ${PLAN_ID} order by id limit ${PLAN_STEPS_MAX + 1}`,
    sql<Row>`
      select id, class, plan_step_id, run_step_id, finalize_step_id, caller_execution_plan_id, caller_action_id,
        ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
      from dynflow_actions where execution_plan_uuid = ${PLAN_ID} order by id limit ${PLAN_STEPS_MAX}`,
    sql<Row>`
      select start_at, start_before, frozen, args_serializer,
        ${blobColumns(differences, "serialized_args", "serialized_args", RECORD_MAX_BYTES)},
        ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
      from dynflow_delayed_plans where execution_plan_uuid = ${PLAN_ID} limit 1`,
    linked("blocked_by_uuid", "execution_plan_uuid"),
    linked("execution_plan_uuid", "blocked_by_uuid"),
    sql<Row>`
      select distinct execution_plan_uuid as linked from dynflow_actions
      where caller_execution_plan_id = cast(${PLAN_ID} as char(36)) and execution_plan_uuid <> ${PLAN_ID}
      order by linked limit ${LINKED_PLANS_MAX}`,
  ];
  return all.map((statement) => statement.compile(db));
}

function inListedOrder(parts: PlanParts, steps: readonly StepRow[]): readonly StepRow[] {
  if (!parts.stepIds.ok) return steps;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const listed = new Set(parts.stepIds.value);
  return [...[...listed].flatMap((stepId) => byId.get(stepId) ?? []), ...steps.filter((step) => !listed.has(step.id))];
}

const actionHead = (planId: string, row: Row): ActionHead =>
  decodeActionRow(planId, {
    id: numberCell(row, "id") ?? 0,
    class: textCell(row, "class"),
    planStepId: numberCell(row, "plan_step_id"),
    runStepId: numberCell(row, "run_step_id"),
    finalizeStepId: numberCell(row, "finalize_step_id"),
    callerPlanId: textCell(row, "caller_execution_plan_id"),
    callerActionId: numberCell(row, "caller_action_id"),
    data: blobCell(row, "data"),
  });

export const delayedPlan = (row: Row): DelayedPlan =>
  decodeDelayedRow({
    startAt: instantCell(row, "start_at"),
    startBefore: instantCell(row, "start_before"),
    frozen: flagCell(row, "frozen"),
    serializer: textCell(row, "args_serializer"),
    args: blobCell(row, "serialized_args"),
    data: blobCell(row, "data"),
  });

const linkedId = (row: Row): string => textCell(row, "linked") ?? "";
