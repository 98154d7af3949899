/**
 * Plans that plans planned, by the index on the caller's columns of actions. Rows of the JSON era name their own plan as
 * caller where later ones hold NULL: that is no sub-plan.
 */
import { type RawBuilder, sql } from "kysely";
import { decodeActionRow } from "#server/dynflow/codec/rows.ts";
import { toSqlInstant } from "#server/dynflow/codec/utc-text.ts";
import type {
  ActionPlace,
  ActionStep,
  ChildCount,
  ChildPage,
  ChildPlan,
  ChildrenQuery,
  ChildTotal,
  PlanEdge,
} from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { blobCell, blobColumns, instantCell, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid, knownIds } from "./ids.ts";
import { withRootClasses } from "./root-class.ts";

const PAGE_ROWS_MAX = 500;
const PARENTS_MAX = 500;
const EDGES_MAX = 10_000;
/** Callers times states times results of one level, with room for words that nobody told us of. */
const COUNTS_MAX = 5_000;

/** One page of the sub-plans of a plan: those that started first at first, those that did not last, ties by id. */
export async function readChildren(
  db: Database,
  differences: SqlDifferences,
  query: ChildrenQuery,
): Promise<ChildPage> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > PAGE_ROWS_MAX) {
    throw new OpsError("invalid-input", `A page has 1 to ${PAGE_ROWS_MAX} rows, not ${query.limit}`);
  }
  if (!isUuid(query.planId)) return { rows: [], next: null };
  const key = differences.instant("p.started_at");
  const conditions = [
    ...(query.after === null ? [] : [beyond(query.after, key)]),
    ...(query.failingOnly ? [sql`${FAILING} = 1`] : []),
  ];
  const { rows } = await sql<Row>`
    select c.id, c.caller_action_id, p.uuid, p.label, p.state, p.result, p.started_at, p.ended_at, p.real_time,
      p.execution_time, ${FAILING} as failing, (
        select s.action_class from dynflow_steps s
        where s.execution_plan_uuid = c.id and s.id = p.root_plan_step_id
      ) as root_action_class
    from ${childrenOf(differences, query.planId)} c left join dynflow_execution_plans p on p.uuid = c.id
    where ${conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` and `)}
    order by case when ${key} is null then 1 else 0 end, ${key}, c.id
    limit ${query.limit + 1}`.execute(db);
  const page = await withRootClasses(db, differences, rows.slice(0, query.limit).map(childPlan));
  const last = page.at(-1);
  return { rows: page, next: rows.length <= query.limit || last === undefined ? null : encodePlace(last) };
}

/** Each sub-plan once, whatever number of its actions tells of the caller. */
const childrenOf = (differences: SqlDifferences, planId: string): RawBuilder<unknown> => sql`(
  select a.execution_plan_uuid as id, min(a.caller_action_id) as caller_action_id from dynflow_actions a
  where a.caller_execution_plan_id = ${differences.asCaller(sql`${planId}`)} and a.execution_plan_uuid <> ${planId}
  group by a.execution_plan_uuid
)`;

/** The stored result lags while a plan runs: its steps tell. A stopped one is what its row says. */
const FAILING = sql`case
  when p.result = 'error' then 1
  when p.state is null or p.state = 'stopped' then 0
  when exists (select 1 from dynflow_steps e where e.execution_plan_uuid = p.uuid and e.state = 'error') then 1
  else 0 end`;

function beyond(after: string, key: RawBuilder<unknown>): RawBuilder<unknown> {
  const { startedAt, id } = decodePlace(after);
  if (startedAt === null) return sql`${key} is null and c.id > ${id}`;
  return sql`(${key} > ${startedAt} or (${key} = ${startedAt} and c.id > ${id}) or ${key} is null)`;
}

const encodePlace = ({ startedAt, id }: ChildPlan): string => `${startedAt ?? ""} ${id}`;

function decodePlace(text: string): { readonly startedAt: string | null; readonly id: string } {
  const [instant = "", id = "", ...more] = text.split(" ");
  const startedAt = instant === "" ? null : toSqlInstant(instant);
  if (more.length > 0 || !isUuid(id) || (startedAt === null && instant !== "")) {
    throw new OpsError("invalid-input", "The cursor is none of ours");
  }
  return { startedAt, id };
}

const childPlan = (row: Row): ChildPlan => ({
  id: textCell(row, "id") ?? "",
  callerActionId: numberCell(row, "caller_action_id"),
  label: textCell(row, "label"),
  rootActionClass: textCell(row, "root_action_class"),
  ...stateOf(row, "uuid"),
  startedAt: instantCell(row, "started_at"),
  endedAt: instantCell(row, "ended_at"),
  realTimeSec: numberCell(row, "real_time"),
  executionTimeSec: numberCell(row, "execution_time"),
  failing: numberCell(row, "failing") === 1,
});

/** `null` where the plan's row is gone; what is there and holds NULL is empty text. */
function stateOf(row: Row, present: string): Pick<ChildPlan, "state" | "result"> {
  const gone = textCell(row, present) === null;
  return { state: textCell(row, "state") ?? (gone ? null : ""), result: textCell(row, "result") ?? (gone ? null : "") };
}

/** All sub-plans of a plan, counted by what planned them, state and stored result. */
export async function readChildCounts(
  db: Database,
  differences: SqlDifferences,
  planId: string,
): Promise<readonly ChildCount[]> {
  if (!isUuid(planId)) return [];
  const { rows } = await sql<Row>`
    select c.caller_action_id, case when p.uuid is null then 0 else 1 end as present, p.state, p.result, count(*) as plans
    from ${childrenOf(differences, planId)} c left join dynflow_execution_plans p on p.uuid = c.id
    group by c.caller_action_id, case when p.uuid is null then 0 else 1 end, p.state, p.result
    order by c.caller_action_id, p.state, p.result limit ${COUNTS_MAX}`.execute(db);
  return rows.map((row) => {
    const gone = numberCell(row, "present") === 0;
    return {
      callerActionId: numberCell(row, "caller_action_id"),
      state: textCell(row, "state") ?? (gone ? null : ""),
      result: textCell(row, "result") ?? (gone ? null : ""),
      count: numberCell(row, "plans") ?? 0,
    };
  });
}

/** How many sub-plans each of these plans has. */
export async function readChildTotals(
  db: Database,
  differences: SqlDifferences,
  planIds: readonly string[],
): Promise<readonly ChildTotal[]> {
  const ids = knownIds(planIds, PARENTS_MAX);
  if (ids.length === 0) return [];
  const { rows } = await sql<Row>`
    select a.caller_execution_plan_id as parent, count(distinct a.execution_plan_uuid) as plans from dynflow_actions a
    where ${calledBy(differences, ids)}
    group by a.caller_execution_plan_id`.execute(db);
  return rows.map((row) => ({ planId: textCell(row, "parent") ?? "", count: numberCell(row, "plans") ?? 0 }));
}

interface EdgesQuery {
  readonly planIds: readonly string[];
  readonly after: { readonly parentId: string; readonly id: string } | null;
  readonly limit: number;
  readonly named: boolean;
}

/** The sub-plans of these plans, in order of caller and id, from a place on. */
export async function readChildEdges(
  db: Database,
  differences: SqlDifferences,
  query: EdgesQuery,
): Promise<readonly PlanEdge[]> {
  const { planIds, after, limit, named } = query;
  const ids = knownIds(planIds, PARENTS_MAX);
  if (ids.length === 0) return [];
  const parent = after === null ? null : differences.asCaller(sql`${after.parentId}`);
  const place =
    after === null
      ? sql``
      : sql`and (a.caller_execution_plan_id > ${parent}
          or (a.caller_execution_plan_id = ${parent} and a.execution_plan_uuid > ${after.id}))`;
  const { rows } = await sql<Row>`
    select c.parent, c.id, c.caller_action_id, p.uuid, p.state, p.result, p.started_at, ${FAILING} as failing
      ${named ? NAMES : sql``}
    from (
      select a.caller_execution_plan_id as parent, a.execution_plan_uuid as id, min(a.caller_action_id) as caller_action_id
      from dynflow_actions a
      where ${calledBy(differences, ids)} ${place}
      group by a.caller_execution_plan_id, a.execution_plan_uuid
      order by a.caller_execution_plan_id, a.execution_plan_uuid
      limit ${Math.min(Math.max(1, limit), EDGES_MAX)}
    ) c left join dynflow_execution_plans p on p.uuid = c.id
    order by c.parent, c.id`.execute(db);
  return rows.map((row) => ({
    parentId: textCell(row, "parent") ?? "",
    id: textCell(row, "id") ?? "",
    callerActionId: numberCell(row, "caller_action_id"),
    ...stateOf(row, "uuid"),
    startedAt: instantCell(row, "started_at"),
    failing: numberCell(row, "failing") === 1,
    label: textCell(row, "label"),
    rootActionClass: textCell(row, "root_action_class"),
  }));
}

const NAMES = sql`, p.label, (
        select s.action_class from dynflow_steps s where s.execution_plan_uuid = c.id and s.id = p.root_plan_step_id
      ) as root_action_class`;

const ACTIONS_PER_READ = 100;
const RECORD_MAX_BYTES = 1024 * 1024;

/** By primary key. */
export async function readActionSteps(
  db: Database,
  differences: SqlDifferences,
  actions: readonly ActionPlace[],
): Promise<readonly ActionStep[]> {
  const known = actions.filter(({ planId }) => isUuid(planId));
  if (known.length > PARENTS_MAX) {
    throw new OpsError("limit-exceeded", `At most ${PARENTS_MAX} actions at once, not ${known.length}`);
  }
  const found: ActionStep[] = [];
  for (let start = 0; start < known.length; start += ACTIONS_PER_READ) {
    const places = known
      .slice(start, start + ACTIONS_PER_READ)
      .map(({ planId, actionId }) => sql`(a.execution_plan_uuid = ${planId} and a.id = ${actionId})`);
    const { rows } = await sql<Row>`
      select a.execution_plan_uuid as plan_id, a.id, a.class, a.plan_step_id, a.run_step_id, a.finalize_step_id,
        ${blobColumns(differences, "a.data", "data", RECORD_MAX_BYTES)}
      from dynflow_actions a where ${sql.join(places, sql` or `)}`.execute(db);
    found.push(...rows.map(actionStep));
  }
  return found;
}

function actionStep(row: Row): ActionStep {
  const planId = textCell(row, "plan_id") ?? "";
  const { id, runStepId, finalizeStepId } = decodeActionRow(planId, {
    id: numberCell(row, "id") ?? 0,
    class: textCell(row, "class"),
    planStepId: numberCell(row, "plan_step_id"),
    runStepId: numberCell(row, "run_step_id"),
    finalizeStepId: numberCell(row, "finalize_step_id"),
    callerPlanId: null,
    callerActionId: null,
    data: blobCell(row, "data"),
  });
  return { planId, actionId: id, stepId: runStepId ?? finalizeStepId };
}

const calledBy = (differences: SqlDifferences, ids: readonly string[]): RawBuilder<unknown> => sql`
  a.caller_execution_plan_id in (${sql.join(ids.map((id) => differences.asCaller(sql`${id}`)))})
  and a.caller_execution_plan_id <> ${differences.asCaller(sql`a.execution_plan_uuid`)}`;
