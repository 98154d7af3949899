/** The payloads of one action, read only when someone opens it. */
import { sql } from "kysely";
import { decodeActionPayloads, decodePayloadCell } from "#server/dynflow/codec/rows.ts";
import type { ActionPayload, OutputChunk } from "#server/dynflow/domain/model.ts";
import { blobCell, blobColumns, instantCell, numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";

const PAYLOAD_MAX_BYTES = 4 * 1024 * 1024;
const CHUNK_MAX_BYTES = 64 * 1024;
/** Chunks of one answer; the rest is had by asking again after the last one's id. */
const CHUNKS_MAX = 200;
const INT32_MAX = 2_147_483_647;

const isInt32 = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= INT32_MAX;

/** Input, output and the chunks after `chunksAfter` (an id; 0 = from the first), by primary key and by index. */
export async function readAction(
  db: Database,
  differences: SqlDifferences,
  planId: string,
  actionId: number,
  chunksAfter: number,
): Promise<ActionPayload | null> {
  if (!isUuid(planId) || !isInt32(actionId) || !isInt32(chunksAfter)) return null;
  const { rows } = await sql<Row>`
    select ${blobColumns(differences, "input", "input", PAYLOAD_MAX_BYTES)},
      ${blobColumns(differences, "output", "output", PAYLOAD_MAX_BYTES)},
      ${blobColumns(differences, "data", "data", PAYLOAD_MAX_BYTES)}
    from dynflow_actions where execution_plan_uuid = ${planId} and id = ${actionId}`.execute(db);
  const row = rows[0];
  if (row === undefined) return null;
  const chunks = await readChunks(db, differences, planId, actionId, chunksAfter);
  const blobs = { input: blobCell(row, "input"), output: blobCell(row, "output"), data: blobCell(row, "data") };
  return {
    ...decodeActionPayloads(blobs),
    inputBytes: blobs.data.length ?? blobs.input.length ?? 0,
    outputBytes: blobs.data.length ?? blobs.output.length ?? 0,
    chunks: chunks.slice(0, CHUNKS_MAX),
    chunksCut: chunks.length > CHUNKS_MAX,
  };
}

/** In order of id, as Ruby shows them (`sequel.rb` `load_output_chunks`), one more than an answer holds. */
async function readChunks(
  db: Database,
  differences: SqlDifferences,
  planId: string,
  actionId: number,
  after: number,
): Promise<readonly OutputChunk[]> {
  const { rows } = await sql<Row>`
    select id, kind, ${sql.ref("timestamp")}, ${blobColumns(differences, "chunk", "chunk", CHUNK_MAX_BYTES)}
    from dynflow_output_chunks
    where execution_plan_uuid = ${planId} and action_id = ${actionId} and id > ${after}
    order by id limit ${CHUNKS_MAX + 1}`.execute(db);
  return rows.map((row) => ({
    id: numberCell(row, "id") ?? 0,
    kind: textCell(row, "kind"),
    timestamp: instantCell(row, "timestamp") ?? "",
    chunk: decodePayloadCell(blobCell(row, "chunk")),
  }));
}
