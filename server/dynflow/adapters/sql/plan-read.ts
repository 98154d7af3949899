/** Plans by primary key: followed ones, and one with everything but payloads. */
import { sql } from "kysely";
import { decodeActionRow, decodeDelayedRow, decodePlanRow, type PlanParts } from "#server/dynflow/codec/rows.ts";
import type { ActionHead, DelayedPlan, PlanHead, PlanRecord, StepRow } from "#server/dynflow/domain/model.ts";
import { missingStepIds } from "#server/dynflow/domain/plan-verdict.ts";
import type { FollowedPlan } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { blobCell, blobColumns, flagCell, instantCell, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid, knownIds } from "./ids.ts";
import { PLAN_HEAD_COLUMNS, planBlobColumns, planHead, rawPlanRow, stepColumns, stepRow } from "./plan-rows.ts";

const FOLLOWED_IDS_MAX = 500;
/** Beyond this a plan is told to be too large rather than shown in part: a part would have another result. */
const PLAN_STEPS_MAX = 50_000;
const LINKED_PLANS_MAX = 1_000;
const RECORD_MAX_BYTES = 4 * 1024 * 1024;

/** By primary key, no order. */
export async function readHeads(db: Database, ids: readonly string[]): Promise<readonly PlanHead[]> {
  const wanted = knownIds(ids, FOLLOWED_IDS_MAX);
  if (wanted.length === 0) return [];
  const { rows } = await sql<Row>`
    select ${PLAN_HEAD_COLUMNS} from dynflow_execution_plans where uuid in (${sql.join(wanted)})`.execute(db);
  return rows.map(planHead);
}

/**
 * Plans before steps: Ruby saves a step before the plan that rests on it, so a plan read as stopped is never shown
 * with a step that had not yet ended.
 */
export async function readFollowed(
  db: Database,
  differences: SqlDifferences,
  ids: readonly string[],
): Promise<readonly FollowedPlan[]> {
  const heads = await readHeads(db, ids);
  if (heads.length === 0) return [];
  const { rows } = await sql<Row>`
    select ${stepColumns(differences)} from dynflow_steps
    where execution_plan_uuid in (${sql.join(heads.map((head) => head.id))})
    order by execution_plan_uuid, id limit ${PLAN_STEPS_MAX + 1}`.execute(db);
  refuseTooManySteps(rows.length);
  const byPlan = Map.groupBy(rows, (row) => textCell(row, "execution_plan_uuid"));
  return heads.map((head) => {
    const steps = (byPlan.get(head.id) ?? []).map(stepRow);
    const root = steps.find((step) => step.id === head.rootPlanStepId);
    return { head, rootActionClass: root?.actionClass ?? null, steps };
  });
}

function refuseTooManySteps(count: number): void {
  if (count > PLAN_STEPS_MAX) throw new OpsError("limit-exceeded", `More than ${PLAN_STEPS_MAX} steps at once`);
}

/**
 * One plan with its steps, actions, delay and links. What was read is of slightly different moments (Ruby saves row by
 * row), so a plan that seems to lack a step is read once more before it is believed.
 */
export async function readPlan(db: Database, differences: SqlDifferences, id: string): Promise<PlanRecord | null> {
  if (!isUuid(id)) return null;
  const first = await readPlanOnce(db, differences, id);
  if (first === null || missingStepIds(first).length === 0) return first;
  return readPlanOnce(db, differences, id);
}

async function readPlanOnce(db: Database, differences: SqlDifferences, id: string): Promise<PlanRecord | null> {
  const { rows } = await sql<Row>`
    select ${PLAN_HEAD_COLUMNS}, ${planBlobColumns(differences)} from dynflow_execution_plans
    where uuid = ${id}`.execute(db);
  const row = rows[0];
  if (row === undefined) return null;
  const parts = decodePlanRow(rawPlanRow(row));
  const [steps, actions, delayed, blockedBy, blocks, subPlanIds] = await Promise.all([
    readSteps(db, differences, id),
    readActions(db, differences, id),
    readDelayed(db, differences, id),
    readLinks(db, "blocked_by_uuid", "execution_plan_uuid", id),
    readLinks(db, "execution_plan_uuid", "blocked_by_uuid", id),
    readSubPlanIds(db, id),
  ]);
  return { ...parts, steps: inListedOrder(parts, steps), actions, delayed, blockedBy, blocks, subPlanIds };
}

async function readSteps(db: Database, differences: SqlDifferences, id: string): Promise<readonly StepRow[]> {
  const { rows } = await sql<Row>`
    select ${stepColumns(differences)} from dynflow_steps
    where execution_plan_uuid = ${id} order by id limit ${PLAN_STEPS_MAX + 1}`.execute(db);
  refuseTooManySteps(rows.length);
  return rows.map(stepRow);
}

function inListedOrder(parts: PlanParts, steps: readonly StepRow[]): readonly StepRow[] {
  if (!parts.stepIds.ok) return steps;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const listed = new Set(parts.stepIds.value);
  return [...[...listed].flatMap((stepId) => byId.get(stepId) ?? []), ...steps.filter((step) => !listed.has(step.id))];
}

async function readActions(db: Database, differences: SqlDifferences, id: string): Promise<readonly ActionHead[]> {
  const { rows } = await sql<Row>`
    select id, class, plan_step_id, run_step_id, finalize_step_id, caller_execution_plan_id, caller_action_id,
      ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
    from dynflow_actions where execution_plan_uuid = ${id} order by id limit ${PLAN_STEPS_MAX}`.execute(db);
  return rows.map((row) =>
    decodeActionRow(id, {
      id: numberCell(row, "id") ?? 0,
      class: textCell(row, "class"),
      planStepId: numberCell(row, "plan_step_id"),
      runStepId: numberCell(row, "run_step_id"),
      finalizeStepId: numberCell(row, "finalize_step_id"),
      callerPlanId: textCell(row, "caller_execution_plan_id"),
      callerActionId: numberCell(row, "caller_action_id"),
      data: blobCell(row, "data"),
    }),
  );
}

/** The table has no primary key; Ruby writes one row a plan and reads the first. */
async function readDelayed(db: Database, differences: SqlDifferences, id: string): Promise<DelayedPlan | null> {
  const { rows } = await sql<Row>`
    select start_at, start_before, frozen, args_serializer,
      ${blobColumns(differences, "serialized_args", "serialized_args", RECORD_MAX_BYTES)},
      ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
    from dynflow_delayed_plans where execution_plan_uuid = ${id} limit 1`.execute(db);
  const row = rows[0];
  if (row === undefined) return null;
  return decodeDelayedRow({
    startAt: instantCell(row, "start_at"),
    startBefore: instantCell(row, "start_before"),
    frozen: flagCell(row, "frozen"),
    serializer: textCell(row, "args_serializer"),
    args: blobCell(row, "serialized_args"),
    data: blobCell(row, "data"),
  });
}

/** Dependencies in one direction, each once, by id. */
async function readLinks(db: Database, wanted: string, given: string, id: string): Promise<readonly string[]> {
  const { rows } = await sql<Row>`
    select distinct ${sql.ref(wanted)} as linked from dynflow_execution_plan_dependencies
    where ${sql.ref(given)} = ${id} order by linked limit ${LINKED_PLANS_MAX}`.execute(db);
  return rows.map((row) => textCell(row, "linked") ?? "");
}

/**
 * Plans that own an action called by one of this plan, each once, by id. The caller column stayed `char(36)` when plan
 * ids became `uuid`, so it is compared as text. Actions of the JSON era name their own plan as caller: not meant.
 */
async function readSubPlanIds(db: Database, id: string): Promise<readonly string[]> {
  const { rows } = await sql<Row>`
    select distinct execution_plan_uuid as sub_plan from dynflow_actions
    where caller_execution_plan_id = cast(${id} as char(36)) and execution_plan_uuid <> ${id}
    order by sub_plan limit ${LINKED_PLANS_MAX}`.execute(db);
  return rows.map((row) => textCell(row, "sub_plan") ?? "");
}
