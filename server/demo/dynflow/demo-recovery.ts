/**
 * What a starting executor finds of those before it, and does about it: worlds that are gone are invalidated, and
 * plans that could go on do.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb `perform_validity_checks`, world/invalidation.rb, world.rb
 * `auto_execute`.
 */
import { sql } from "kysely";
import { resultOf } from "#server/dynflow/domain/plan-verdict.ts";
import {
  DELAYED_EXECUTOR_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  lockOf,
  PLANNING_LOCK_CLASS,
  worldOwnerId,
} from "#server/dynflow/domain/records.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { recordsOf, release } from "./coordinator.ts";
import { ABNORMAL_TERMINATION } from "./failures.ts";
import { loadPlan } from "./plan-loader.ts";
import { conclude } from "./plan-run.ts";
import { savePlan, saveStep } from "./plan-writer.ts";
import { inList, type Row, type SqlExecutor, textCell } from "./sql-database.ts";
import { remember, type StoredPlan } from "./stored-plan.ts";

/** Invalidates these worlds, which are certainly gone: their locks, what they were doing, their inboxes, their records. */
export async function invalidateWorlds(db: SqlExecutor, worldIds: readonly string[], clock: Clock): Promise<void> {
  if (worldIds.length === 0) return;
  for (const className of [PLANNING_LOCK_CLASS, EXECUTION_LOCK_CLASS]) {
    for (const record of await recordsOf(db, className)) {
      const lock = lockOf(record);
      if (lock?.worldId == null || !worldIds.includes(lock.worldId)) continue;
      const plan = lock.planId === null ? null : await loadPlan(db, lock.planId);
      if (plan !== null) await abandon(db, plan, className, lock.worldId, clock);
      await release(db, record);
    }
  }
  const owners = inList(worldIds.map(worldOwnerId));
  await sql`delete from dynflow_coordinator_records where owner_id in ${owners}`.execute(db);
  await sql`delete from dynflow_coordinator_records where class = ${DELAYED_EXECUTOR_LOCK_CLASS}`.execute(db);
  await sql`delete from dynflow_envelopes where receiver_id in ${inList(worldIds)}`.execute(db);
  await sql`delete from dynflow_coordinator_records where id in ${inList(worldIds)}`.execute(db);
}

async function abandon(
  db: SqlExecutor,
  plan: StoredPlan,
  lockClass: string,
  worldId: string,
  clock: Clock,
): Promise<void> {
  for (const step of plan.steps) {
    if (step.state !== "running") continue;
    step.state = "error";
    step.error = ABNORMAL_TERMINATION;
    await saveStep(db, plan.id, step);
  }
  if (lockClass === PLANNING_LOCK_CLASS) {
    const planSteps = plan.steps.filter((step) => step.phase === "plan");
    const planned = planSteps.length > 0 && planSteps.every((step) => step.state === "success");
    if (planned) plan.state = "planned";
    else conclude(plan, clock.now());
  } else {
    remember(plan, "terminate execution", worldId, clock.now());
    if (plan.state === "running") plan.state = "paused";
    plan.result = resultOf(plan.steps);
  }
  await savePlan(db, plan);
}

/** Plans that a starting executor goes on with by itself. */
export async function plansToGoOnWith(db: SqlExecutor): Promise<readonly string[]> {
  const { rows } = await sql<Row>`
    select uuid from dynflow_execution_plans where state in ('planned', 'paused') and result <> 'error'
    order by started_at limit 100`.execute(db);
  return rows.flatMap((row) => textCell(row, "uuid") ?? []);
}

/** The executor that looks for delayed plans, by its lock; `null` = nobody does. */
export async function pollerOf(db: SqlExecutor): Promise<string | null> {
  const [record] = await recordsOf(db, DELAYED_EXECUTOR_LOCK_CLASS);
  return record === undefined ? null : (lockOf(record)?.worldId ?? null);
}

/** Whether each of these plans has come to a run step in the state beside it. */
export async function areHeld(
  db: SqlExecutor,
  plans: readonly { readonly planId: string; readonly state: "running" | "suspended" }[],
): Promise<boolean> {
  const { rows } = await sql<Row>`
    select execution_plan_uuid, state from dynflow_steps
    where execution_plan_uuid in ${inList(plans.map(({ planId }) => planId))} and class like '%RunStep'`.execute(db);
  const found = new Set(rows.map((row) => `${textCell(row, "execution_plan_uuid")} ${textCell(row, "state")}`));
  return plans.every(({ planId, state }) => found.has(`${planId} ${state}`));
}
