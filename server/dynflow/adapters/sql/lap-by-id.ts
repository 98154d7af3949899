import { sql } from "kysely";
import type { LapSlice } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Row, textCell } from "./cells.ts";
import type { Database } from "./differences.ts";
import { isUuid } from "./ids.ts";

const NIL_UUID = "00000000-0000-0000-0000-000000000000";

/** Some rows by primary key. Complete whatever was deleted or rebuilt: ids are random, so news is met anywhere. */
export async function lapById(db: Database, from: string | null, count: number): Promise<LapSlice> {
  if (from !== null && !isUuid(from)) throw new OpsError("invalid-input", "No place of a lap");
  const { rows } = await sql<Row>`
    select uuid, state from dynflow_execution_plans
    where uuid > ${from ?? NIL_UUID} order by uuid limit ${count}`.execute(db);
  const last = rows.length < count ? undefined : rows.at(-1);
  return {
    unfinished: rows.filter((row) => row.state !== "stopped").map((row) => textCell(row, "uuid") ?? ""),
    next: last === undefined ? null : textCell(last, "uuid"),
  };
}
