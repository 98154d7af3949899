/**
 * What invalidating a dead world writes, in the order and the form in which Ruby does it, but each plan in a
 * transaction of its own: its lock, its new state and the message that has another executor go on come together or not
 * at all, so that a kill of this process at any point leaves nothing half done.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world/invalidation.rb; coordinator.rb `deactivate_world`, `delete_world`;
 * persistence_adapters/sequel.rb `prune_envelopes`, `save_step`, `save_execution_plan`.
 */
import { sql } from "kysely";
import { historyValue, stepErrorValue } from "#server/dynflow/codec/columns.ts";
import { encodeMsgpack } from "#server/dynflow/codec/msgpack-encode.ts";
import type { MsgpackValue } from "#server/dynflow/codec/msgpack-value.ts";
import { fromPayload, toPayload } from "#server/dynflow/codec/payload.ts";
import { decodeExactCell, decodePayloadCell, decodePlanRow } from "#server/dynflow/codec/rows.ts";
import {
  type Abandonment,
  type AbandonOutcome,
  type AbandonWrite,
  abandon,
  abnormalTermination,
  type BlobForm,
  fateOf,
  type InvalidationPair,
} from "#server/dynflow/domain/invalidation.ts";
import type { CoordinatorRecord, PayloadValue, PlanRecord } from "#server/dynflow/domain/model.ts";
import {
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  EXECUTOR_WORLD_CLASS,
  PLANNING_LOCK_CLASS,
  planLockId,
  SINGLETON_ACTION_LOCK_CLASS,
  WORLD_INVALIDATION_LOCK_CLASS,
  worldInvalidationLockId,
  worldOwnerId,
} from "#server/dynflow/domain/records.ts";
import type { EnvelopeHandle, InvalidationWrites } from "#server/dynflow/ports.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { blobCell, blobColumns, flagCell, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";
import { PLAN_HEAD_COLUMNS, PLAN_STEPS_MAX, planBlobColumns, rawPlanRow, stepColumns, stepRow } from "./plan-rows.ts";

const LOCKS_MAX = 10_000;
const INHIBITIONS_MAX = 1_000;
const RECORD_MAX_BYTES = 1024 * 1024;
/** Serialized values are msgpack from this schema on. */
const MSGPACK_SINCE = 22;

interface WritesSource {
  readonly db: Database;
  readonly differences: SqlDifferences;
  /** Row and notification of one envelope, in a transaction of the caller's. */
  push(transaction: Database, receiverId: string, data: Uint8Array): Promise<EnvelopeHandle>;
  /** Runs a call, with whatever the driver throws turned into an `OpsError`. */
  asked<T>(act: () => Promise<T>): Promise<T>;
}

export function createInvalidationWrites(source: WritesSource): InvalidationWrites {
  const { db, differences, asked } = source;

  /** A transaction in which the invalidation lock stays ours. */
  const underLock = <T>(pair: InvalidationPair, write: (transaction: Database) => Promise<T>): Promise<T> =>
    asked(() =>
      db.transaction().execute(async (transaction) => {
        await holdInvalidation(transaction, differences, pair);
        return write(transaction);
      }),
    );

  return {
    begin: (pair) => asked(() => begin(db, differences, pair)),
    heldLocks: (deadWorldId) => asked(() => heldLocks(db, differences, deadWorldId)),
    abandon: (write) => underLock(write, (transaction) => abandonOne(transaction, source, write)),
    deactivate: (pair) => underLock(pair, (transaction) => deactivate(transaction, differences, pair.deadWorldId)),
    pruneInhibitions: (pair) => underLock(pair, pruneInhibitions),
    finish: (pair) => underLock(pair, (transaction) => finish(transaction, differences, pair)),
    giveUp: (pair) => asked(() => releaseInvalidation(db, pair)),
  };
}

/** By what the row says afterwards, not by how the insert failed: which error a duplicate is differs by database. */
async function begin(
  db: Database,
  differences: SqlDifferences,
  pair: InvalidationPair,
): Promise<{ readonly begun: true } | { readonly begun: false; readonly heldBy: string }> {
  const { deadWorldId, invalidatorId } = pair;
  if (!isUuid(deadWorldId) || !isUuid(invalidatorId)) throw new OpsError("invalid-input", "No world id");
  const id = worldInvalidationLockId(deadWorldId);
  const fields: PayloadValue = {
    class: WORLD_INVALIDATION_LOCK_CLASS,
    owner_id: worldOwnerId(invalidatorId),
    world_id: invalidatorId,
    id,
  };
  const form = await blobForm(db);
  const held = await invalidationOwner(db, differences, deadWorldId, false);
  if (held === null) {
    try {
      await sql`
        insert into dynflow_coordinator_records (id, class, owner_id, data)
        values (${id}, ${WORLD_INVALIDATION_LOCK_CLASS}, ${worldOwnerId(invalidatorId)},
          ${cellOf(fromPayload(fields), form)})`.execute(db);
      return { begun: true };
    } catch (cause) {
      if ((await invalidationOwner(db, differences, deadWorldId, false)) === null) throw cause;
    }
  }
  const owner = held ?? (await invalidationOwner(db, differences, deadWorldId, false));
  return owner === worldOwnerId(invalidatorId) ? { begun: true } : { begun: false, heldBy: owner ?? "" };
}

async function invalidationOwner(
  db: Database,
  differences: SqlDifferences,
  deadWorldId: string,
  hold: boolean,
): Promise<string | null> {
  const { rows } = await sql<Row>`
    select owner_id from dynflow_coordinator_records
    where id = ${worldInvalidationLockId(deadWorldId)} and class = ${WORLD_INVALIDATION_LOCK_CLASS}
    ${hold ? differences.forUpdate : sql``}`.execute(db);
  return rows[0] === undefined ? null : (textCell(rows[0], "owner_id") ?? "");
}

async function holdInvalidation(db: Database, differences: SqlDifferences, pair: InvalidationPair): Promise<void> {
  const owner = await invalidationOwner(db, differences, pair.deadWorldId, true);
  if (owner === worldOwnerId(pair.invalidatorId)) return;
  const found = owner === null ? "is gone" : `is held by ${owner}`;
  throw new OpsError("conflict", `Our lock for invalidating this world ${found}: somebody else is at it`);
}

const releaseInvalidation = async (db: Database, { deadWorldId, invalidatorId }: InvalidationPair): Promise<void> => {
  await sql`
    delete from dynflow_coordinator_records
    where id = ${worldInvalidationLockId(deadWorldId)} and class = ${WORLD_INVALIDATION_LOCK_CLASS}
      and owner_id = ${worldOwnerId(invalidatorId)}`.execute(db);
};

async function heldLocks(
  db: Database,
  differences: SqlDifferences,
  deadWorldId: string,
): Promise<readonly CoordinatorRecord[]> {
  const { rows } = await sql<Row>`
    select class, id, owner_id, ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
    from dynflow_coordinator_records
    where owner_id = ${worldOwnerId(deadWorldId)} and class in (${PLANNING_LOCK_CLASS}, ${EXECUTION_LOCK_CLASS})
    order by class desc, id limit ${LOCKS_MAX}`.execute(db);
  return rows.map((row) => ({
    class: textCell(row, "class") ?? "",
    id: textCell(row, "id") ?? "",
    ownerId: textCell(row, "owner_id"),
    data: decodePayloadCell(blobCell(row, "data")),
  }));
}

const LOCK_CLASSES = { planning: PLANNING_LOCK_CLASS, execution: EXECUTION_LOCK_CLASS } as const;

async function abandonOne(db: Database, source: WritesSource, write: AbandonWrite): Promise<AbandonOutcome> {
  const { differences } = source;
  const { planId, lock, deadWorldId } = write;
  const lockClass = LOCK_CLASSES[lock];
  const { rows } = await sql<Row>`
    select owner_id from dynflow_coordinator_records
    where id = ${planLockId(planId)} and class = ${lockClass} ${differences.forUpdate}`.execute(db);
  if (rows[0] === undefined) return { applied: false, why: "lock-gone", reason: "its lock is gone" };
  if (textCell(rows[0], "owner_id") !== worldOwnerId(deadWorldId)) {
    return { applied: false, why: "lock-gone", reason: "another world holds its lock by now" };
  }
  const found = await holdPlan(db, differences, planId);
  if (found.kind === "old") {
    return { applied: false, why: "refused", reason: "rows of it are of an older release: they are not written here" };
  }
  const plan = found.kind === "plan" ? found.plan : null;
  const outcome =
    plan === null ? ({ loadable: false, reason: "the plan is missing" } as const) : abandon(plan, lock, write);
  const form = await blobForm(db);
  if (plan !== null && outcome.loadable) {
    await writePlan(db, planId, plan, outcome.abandonment, form, write);
  }
  await sql`
    delete from dynflow_coordinator_records where id = ${planLockId(planId)} and class = ${lockClass}`.execute(db);
  if (!outcome.loadable) {
    await sql`delete from dynflow_coordinator_records where owner_id = ${planLockId(planId)}`.execute(db);
    return { applied: true, fate: "only-unlocked", failedStepIds: [], reason: outcome.reason };
  }
  const asked = outcome.abandonment.goesOn && (await ask(db, source, write));
  const { failedStepIds } = outcome.abandonment;
  return { applied: true, fate: fateOf(outcome, lock, asked), failedStepIds, reason: null };
}

type HeldPlan = { readonly kind: "plan"; readonly plan: PlanRecord } | { readonly kind: "missing" | "old" };

/** The plan with all its steps, read while nobody else can write its row. */
async function holdPlan(db: Database, differences: SqlDifferences, planId: string): Promise<HeldPlan> {
  if (!isUuid(planId)) return { kind: "missing" };
  const { rows } = await sql<Row>`
    select ${PLAN_HEAD_COLUMNS}, ${planBlobColumns(differences)}, data is not null as old
    from dynflow_execution_plans where uuid = ${planId} ${differences.forUpdate}`.execute(db);
  const row = rows[0];
  if (row === undefined) return { kind: "missing" };
  if (flagCell(row, "old")) return { kind: "old" };
  const { rows: steps } = await sql<Row>`
    select ${stepColumns(differences)}, data is not null as old from dynflow_steps
    where execution_plan_uuid = ${planId} order by id limit ${PLAN_STEPS_MAX}`.execute(db);
  if (steps.some((step) => flagCell(step, "old") && textCell(step, "state") === "running")) return { kind: "old" };
  const parts = decodePlanRow(rawPlanRow(row));
  const links = { actions: [], delayed: null, blockedBy: [], blocks: [], subPlanIds: [] };
  return { kind: "plan", plan: { ...parts, steps: steps.map(stepRow), ...links } };
}

/** Steps first, as Ruby does: a plan is saved after what it rests on. */
async function writePlan(
  db: Database,
  planId: string,
  plan: PlanRecord,
  change: Abandonment,
  form: BlobForm,
  write: AbandonWrite,
): Promise<void> {
  const error = cellOf(stepErrorValue(abnormalTermination(write.backtrace)), form);
  for (const stepId of change.failedStepIds) {
    await sql`
      update dynflow_steps set state = 'error', error = ${error}
      where execution_plan_uuid = ${planId} and id = ${stepId} and state = 'running'`.execute(db);
  }
  await sql`
    update dynflow_execution_plans set state = ${change.state}, result = ${change.result} where uuid = ${planId}`.execute(
    db,
  );
  const before = plan.history.ok ? plan.history.value.length : 0;
  if (change.history.length !== before) {
    await sql`
      update dynflow_execution_plans set execution_history = ${cellOf(historyValue(change.history), form)}
      where uuid = ${planId}`.execute(db);
  }
  if (change.ended !== null) {
    const { at, realTimeSec, executionTimeSec } = change.ended;
    await sql`
      update dynflow_execution_plans set ended_at = ${sqlMillis(at)}, execution_time = ${executionTimeSec},
        real_time = ${realTimeSec ?? plan.head.realTimeSec}
      where uuid = ${planId}`.execute(db);
  }
  for (const [released, lockClass] of [
    [change.releases.singleton, SINGLETON_ACTION_LOCK_CLASS],
    [change.releases.inhibition, EXECUTION_INHIBITION_LOCK_CLASS],
  ] as const) {
    if (!released) continue;
    await sql`
      delete from dynflow_coordinator_records
      where owner_id = ${planLockId(planId)} and class = ${lockClass}`.execute(db);
  }
}

/** True when an executor was asked: its record is there and active in this very transaction. */
async function ask(db: Database, source: WritesSource, { execution }: AbandonWrite): Promise<boolean> {
  if (execution === null) return false;
  const record = await worldRecord(db, source.differences, execution.executorId);
  if (record === null || !isObject(record) || record.active !== true) return false;
  await source.push(db, execution.executorId, execution.envelope);
  return true;
}

/** Of an executor: clients have no such flag. `undefined` when there is no record, `null` when it cannot be read. */
async function worldRecord(db: Database, differences: SqlDifferences, worldId: string): Promise<PayloadValue | null> {
  const { rows } = await sql<Row>`
    select ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)} from dynflow_coordinator_records
    where id = ${worldId} and class = ${EXECUTOR_WORLD_CLASS} ${differences.forUpdate}`.execute(db);
  if (rows[0] === undefined) return null;
  // It is written again but for one flag.
  const data = decodeExactCell(blobCell(rows[0], "data"));
  return data.ok ? data.value : null;
}

async function deactivate(db: Database, differences: SqlDifferences, worldId: string): Promise<void> {
  const record = await worldRecord(db, differences, worldId);
  if (!isObject(record) || record.active !== true) return;
  const data = cellOf(fromPayload({ ...record, active: false }), await blobForm(db));
  await sql`
    update dynflow_coordinator_records set data = ${data}
    where id = ${worldId} and class = ${EXECUTOR_WORLD_CLASS}`.execute(db);
}

async function pruneInhibitions(db: Database): Promise<number> {
  const { rows: locks } = await sql<Row>`
    select id from dynflow_coordinator_records where class = ${EXECUTION_INHIBITION_LOCK_CLASS}
    order by id limit ${INHIBITIONS_MAX}`.execute(db);
  const prefix = planLockId("");
  const planIds = locks
    .map((row) => textCell(row, "id") ?? "")
    .filter((id) => id.startsWith(prefix))
    .map((id) => id.slice(prefix.length))
    .filter(isUuid);
  if (planIds.length === 0) return 0;
  const { rows: stopped } = await sql<Row>`
    select uuid from dynflow_execution_plans where state = 'stopped' and uuid in (${sql.join(planIds)})`.execute(db);
  for (const row of stopped) {
    await sql`
      delete from dynflow_coordinator_records
      where id = ${planLockId(textCell(row, "uuid") ?? "")} and class = ${EXECUTION_INHIBITION_LOCK_CLASS}`.execute(db);
  }
  return stopped.length;
}

async function finish(
  db: Database,
  differences: SqlDifferences,
  pair: InvalidationPair,
): Promise<{ readonly finished: true; readonly envelopes: number } | { readonly finished: false }> {
  const { deadWorldId } = pair;
  if ((await heldLocks(db, differences, deadWorldId)).length > 0) return { finished: false };
  const { rows } = await sql<Row>`
    select count(*) as waiting from dynflow_envelopes where receiver_id = ${deadWorldId}`.execute(db);
  await sql`delete from dynflow_envelopes where receiver_id = ${deadWorldId}`.execute(db);
  await sql`delete from dynflow_coordinator_records where owner_id = ${worldOwnerId(deadWorldId)}`.execute(db);
  await sql`
    delete from dynflow_coordinator_records
    where id = ${deadWorldId} and (class like 'Dynflow::Coordinator::%World')`.execute(db);
  await releaseInvalidation(db, pair);
  return { finished: true, envelopes: rows[0] === undefined ? 0 : countCell(rows[0], "waiting") };
}

/** A count arrives as text from drivers that keep 64 bits. */
const countCell = (row: Row, key: string): number => numberCell(row, key) ?? Number(textCell(row, key) ?? 0);

/** As the database holds serialized values; read in the transaction, so that a migration cannot come in between. */
async function blobForm(db: Database): Promise<BlobForm> {
  const { rows } = await sql<Row>`select version from dynflow_schema_info`.execute(db);
  const version = rows[0] === undefined ? null : numberCell(rows[0], "version");
  if (version === null) throw new OpsError("upstream-malformed", "dynflow_schema_info holds no schema number");
  return version >= MSGPACK_SINCE ? "msgpack" : "json";
}

const cellOf = (value: MsgpackValue, form: BlobForm): Uint8Array | string =>
  form === "msgpack" ? encodeMsgpack(value) : JSON.stringify(toPayload(value));

/** Plans are written with milliseconds, UTC, without zone. */
const sqlMillis = (at: EpochMs): string => toIso(at).replace("T", " ").replace("Z", "");

const isObject = (value: PayloadValue | null): value is { readonly [key: string]: PayloadValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
