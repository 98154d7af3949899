/**
 * Coordinator records and envelopes as a world of Dynflow writes them. Insert = acquire: the primary key decides.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb, coordinator_adapters/sequel.rb `create_record`,
 * connectors/database.rb.
 */
import { sql } from "kysely";
import type { Envelope } from "#server/dynflow/codec/envelope.ts";
import { encodeEnvelope } from "#server/dynflow/codec/envelope-encode.ts";
import { decodePayload, encodePayload } from "#server/dynflow/codec/payload.ts";
import type { CoordinatorRecord } from "#server/dynflow/domain/model.ts";
import { EXECUTION_LOCK_CLASS, planLockId, worldOwnerId } from "#server/dynflow/domain/records.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import {
  bytesCell,
  inList,
  notifyWorld,
  numberCell,
  type Row,
  type SqlDatabase,
  type SqlExecutor,
  textCell,
} from "./sql-database.ts";

export interface NewRecord {
  readonly class: string;
  readonly id: string;
  readonly ownerId: string | null;
  /** Fields besides class, id and owner_id. */
  readonly fields: JsonObject;
}

/** True = it is ours now; false = the key was taken. */
export async function acquire(db: SqlExecutor, record: NewRecord): Promise<boolean> {
  const { rows } = await sql<Row>`
    insert into dynflow_coordinator_records (id, class, owner_id, data)
    values (${record.id}, ${record.class}, ${record.ownerId}, ${dataOf(record)})
    on conflict (id, class) do nothing returning id`.execute(db);
  return rows.length > 0;
}

/** Writes a record anew; false = it was gone, and stays so. */
export async function rewrite(db: SqlExecutor, record: NewRecord): Promise<boolean> {
  const { rows } = await sql<Row>`
    update dynflow_coordinator_records set data = ${dataOf(record)}
    where id = ${record.id} and class = ${record.class} returning id`.execute(db);
  return rows.length > 0;
}

export async function release(db: SqlExecutor, key: { readonly class: string; readonly id: string }): Promise<void> {
  await sql`delete from dynflow_coordinator_records where id = ${key.id} and class = ${key.class}`.execute(db);
}

export async function releaseOwnedBy(db: SqlExecutor, ownerId: string): Promise<void> {
  await sql`delete from dynflow_coordinator_records where owner_id = ${ownerId}`.execute(db);
}

const dataOf = (record: NewRecord): Uint8Array =>
  encodePayload({
    class: record.class,
    ...(record.ownerId === null ? {} : { owner_id: record.ownerId }),
    id: record.id,
    ...record.fields,
  });

export async function recordsOf(db: SqlExecutor, className: string): Promise<readonly CoordinatorRecord[]> {
  const { rows } = await sql<Row>`
    select id, class, owner_id, data from dynflow_coordinator_records where class = ${className} order by id`.execute(
    db,
  );
  return rows.map(toRecord);
}

export async function recordOf(
  db: SqlExecutor,
  key: { readonly class: string; readonly id: string },
): Promise<CoordinatorRecord | null> {
  const { rows } = await sql<Row>`
    select id, class, owner_id, data from dynflow_coordinator_records
    where id = ${key.id} and class = ${key.class}`.execute(db);
  return rows[0] === undefined ? null : toRecord(rows[0]);
}

const toRecord = (row: Row): CoordinatorRecord => ({
  class: textCell(row, "class") ?? "",
  id: textCell(row, "id") ?? "",
  ownerId: textCell(row, "owner_id"),
  data: decodePayload(bytesCell(row, "data")),
});

/** Source: coordinator.rb `ExecutionLock`. */
export const executionLock = (lock: {
  readonly planId: string;
  readonly worldId: string;
  readonly clientWorldId: string;
  readonly requestId: string;
}): NewRecord => ({
  class: EXECUTION_LOCK_CLASS,
  id: planLockId(lock.planId),
  ownerId: worldOwnerId(lock.worldId),
  fields: {
    world_id: lock.worldId,
    execution_plan_id: lock.planId,
    client_world_id: lock.clientWorldId,
    request_id: lock.requestId,
  },
});

/** Stores an envelope for its receiver and wakes it. @throws Error for a message that Ruby could not decode */
export async function pushEnvelope(database: SqlDatabase, envelope: Envelope): Promise<void> {
  const bytes = encodeEnvelope(envelope);
  if (!bytes.ok) throw new Error(`not sent: ${bytes.reason}`);
  await database.db.transaction().execute(async (transaction) => {
    await sql`
      insert into dynflow_envelopes (receiver_id, data) values (${envelope.receiverId}, ${bytes.value})`.execute(
      transaction,
    );
    await notifyWorld(database, transaction, envelope.receiverId);
  });
}

/** Takes all envelopes of a world, in order: they are deleted before anybody has looked into them. */
export async function pullEnvelopes(db: SqlExecutor, worldId: string): Promise<readonly Uint8Array[]> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<Row>`
      select id, data from dynflow_envelopes where receiver_id = ${worldId} order by id`.execute(transaction);
    if (rows.length === 0) return [];
    const ids = rows.map((row) => numberCell(row, "id") ?? 0);
    await sql`delete from dynflow_envelopes where id in ${inList(ids)}`.execute(transaction);
    return rows.map((row) => bytesCell(row, "data") ?? new Uint8Array());
  });
}

export async function deleteInbox(db: SqlExecutor, worldId: string): Promise<void> {
  await sql`delete from dynflow_envelopes where receiver_id = ${worldId}`.execute(db);
}
