/** Coordinator records: keys often, contents only of those that are new. */
import { sql } from "kysely";
import { decodePayloadCell } from "#server/dynflow/codec/rows.ts";
import type { CoordinatorRecord } from "#server/dynflow/domain/model.ts";
import type { RecordKey } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { blobCell, blobColumns, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";

const RECORDS_MAX = 10_000;
const RECORDS_A_STATEMENT = 500;
const RECORD_MAX_BYTES = 1024 * 1024;

/** All keys, by class and id, so that the bound always cuts the same ones. */
export async function readRecordKeys(db: Database, differences: SqlDifferences): Promise<readonly RecordKey[]> {
  const { rows } = await sql<Row>`
    select class, id from dynflow_coordinator_records
    order by ${differences.bytewise("class")}, ${differences.bytewise("id")} limit ${RECORDS_MAX}`.execute(db);
  return rows.map((row) => ({ class: textCell(row, "class") ?? "", id: textCell(row, "id") ?? "" }));
}

/** By primary key, one class at a time; those that are gone are left out. */
export async function readRecords(
  db: Database,
  differences: SqlDifferences,
  keys: readonly RecordKey[],
): Promise<readonly CoordinatorRecord[]> {
  if (keys.length > RECORDS_MAX) throw new OpsError("limit-exceeded", `At most ${RECORDS_MAX} records at once`);
  const records: CoordinatorRecord[] = [];
  for (const [name, group] of Map.groupBy(keys, (key) => key.class)) {
    for (let at = 0; at < group.length; at += RECORDS_A_STATEMENT) {
      const ids = group.slice(at, at + RECORDS_A_STATEMENT).map((key) => key.id);
      records.push(...(await readClass(db, differences, name, ids)));
    }
  }
  return records;
}

async function readClass(
  db: Database,
  differences: SqlDifferences,
  name: string,
  ids: readonly string[],
): Promise<readonly CoordinatorRecord[]> {
  const { rows } = await sql<Row>`
    select class, id, owner_id, ${blobColumns(differences, "data", "data", RECORD_MAX_BYTES)}
    from dynflow_coordinator_records where class = ${name} and id in (${sql.join(ids)})`.execute(db);
  return rows.map((row) => ({
    class: textCell(row, "class") ?? "",
    id: textCell(row, "id") ?? "",
    ownerId: textCell(row, "owner_id"),
    data: decodePayloadCell(blobCell(row, "data")),
  }));
}
