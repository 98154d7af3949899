import { sql } from "kysely";
import type { Row } from "./cells.ts";
import type { Database } from "./differences.ts";

/** For dialects with RETURNING: one statement, so whoever deletes a row is the one who got it. */
export async function takeEnvelopes(db: Database, receiverId: string, max: number): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    delete from dynflow_envelopes where id in (
      select id from dynflow_envelopes where receiver_id = ${receiverId} order by id limit ${max}
    ) returning id, data`.execute(db);
  return rows;
}
