/**
 * Scheduled plans: who is due, and their planning by an executor.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/delayed_executors/abstract_core.rb, delayed_plan.rb `plan`, `timeout`,
 * `failed_dependencies`; persistence_adapters/sequel.rb `find_ready_delayed_plans`.
 */
import { sql } from "kysely";
import type { StepError } from "#server/dynflow/domain/model.ts";
import { PLANNING_LOCK_CLASS, planLockId, worldOwnerId } from "#server/dynflow/domain/records.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { acquire, type NewRecord, release } from "./coordinator.ts";
import { loadDelay, loadPlan } from "./plan-loader.ts";
import { conclude } from "./plan-run.ts";
import { deleteDelay, deleteStepsAndActions, insertPlanParts, savePlan, saveStep } from "./plan-writer.ts";
import { type PlanSpec, planOf } from "./planner.ts";
import { type Row, type SqlExecutor, stepInstant, textCell } from "./sql-database.ts";
import { remember, type StoredPlan } from "./stored-plan.ts";

const READY_MAX = 20;

/** Ids of plans that may begin now: not frozen, due, and no prerequisite unfinished. */
export async function readyPlans(db: SqlExecutor, clock: Clock): Promise<readonly string[]> {
  const now = stepInstant(clock.now());
  const { rows } = await sql<Row>`
    select d.execution_plan_uuid as id from dynflow_delayed_plans d
    where d.frozen = ${false} and (d.start_at is null or d.start_at <= ${now} or d.start_before <= ${now})
      and not exists (
        select 1 from dynflow_execution_plan_dependencies n
        join dynflow_execution_plans p on p.uuid = n.blocked_by_uuid
        where n.execution_plan_uuid = d.execution_plan_uuid and p.state <> 'stopped')
    order by d.start_at limit ${READY_MAX}`.execute(db);
  return rows.flatMap((row) => textCell(row, "id") ?? []);
}

export const planningLock = (planId: string, worldId: string): NewRecord => ({
  class: PLANNING_LOCK_CLASS,
  id: planLockId(planId),
  ownerId: worldOwnerId(worldId),
  fields: { world_id: worldId, execution_plan_id: planId },
});

/** Plans a scheduled plan under its lock; true = it is planned now and waits to be executed. */
export async function planScheduled(options: {
  readonly db: SqlExecutor;
  readonly clock: Clock;
  readonly worldId: string;
  readonly planId: string;
  readonly specOf: (actionClass: string) => PlanSpec;
}): Promise<boolean> {
  const { db, worldId, planId } = options;
  const lock = planningLock(planId, worldId);
  if (!(await acquire(db, lock))) return false;
  try {
    const plan = await loadPlan(db, planId);
    const delay = await loadDelay(db, planId);
    if (plan === null || plan.state !== "scheduled" || delay === null) return false;
    if (delay.startBefore !== null && delay.startBefore <= options.clock.now()) {
      await endUnplanned(options, plan, "timeout", startedTooLate(planId));
      return false;
    }
    const failed = delay.startBefore === null ? await failedPrerequisites(db, planId) : [];
    if (failed.length > 0) {
      await endUnplanned(options, plan, "failed-dependency", prerequisiteFailed(failed));
      return false;
    }
    await planNow(options, plan);
    return true;
  } finally {
    await release(db, lock);
  }
}

async function planNow(options: Parameters<typeof planScheduled>[0], plan: StoredPlan): Promise<void> {
  const { db, clock } = options;
  const spec = options.specOf(plan.actions[0]?.class ?? "");
  const planned = { ...planOf(plan.id, spec, clock.now()), history: plan.history };
  await savePlan(db, { ...planned, state: "planning" });
  await deleteStepsAndActions(db, plan.id);
  await insertPlanParts(db, [planned]);
  await savePlan(db, planned);
  await deleteDelay(db, plan.id);
}

const startedTooLate = (planId: string): StepError => ({
  exceptionClass: "RuntimeError",
  message: `Execution plan could not be started before set time: ${planId}`,
  backtrace: [],
});

const prerequisiteFailed = (planIds: readonly string[]): StepError => ({
  exceptionClass: "RuntimeError",
  message: `Execution plan could not be started because prerequisite execution plans failed: ${planIds.join(", ")}`,
  backtrace: [],
});

/** A prerequisite that ended in warning or cancelled counts as fine. */
async function failedPrerequisites(db: SqlExecutor, planId: string): Promise<readonly string[]> {
  const { rows } = await sql<Row>`
    select p.uuid as id from dynflow_execution_plan_dependencies n
    join dynflow_execution_plans p on p.uuid = n.blocked_by_uuid
    where n.execution_plan_uuid = ${planId} and p.state = 'stopped' and p.result = 'error'`.execute(db);
  return rows.flatMap((row) => textCell(row, "id") ?? []);
}

/** Stopped with an error instead of being planned. */
async function endUnplanned(
  { db, clock, worldId }: Parameters<typeof planScheduled>[0],
  plan: StoredPlan,
  event: "timeout" | "failed-dependency",
  error: StepError,
): Promise<void> {
  for (const step of plan.steps) {
    step.state = "error";
    step.error = error;
    await saveStep(db, plan.id, step);
  }
  remember(plan, event, worldId, clock.now());
  conclude(plan, clock.now());
  await savePlan(db, plan);
  await deleteDelay(db, plan.id);
}
