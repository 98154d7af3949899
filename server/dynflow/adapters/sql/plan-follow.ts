/** Plans that are followed: by primary key, without payloads. */
import { sql } from "kysely";
import type { PlanHead } from "#server/dynflow/domain/model.ts";
import type { FollowedPlan } from "#server/dynflow/ports.ts";
import { type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { knownIds } from "./ids.ts";
import { PLAN_HEAD_COLUMNS, PLAN_STEPS_MAX, planHead, refuseTooManySteps, stepColumns, stepRow } from "./plan-rows.ts";

const FOLLOWED_IDS_MAX = 500;

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
