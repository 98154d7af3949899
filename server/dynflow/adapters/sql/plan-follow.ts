/** Plans that are followed: by primary key, without payloads. */
import { sql } from "kysely";
import type { DelayedPlan, PlanHead } from "#server/dynflow/domain/model.ts";
import type { FollowedPlan } from "#server/dynflow/ports.ts";
import { blobColumns, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { knownIds } from "./ids.ts";
import { delayedPlan } from "./plan-read.ts";
import { PLAN_HEAD_COLUMNS, PLAN_STEPS_MAX, planHead, refuseTooManySteps, stepColumns, stepRow } from "./plan-rows.ts";

const FOLLOWED_IDS_MAX = 500;
/** A record of a delay in `data` holds its arguments too: one that is larger is left to the plan's own page. */
const DELAY_MAX_BYTES = 64 * 1024;

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
  const scheduled = heads.filter((head) => head.state === "scheduled").map((head) => head.id);
  const delays = await readDelays(db, differences, scheduled);
  return heads.map((head) => {
    const steps = (byPlan.get(head.id) ?? []).map(stepRow);
    const root = steps.find((step) => step.id === head.rootPlanStepId);
    const followed = { head, rootActionClass: root?.actionClass ?? null, steps };
    return head.state === "scheduled" ? { ...followed, delay: delays.get(head.id) ?? null } : followed;
  });
}

/** Delays without their arguments, by index; the first of a plan, as Ruby takes it. */
async function readDelays(
  db: Database,
  differences: SqlDifferences,
  planIds: readonly string[],
): Promise<ReadonlyMap<string, Omit<DelayedPlan, "args">>> {
  if (planIds.length === 0) return new Map();
  const { rows } = await sql<Row>`
    select execution_plan_uuid, start_at, start_before, frozen, args_serializer,
      ${blobColumns(differences, "data", "data", DELAY_MAX_BYTES)}
    from dynflow_delayed_plans
    where execution_plan_uuid in (${sql.join([...planIds])}) limit ${FOLLOWED_IDS_MAX * 2}`.execute(db);
  const delays = rows.map((row) => {
    const { args: _args, ...delay } = delayedPlan({ ...row, serialized_args: null });
    return [textCell(row, "execution_plan_uuid") ?? "", delay] as const;
  });
  return new Map(delays.toReversed());
}
