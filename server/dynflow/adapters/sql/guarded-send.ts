/**
 * Messages whose preconditions are read again in the transaction that stores them, with the plan's row held: what was
 * looked at before may have moved. And the inhibition lock of a halt, which is there exactly when its message is.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb `halt`; coordinator.rb `ExecutionInhibitionLock` (insert = acquire).
 */
import { sql } from "kysely";
import {
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  PLANNING_LOCK_CLASS,
  planLockId,
  worldOwnerId,
} from "#server/dynflow/domain/records.ts";
import type { EnvelopeHandle, SendGuard, SendOutcome } from "#server/dynflow/ports.ts";
import { numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";
import { dropLocks, holdLocks, LOCK_WORDS, Moved, orMoved, putLock } from "./plan-writes.ts";

type Push = (transaction: Database, data: Uint8Array) => Promise<EnvelopeHandle>;

export async function sendGuarded(
  db: Database,
  differences: SqlDifferences,
  guard: SendGuard,
  envelopes: readonly Uint8Array[],
  push: Push,
): Promise<SendOutcome> {
  return orMoved(async () => {
    const handles = await db.transaction().execute(async (transaction) => {
      await holdState(transaction, differences, guard);
      if (guard.executorId === null) await nobodyHolds(transaction, guard);
      else await holdExecutionLock(transaction, differences, guard.planId, guard.executorId);
      await openSteps(transaction, guard);
      if (guard.inhibit !== null) await inhibit(transaction, guard.planId, guard.inhibit);
      const stored: EnvelopeHandle[] = [];
      for (const data of envelopes) stored.push(await push(transaction, data));
      return stored;
    });
    return { applied: true, handles } as const;
  });
}

async function holdState(db: Database, differences: SqlDifferences, { planId, state }: SendGuard): Promise<void> {
  const { rows } = isUuid(planId)
    ? await sql<Row>`
        select state from dynflow_execution_plans where uuid = ${planId} ${differences.forUpdate}`.execute(db)
    : { rows: [] };
  if (rows[0] === undefined) throw new Moved("the plan is gone");
  const found = textCell(rows[0], "state");
  if (found !== state) throw new Moved(`the plan is ${found ?? "in no state"} now, not ${state}`);
}

/**
 * A halt is routed by what is seen here: nobody may take the plan until it is sent. Any other message is refused by the
 * executor itself should somebody be faster.
 */
async function nobodyHolds(db: Database, { planId, inhibit }: SendGuard): Promise<void> {
  const running = [EXECUTION_LOCK_CLASS, PLANNING_LOCK_CLASS];
  if (inhibit !== null) {
    await holdLocks(db, planId, running);
    await dropLocks(db, planId);
    return;
  }
  const { rows } = await sql<Row>`
    select class from dynflow_coordinator_records
    where id = ${planLockId(planId)} and class in (${sql.join([...running, EXECUTION_INHIBITION_LOCK_CLASS])})`.execute(
    db,
  );
  const held = rows[0] === undefined ? null : textCell(rows[0], "class");
  if (held !== null) throw new Moved(LOCK_WORDS[held] ?? `${held} is held`);
}

async function holdExecutionLock(
  db: Database,
  differences: SqlDifferences,
  planId: string,
  executorId: string,
): Promise<void> {
  const { rows } = await sql<Row>`
    select owner_id from dynflow_coordinator_records
    where id = ${planLockId(planId)} and class = ${EXECUTION_LOCK_CLASS} ${differences.forUpdate}`.execute(db);
  if (rows[0] === undefined) throw new Moved("nobody holds the plan's execution lock any more");
  if (textCell(rows[0], "owner_id") !== worldOwnerId(executorId)) {
    throw new Moved("another executor holds the plan's execution lock now");
  }
}

async function openSteps(db: Database, { planId, openStepIds }: SendGuard): Promise<void> {
  if (openStepIds.length === 0) return;
  const { rows } = await sql<Row>`
    select id from dynflow_steps
    where execution_plan_uuid = ${planId} and id in (${sql.join([...openStepIds])}) and state in ('running', 'suspended')
    `.execute(db);
  const open = new Set(rows.map((row) => numberCell(row, "id")));
  const closed = openStepIds.filter((id) => !open.has(id));
  if (closed.length > 0) throw new Moved(`step ${closed.join(", ")} is not running or suspended any more`);
}

async function inhibit(
  db: Database,
  planId: string,
  { data, takeOver }: NonNullable<SendGuard["inhibit"]>,
): Promise<void> {
  const acquired = await putLock(db, planId, EXECUTION_INHIBITION_LOCK_CLASS, planLockId(planId), data);
  if (!acquired && !takeOver) throw new Moved(LOCK_WORDS[EXECUTION_INHIBITION_LOCK_CLASS] ?? "");
}

/** The lock that keeps a plan from being executed; true = it was there. */
export async function dropInhibition(db: Database, planId: string): Promise<boolean> {
  const { rows } = await sql<Row>`
    delete from dynflow_coordinator_records
    where id = ${planLockId(planId)} and class = ${EXECUTION_INHIBITION_LOCK_CLASS} returning id`.execute(db);
  return rows.length > 0;
}

/** Both or neither: a lock without its halt would keep the plan from being resumed for good. */
export async function withdrawHalt(
  db: Database,
  { planId, rowId, releases }: { readonly planId: string; readonly rowId: number; readonly releases: boolean },
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<Row>`delete from dynflow_envelopes where id = ${rowId} returning id`.execute(
      transaction,
    );
    if (rows.length === 0) return false;
    if (releases) await dropInhibition(transaction, planId);
    return true;
  });
}
