/** One plan by primary key, with everything but payloads. */
import { CompiledQuery, type RawBuilder, sql } from "kysely";
import { decodeActionRow, decodeDelayedRow, decodePlanRow } from "#server/dynflow/codec/rows.ts";
import type { ActionHead, DelayedPlan, PlanParts, PlanRecord, StepRow } from "#server/dynflow/domain/model.ts";
import { type PlanOutline, tallyOf } from "#server/dynflow/domain/plan-outline.ts";
import { areAsListed, missingStepIds } from "#server/dynflow/domain/plan-verdict.ts";
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
import { readStepGroups, readStepsInStates, readStepsPart, STEPS_PER_READ } from "./steps-read.ts";

/** Of a large plan these are told at once, so many at most of each: what a person looks for first. */
const OUTLINE_STATES: readonly (readonly string[])[] = [["error"], ["running", "suspended", "skipping"]];
const OUTLINE_STEPS_MAX = 500;
/**
 * A plan whose list of step ids takes so many bytes has thousands: none of its steps is read with it. Below it, 5,000
 * steps and more are told by the number of rows.
 */
const LARGE_STEP_IDS_BYTES = 15_000;
/** Actions that one statement reads at most. */
const ACTIONS_PER_READ = 5_000;
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
 * believed. The steps of a large plan come in parts, each by a statement of its own.
 */
export function createPlanRead({ db, differences, together }: PlanReadDeps) {
  const statements = { whole: statementsOf(db, differences, "all"), outline: statementsOf(db, differences, "root") };

  /** The plan with its first steps, and with its first actions or that of its root step alone. */
  async function readFirst(id: string, kind: keyof typeof statements) {
    const answers = await together(statements[kind].map((statement) => given(statement, id)));
    const [plans = [], steps = [], actions = [], delays = [], blockedBy = [], blocks = [], subPlans = []] = answers;
    const plan = plans[0];
    if (plan === undefined) return null;
    const raw = rawPlanRow(plan);
    return {
      large: (raw.stepIds.length ?? 0) >= LARGE_STEP_IDS_BYTES,
      parts: decodePlanRow(raw),
      steps: steps.map(stepRow),
      actions: actions.map((row) => actionHead(id, row)),
      delayed: delays[0] === undefined ? null : delayedPlan(delays[0]),
      blockedBy: blockedBy.map(linkedId),
      blocks: blocks.map(linkedId),
      subPlanIds: subPlans.map(linkedId),
    };
  }

  type First = NonNullable<Awaited<ReturnType<typeof readFirst>>>;

  const isWhole = (first: First): boolean =>
    !first.large && first.steps.length < STEPS_PER_READ && first.actions.length < ACTIONS_PER_READ;

  const recordOf = ({ parts, large: _, ...rest }: First): PlanRecord => ({
    ...parts,
    ...rest,
    steps: inListedOrder(parts, rest.steps),
  });

  async function readRest(id: string, first: First): Promise<PlanRecord> {
    const steps = [...first.steps];
    let full = first.large || steps.length === STEPS_PER_READ;
    while (full) {
      const after = steps.at(-1)?.id ?? null;
      const part = await readStepsPart(db, differences, { planId: id, after, limit: STEPS_PER_READ });
      for (const step of part) steps.push(step);
      refuseTooManySteps(steps.length);
      full = part.length === STEPS_PER_READ;
    }
    const actions = [...first.actions];
    full = first.large || actions.length === ACTIONS_PER_READ;
    while (full) {
      const { rows } = await actionsAfter(differences, id, actions.at(-1)?.id ?? 0).execute(db);
      for (const row of rows) actions.push(actionHead(id, row));
      full = rows.length === ACTIONS_PER_READ && actions.length < PLAN_STEPS_MAX;
    }
    return recordOf({ ...first, steps, actions });
  }

  async function readOnce(id: string): Promise<PlanRecord | null> {
    const first = await readFirst(id, "whole");
    if (first === null) return null;
    return isWhole(first) ? recordOf(first) : readRest(id, first);
  }

  async function readWhole(id: string): Promise<PlanRecord | null> {
    if (!isUuid(id)) return null;
    const first = await readOnce(id);
    if (first === null || missingStepIds(first).length === 0) return first;
    return readOnce(id);
  }

  /** A large plan by counts, when they tell all there is to say; else with all its steps. */
  async function readLarge(id: string, first: First): Promise<PlanOutline | null> {
    const record = recordOf(first);
    const rootId = record.head.rootPlanStepId;
    const [groups, root] = await Promise.all([
      readStepGroups(db, id),
      rootId === null ? [] : readStepsPart(db, differences, { planId: id, after: rootId - 1, limit: 1 }),
    ]);
    const tally = tallyOf(record, groups);
    if (tally === null) return wholeOutline(await readWhole(id));
    const there = OUTLINE_STATES.filter((states) => groups.some((group) => states.includes(group.state)));
    const told = await Promise.all(
      there.map((states) => readStepsInStates(db, differences, { planId: id, states, limit: OUTLINE_STEPS_MAX })),
    );
    const known = new Map([...first.steps, ...told.flat()].map((step) => [step.id, step]));
    for (const step of root) if (step.id === rootId) known.set(step.id, step);
    const steps = [...known.values()].sort((a, b) => a.id - b.id);
    return { plan: { ...record, actions: await rootActionOf(record, steps), steps }, tally };
  }

  /** The action that was asked for by the columns, or another that the records of old rows name. */
  async function rootActionOf(
    { head, actions }: PlanRecord,
    steps: readonly StepRow[],
  ): Promise<readonly ActionHead[]> {
    const { id, rootPlanStepId } = head;
    const actionId = steps.find((step) => step.id === rootPlanStepId)?.actionId ?? 1;
    if (actions.some((action) => action.id === actionId)) return actions;
    const { rows } = await sql<Row>`
      select ${actionColumns(differences)} from dynflow_actions
      where execution_plan_uuid = ${id} and id = ${actionId}`.execute(db);
    return rows.map((row) => actionHead(id, row));
  }

  return {
    whole: readWhole,
    async row(id: string): Promise<PlanParts | null> {
      const [statement] = statements.outline;
      if (!isUuid(id) || statement === undefined) return null;
      const [rows = []] = await together([given(statement, id)]);
      return rows[0] === undefined ? null : decodePlanRow(rawPlanRow(rows[0]));
    },
    async outline(id: string): Promise<PlanOutline | null> {
      if (!isUuid(id)) return null;
      const first = await readFirst(id, "outline");
      if (first === null) return null;
      if (!isWhole(first)) return readLarge(id, first);
      const record = recordOf(first);
      if (missingStepIds(record).length > 0) return wholeOutline(await readOnce(id));
      return { plan: { ...record, actions: await rootActionOf(record, record.steps) }, tally: null };
    },
  };
}

const wholeOutline = (plan: PlanRecord | null): PlanOutline | null => (plan === null ? null : { plan, tally: null });

const actionsAfter = (differences: SqlDifferences, id: string, after: number): RawBuilder<Row> => sql<Row>`
  select ${actionColumns(differences)} from dynflow_actions
  where execution_plan_uuid = ${id} and id > ${after} order by id limit ${ACTIONS_PER_READ}`;

const actionColumns = (differences: SqlDifferences): RawBuilder<unknown> => sql`id, class, plan_step_id, run_step_id,
  finalize_step_id, caller_execution_plan_id, caller_action_id,
  ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}`;

/** Stands for the plan's id in statements that are made once. */
const PLAN_ID = Object.freeze({ placeOf: "plan id" });

const given = (statement: CompiledQuery, id: string): CompiledQuery =>
  CompiledQuery.raw(
    statement.sql,
    statement.parameters.map((value) => (value === PLAN_ID ? id : value)),
  );

/** Of a plan's actions all that there are, up to as many as one statement reads, or the one of its root step. */
type WhichActions = "all" | "root";

/**
 * In the order in which they are run. The tables of delays and dependencies hold no keys: Ruby writes one delay a plan
 * and reads the first; a dependency may be there twice. The caller column of actions stayed `char(36)` when plan ids
 * became `uuid`, so it is compared as text; actions of the JSON era name their own plan as caller, which is not meant.
 */
function statementsOf(db: Database, differences: SqlDifferences, which: WhichActions): readonly CompiledQuery[] {
  const linked = (wanted: string, known: string): RawBuilder<Row> => sql<Row>`
    select distinct ${sql.ref(wanted)} as linked from dynflow_execution_plan_dependencies
    where ${sql.ref(known)} = ${PLAN_ID} order by linked limit ${LINKED_PLANS_MAX}`;
  // Decided once for each statement, by the row that its plan was just read from.
  const isSmall = sql`coalesce((select ${differences.blobLength("step_ids")} from dynflow_execution_plans
    where uuid = ${PLAN_ID}), 0) < ${LARGE_STEP_IDS_BYTES}`;
  const rootActionId = sql`coalesce((select action_id from dynflow_steps where execution_plan_uuid = ${PLAN_ID}
    and id = (select root_plan_step_id from dynflow_execution_plans where uuid = ${PLAN_ID})), 1)`;
  const all: readonly RawBuilder<Row>[] = [
    sql<Row>`
      select ${PLAN_HEAD_COLUMNS}, ${planBlobColumns(differences)} from dynflow_execution_plans
      where uuid = ${PLAN_ID}`,
    sql<Row>`
      select ${stepColumns(differences)} from dynflow_steps
      where execution_plan_uuid = ${PLAN_ID} and ${isSmall} order by id limit ${STEPS_PER_READ}`,
    sql<Row>`
      select ${actionColumns(differences)}
      from dynflow_actions where execution_plan_uuid = ${PLAN_ID}
        and ${which === "all" ? isSmall : sql`id = ${rootActionId}`} order by id limit ${ACTIONS_PER_READ}`,
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
  if (!parts.stepIds.ok || areAsListed(parts.stepIds.value, steps)) return steps;
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
