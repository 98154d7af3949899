/**
 * The few writes to plans that no message can ask for. Each is one transaction that holds the lock under which an executor,
 * or a planner, would begin: theirs waits for our end, or ours is refused. It is gone before anybody can see it.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `skip`; delayed_plan.rb `cancel`; coordinator.rb
 * `ExecutionLock`, `PlanningLock` (insert = acquire); director.rb `halt_execution`.
 */
import { sql } from "kysely";
import {
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  PLANNING_LOCK_CLASS,
  planLockId,
} from "#server/dynflow/domain/records.ts";
import { resultAfterSkip } from "#server/dynflow/domain/skip.ts";
import type { EnvelopeHandle, ScheduledCancelWrite, SkipWrite } from "#server/dynflow/ports.ts";
import { flagCell, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";

/** Ends the transaction without a trace: something it rests on has moved. */
export class Moved extends Error {}

export const LOCK_WORDS: Readonly<Record<string, string>> = {
  [EXECUTION_LOCK_CLASS]: "an executor holds the plan's execution lock",
  [PLANNING_LOCK_CLASS]: "a world is planning it",
  [EXECUTION_INHIBITION_LOCK_CLASS]: "its execution is inhibited: someone asked for a halt",
};
const EMPTY = new Uint8Array();

export async function writeSkip(
  db: Database,
  differences: SqlDifferences,
  { planId, changes, listedStepIds }: SkipWrite,
): Promise<{ readonly applied: true } | { readonly applied: false; readonly reason: string }> {
  return orMoved(async () => {
    await db.transaction().execute(async (transaction) => {
      await holdPlan(transaction, differences, planId, "paused");
      await holdLocks(transaction, planId, [
        EXECUTION_LOCK_CLASS,
        PLANNING_LOCK_CLASS,
        EXECUTION_INHIBITION_LOCK_CLASS,
      ]);
      for (const { stepId, from, to } of changes) {
        const done = to === "skipped" ? sql`, progress_done = 1` : sql``;
        const { rows } = await sql<Row>`
          update dynflow_steps set state = ${to}${done}
          where execution_plan_uuid = ${planId} and id = ${stepId} and state = ${from} and data is null
          returning id`.execute(transaction);
        if (rows.length !== 1) throw new Moved(`step ${stepId} is not in state ${from} any more`);
      }
      const { rows: steps } = await sql<Row>`
        select id, state from dynflow_steps where execution_plan_uuid = ${planId}`.execute(transaction);
      const listed = new Set(listedStepIds);
      const own = steps
        .map((row) => ({ id: numberCell(row, "id") ?? 0, state: textCell(row, "state") ?? "" }))
        .filter((step) => listed.has(step.id));
      // The changes are made already: the result is that of the steps as they stand.
      await sql`
        update dynflow_execution_plans set result = ${resultAfterSkip(own, [])} where uuid = ${planId}`.execute(
        transaction,
      );
      await dropLocks(transaction, planId);
    });
    return { applied: true } as const;
  });
}

/** True when the row changed. The poller reads only rows that are not frozen. */
export async function writeFrozen(db: Database, planId: string, frozen: boolean): Promise<boolean> {
  if (!isUuid(planId)) return false;
  const { rows } = await sql<Row>`
    update dynflow_delayed_plans set frozen = ${frozen}
    where execution_plan_uuid = ${planId} and frozen = ${!frozen} returning execution_plan_uuid`.execute(db);
  return rows.length > 0;
}

export async function writeScheduledCancel(
  db: Database,
  differences: SqlDifferences,
  write: ScheduledCancelWrite,
  push: (transaction: Database, receiverId: string, data: Uint8Array) => Promise<EnvelopeHandle>,
): Promise<
  { readonly applied: true; readonly handle: EnvelopeHandle } | { readonly applied: false; readonly reason: string }
> {
  const { planId, rootStepId, inhibition, executorId, halt } = write;
  return orMoved(async () => {
    const handle = await db.transaction().execute(async (transaction) => {
      await holdPlan(transaction, differences, planId, "scheduled");
      await holdLocks(transaction, planId, [PLANNING_LOCK_CLASS, EXECUTION_LOCK_CLASS]);
      const { rows: delays } = await sql<Row>`
        select frozen from dynflow_delayed_plans where execution_plan_uuid = ${planId}`.execute(transaction);
      if (delays[0] === undefined || !flagCell(delays[0], "frozen"))
        throw new Moved("its delay is not frozen any more");
      const { rows } = await sql<Row>`
        update dynflow_steps set state = 'cancelled'
        where execution_plan_uuid = ${planId} and id = ${rootStepId} and state in ('pending', 'cancelled')
          and data is null
        returning id`.execute(transaction);
      if (rows.length !== 1) throw new Moved("its root plan step is not pending any more");
      await dropLocks(transaction, planId);
      await putLock(transaction, planId, EXECUTION_INHIBITION_LOCK_CLASS, planLockId(planId), inhibition);
      return push(transaction, executorId, halt);
    });
    return { applied: true, handle } as const;
  });
}

export async function orMoved<T>(
  write: () => Promise<T>,
): Promise<T | { readonly applied: false; readonly reason: string }> {
  try {
    return await write();
  } catch (cause) {
    if (cause instanceof Moved) return { applied: false, reason: cause.message };
    throw cause;
  }
}

/** A row whose `data` is set is read from that, not from its columns: it is left alone. */
async function holdPlan(db: Database, differences: SqlDifferences, planId: string, state: string): Promise<void> {
  const { rows } = isUuid(planId)
    ? await sql<Row>`
        select state, data is not null as old from dynflow_execution_plans
        where uuid = ${planId} ${differences.forUpdate}`.execute(db)
    : { rows: [] };
  const row = rows[0];
  if (row === undefined) throw new Moved("the plan is gone");
  const found = textCell(row, "state");
  if (found !== state) throw new Moved(`the plan is ${found ?? "in no state"}, not ${state}`);
  if (flagCell(row, "old")) throw new Moved("the plan's row is of an older release: it is not written here");
}

/** Takes each of these locks of the plan for the time of the transaction. */
export async function holdLocks(db: Database, planId: string, classes: readonly string[]): Promise<void> {
  for (const name of classes) {
    if (!(await putLock(db, planId, name, null, EMPTY))) throw new Moved(LOCK_WORDS[name] ?? `${name} is held`);
  }
}

/** Insert = acquire; false = somebody holds it. */
export async function putLock(
  db: Database,
  planId: string,
  name: string,
  ownerId: string | null,
  data: Uint8Array,
): Promise<boolean> {
  const { rows } = await sql<Row>`
    insert into dynflow_coordinator_records (id, class, owner_id, data)
    values (${planLockId(planId)}, ${name}, ${ownerId}, ${data})
    on conflict (id, class) do nothing returning id`.execute(db);
  return rows.length > 0;
}

/** Only those that `holdLocks` has put there: others have data. */
export async function dropLocks(db: Database, planId: string): Promise<void> {
  await sql`
    delete from dynflow_coordinator_records where id = ${planLockId(planId)} and data = ${EMPTY}`.execute(db);
}
