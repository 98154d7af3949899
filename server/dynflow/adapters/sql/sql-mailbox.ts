/**
 * The mailbox of our own client world over any SQL dialect: these, and those of `plan-writes.ts`, are the only
 * statements of this project that write to Dynflow.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/persistence_adapters/sequel.rb (`push_envelope`, `pull_envelopes`,
 * `insert_coordinator_record`), connectors/database.rb (`send_envelope`, NOTIFY), coordinator.rb `delete_world`.
 */
import { sql } from "kysely";
import { worldOwnerId } from "#server/dynflow/domain/records.ts";
import type { DynflowMailbox } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { blobCell, numberCell, type Row } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { dropInhibition, sendGuarded, withdrawHalt } from "./guarded-send.ts";
import { isUuid } from "./ids.ts";
import { createInvalidationWrites } from "./invalidation-writes.ts";
import { writeFrozen, writeScheduledCancel, writeSkip } from "./plan-writes.ts";

/** Envelopes taken by one pull; what is left is taken by the next. */
const PULL_MAX = 1_000;

export interface SqlMailboxSource {
  readonly db: Database;
  readonly differences: SqlDifferences;
  readonly listen: DynflowMailbox["listen"];
  toOpsError(cause: unknown): OpsError;
  close(): Promise<void>;
}

export function createSqlMailbox(source: SqlMailboxSource): DynflowMailbox {
  const { db } = source;
  const asked = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      throw cause instanceof OpsError ? cause : source.toOpsError(cause);
    }
  };
  return {
    register: (world) => asked(() => putRecord(db, world)),
    registered: (worldId) => asked(() => hasRecord(db, worldId)),
    send: (receiverId, data) =>
      asked(() => source.db.transaction().execute((db) => push(source, db, receiverId, data))),
    skip: (write) => asked(() => writeSkip(db, source.differences, write)),
    freeze: (planId, frozen) => asked(() => writeFrozen(db, planId, frozen)),
    cancelScheduled: (write) =>
      asked(() =>
        writeScheduledCancel(db, source.differences, write, (transaction, receiverId, data) =>
          push(source, transaction, receiverId, data),
        ),
      ),
    sendGuarded: (guard, receiverId, envelopes) =>
      asked(() =>
        sendGuarded(db, source.differences, guard, envelopes, (transaction, data) =>
          push(source, transaction, receiverId, data),
        ),
      ),
    withdrawHalt: (halt) => asked(() => withdrawHalt(db, halt)),
    releaseInhibition: (planId) => asked(() => dropInhibition(db, planId)),
    withdraw: (handle) => asked(() => withdraw(db, handle.rowId)),
    pull: (worldId, beforeGone) =>
      asked(() =>
        db.transaction().execute(async (transaction) => {
          const envelopes = await pull(transaction, source.differences, worldId);
          if (envelopes.length > 0) await beforeGone?.(envelopes);
          return envelopes;
        }),
      ),
    listen: (worldId, onNotify, onLost) => asked(() => source.listen(worldId, onNotify, onLost)),
    leave: (worldId) => asked(() => leave(db, worldId)),
    invalidation: createInvalidationWrites({
      db,
      differences: source.differences,
      push: (transaction, receiverId, data) => push(source, transaction, receiverId, data),
      asked,
    }),
    close: () => source.close(),
  };
}

/** Another process that rewrote our record (Ruby does after a Pong) is overwritten: the last writer wins there, too. */
async function putRecord(db: Database, world: Parameters<DynflowMailbox["register"]>[0]): Promise<void> {
  await sql`
    insert into dynflow_coordinator_records (id, class, owner_id, data)
    values (${world.id}, ${world.class}, null, ${world.data})
    on conflict (id, class) do update set data = excluded.data, owner_id = null`.execute(db);
}

async function hasRecord(db: Database, worldId: string): Promise<boolean> {
  const { rows } = await sql<Row>`
    select id from dynflow_coordinator_records where id = ${worldId} limit 1`.execute(db);
  return rows.length > 0;
}

/** Row and notification, in a transaction of the caller's: the receiver is woken exactly when the row is there. */
async function push(
  source: SqlMailboxSource,
  transaction: Database,
  receiverId: string,
  data: Uint8Array,
): Promise<{ rowId: number }> {
  if (!isUuid(receiverId)) throw new OpsError("invalid-input", "The receiver is no world id");
  const { rows } = await sql<Row>`
    insert into dynflow_envelopes (receiver_id, data) values (${receiverId}, ${data}) returning id`.execute(
    transaction,
  );
  const rowId = rows[0] === undefined ? null : numberCell(rows[0], "id");
  if (rowId === null) throw new OpsError("upstream-malformed", "The database gave the new envelope no id");
  await source.differences.notify(transaction, worldOwnerId(receiverId));
  return { rowId };
}

async function withdraw(db: Database, rowId: number): Promise<boolean> {
  const { rows } = await sql<Row>`delete from dynflow_envelopes where id = ${rowId} returning id`.execute(db);
  return rows.length > 0;
}

/** Whoever deletes a row is the one who got it. */
async function pull(db: Database, differences: SqlDifferences, worldId: string): Promise<readonly Uint8Array[]> {
  const rows = await differences.takeEnvelopes(db, worldId, PULL_MAX);
  return rows
    .map((row) => ({ id: numberCell(row, "id") ?? 0, data: blobCell(row, "data").bytes }))
    .sort((a, b) => a.id - b.id)
    .map(({ data }) => data ?? new Uint8Array());
}

/** Locks before the record, as Ruby does: a lock never outlives the world that owns it. */
async function leave(db: Database, worldId: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`
      delete from dynflow_coordinator_records where owner_id = ${worldOwnerId(worldId)}`.execute(transaction);
    await sql`delete from dynflow_coordinator_records where id = ${worldId}`.execute(transaction);
    await sql`delete from dynflow_envelopes where receiver_id = ${worldId}`.execute(transaction);
  });
}
