/** Envelopes that wait: how many for whom, and the first of them; read only while somebody looks. */
import { sql } from "kysely";
import { decodeEnvelope } from "#server/dynflow/codec/envelope-decode.ts";
import { saidBy } from "#server/dynflow/codec/envelope-said.ts";
import type { WaitingEnvelope, WaitingEnvelopes } from "#server/dynflow/domain/envelope-view.ts";
import { blobCell, blobColumns, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";

const ENVELOPE_MAX_BYTES = 64 * 1024;
const RECEIVERS_MAX = 200;
export const ENVELOPES_SHOWN_MAX = 200;
/** Rows that are counted at most: a table that nobody empties must not cost more than a look. */
const COUNTED_MAX = 20_000;

/** In order of id, which is the order in which they are taken. */
export async function readEnvelopes(
  db: Database,
  differences: SqlDifferences,
  receiverId: string | null,
  limit: number,
): Promise<WaitingEnvelopes> {
  const { rows: receivers } = await sql<Row>`
    select receiver_id, count(*) as waiting, min(id) as first_id from (
      select id, receiver_id from dynflow_envelopes order by id limit ${COUNTED_MAX}
    ) counted group by receiver_id order by min(id) limit ${RECEIVERS_MAX}`.execute(db);
  const counted = receivers.map((row) => ({
    receiverId: textCell(row, "receiver_id")?.trim() ?? "",
    count: countOf(row, "waiting"),
  }));
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  return {
    receivers: counted,
    countedAll: total < COUNTED_MAX && receivers.length < RECEIVERS_MAX,
    envelopes: await firstOf(
      db,
      differences,
      receiverId,
      Math.min(Math.max(1, Math.trunc(limit)), ENVELOPES_SHOWN_MAX),
    ),
  };
}

async function firstOf(
  db: Database,
  differences: SqlDifferences,
  receiverId: string | null,
  limit: number,
): Promise<readonly WaitingEnvelope[]> {
  if (receiverId !== null && !isUuid(receiverId)) return [];
  const only = receiverId === null ? sql`` : sql`where receiver_id = ${receiverId}`;
  const { rows } = await sql<Row>`
    select id, receiver_id, ${blobColumns(differences, "data", "data", ENVELOPE_MAX_BYTES)}
    from dynflow_envelopes ${only} order by id limit ${limit}`.execute(db);
  return rows.map((row) => {
    const { bytes, length } = blobCell(row, "data");
    const tooLong = { ok: false, reason: `${length ?? 0} bytes are more than is read`, bytes: length ?? 0 } as const;
    return {
      rowId: numberCell(row, "id") ?? 0,
      receiverId: textCell(row, "receiver_id")?.trim() ?? "",
      bytes: length ?? 0,
      head: Buffer.from((bytes ?? new Uint8Array()).subarray(0, HEAD_BYTES)).toString("hex"),
      said: bytes === null ? tooLong : saidBy(decodeEnvelope(bytes)),
    };
  });
}

/** Shown of one that cannot be decoded. */
const HEAD_BYTES = 64;
/** A count arrives as text from drivers that keep 64 bits. */
const countOf = (row: Row, key: string): number => numberCell(row, key) ?? Number(textCell(row, key) ?? 0);
