/** Plans that are followed: by primary key, without payloads. */
import { sql } from "kysely";
import type { DelayedPlan, PlanHead, StepRow } from "#server/dynflow/domain/model.ts";
import { countsOf } from "#server/dynflow/domain/plan-outline.ts";
import type { FollowedPlan } from "#server/dynflow/ports.ts";
import { blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { knownIds } from "./ids.ts";
import { delayedPlan } from "./plan-read.ts";
import { PLAN_HEAD_COLUMNS, PLAN_STEPS_MAX, planHead, refuseTooManySteps, stepColumns, stepRow } from "./plan-rows.ts";
import { readStepGroups, readStepsInStates, readStepsPart, STEPS_PER_READ } from "./steps-read.ts";

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

/** Steps of all plans that are followed together, before those of one of them are counted. */
const FOLLOW_ROWS_MAX = 20_000;
/** A plan of so many steps is followed by counts. */
const LARGE_STEPS = 5_000;
/** Of a large plan these are read, so many at most of each. */
const LARGE_STATES: readonly (readonly string[])[] = [["error"], ["running", "suspended", "skipping"]];
const LARGE_STATES_MAX = 500;
const LARGE_KNOWN_MAX = 1_000;

/**
 * Plans before steps: Ruby saves a step before the plan that rests on it, so a plan read as stopped is never shown
 * with a step that had not yet ended. Plans of very many steps are remembered and read by counts, so that none of them
 * holds up the others.
 */
export function createFollowedRead(db: Database, differences: SqlDifferences) {
  const large = new Set<string>();

  async function readSteps(ids: readonly string[], limit: number): Promise<readonly Row[]> {
    if (ids.length === 0) return [];
    const { rows } = await sql<Row>`
      select execution_plan_uuid, ${stepColumns(differences)} from dynflow_steps
      where execution_plan_uuid in (${sql.join(ids)})
      order by execution_plan_uuid, id limit ${limit + 1}`.execute(db);
    return rows;
  }

  async function findLarge(ids: readonly string[]): Promise<void> {
    const { rows } = await sql<Row>`
      select execution_plan_uuid, count(*) as steps from dynflow_steps
      where execution_plan_uuid in (${sql.join(ids)}) group by execution_plan_uuid`.execute(db);
    for (const row of rows) {
      if ((numberCell(row, "steps") ?? 0) >= LARGE_STEPS) large.add(textCell(row, "execution_plan_uuid") ?? "");
    }
    for (const id of large) if (large.size > LARGE_KNOWN_MAX) large.delete(id);
  }

  /** Steps of these plans by plan, but for the large ones. */
  async function readSmall(ids: readonly string[]): Promise<ReadonlyMap<string | null, readonly Row[]>> {
    const small = ids.filter((id) => !large.has(id));
    const rows = await readSteps(small, FOLLOW_ROWS_MAX);
    if (rows.length <= FOLLOW_ROWS_MAX) return Map.groupBy(rows, (row) => textCell(row, "execution_plan_uuid"));
    await findLarge(small);
    const again = await readSteps(
      small.filter((id) => !large.has(id)),
      PLAN_STEPS_MAX,
    );
    refuseTooManySteps(again.length);
    return Map.groupBy(again, (row) => textCell(row, "execution_plan_uuid"));
  }

  async function readLarge(head: PlanHead): Promise<Pick<FollowedPlan, "steps" | "counted">> {
    const groups = await readStepGroups(db, head.id);
    const counted = countsOf(head.state, groups);
    if (counted === null) return { steps: await readAllSteps(head.id) };
    const steps = new Map<number, StepRow>();
    const rootId = head.rootPlanStepId;
    const root = rootId === null ? [] : await readPart(head.id, rootId - 1, 1);
    for (const step of root) if (step.id === rootId) steps.set(step.id, step);
    for (const states of LARGE_STATES) {
      if (!groups.some((group) => states.includes(group.state))) continue;
      const part = { planId: head.id, states, limit: LARGE_STATES_MAX };
      for (const step of await readStepsInStates(db, differences, part)) steps.set(step.id, step);
    }
    return { steps: [...steps.values()], counted };
  }

  const readPart = (planId: string, after: number | null, limit: number) =>
    readStepsPart(db, differences, { planId, after, limit });

  /** What counts cannot tell (rows with records of their own) is read whole, in parts. */
  async function readAllSteps(planId: string): Promise<readonly StepRow[]> {
    const steps: StepRow[] = [];
    for (let more = true; more; ) {
      const part = await readPart(planId, steps.at(-1)?.id ?? null, STEPS_PER_READ);
      for (const step of part) steps.push(step);
      refuseTooManySteps(steps.length);
      more = part.length === STEPS_PER_READ;
    }
    return steps;
  }

  return async (ids: readonly string[]): Promise<readonly FollowedPlan[]> => {
    const heads = await readHeads(db, ids);
    if (heads.length === 0) return [];
    const byPlan = await readSmall(heads.map((head) => head.id));
    const scheduled = heads.filter((head) => head.state === "scheduled").map((head) => head.id);
    const delays = await readDelays(db, differences, scheduled);
    const plans: FollowedPlan[] = [];
    for (const head of heads) {
      const read = large.has(head.id) ? await readLarge(head) : { steps: (byPlan.get(head.id) ?? []).map(stepRow) };
      const root = read.steps.find(isRootOf(head));
      const followed = { head, rootActionClass: root?.actionClass ?? null, ...read };
      plans.push(head.state === "scheduled" ? { ...followed, delay: delays.get(head.id) ?? null } : followed);
    }
    return plans;
  };
}

/** Rows of releases before the column name their root step in their record alone; it is the first that was made. */
const isRootOf =
  ({ rootPlanStepId }: PlanHead) =>
  (step: StepRow): boolean =>
    rootPlanStepId === null ? step.phase === "plan" : step.id === rootPlanStepId;

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
