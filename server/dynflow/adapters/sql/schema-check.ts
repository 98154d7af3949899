import { sql } from "kysely";
import { OpsError } from "#server/kernel/errors.ts";
import { numberCell, type Row } from "./cells.ts";
import type { Database } from "./differences.ts";

/** Dynflow 0.8.0 to 2.0. Others are refused rather than half read. */
export const OLDEST_SCHEMA = 5;
export const NEWEST_SCHEMA = 25;

/**
 * The schema number of a database that we can read.
 *
 * @throws OpsError `upstream-malformed` when it is another, or no Dynflow database at all
 */
export async function readSchemaVersion(db: Database): Promise<number> {
  const { rows } = await sql<Row>`select version from dynflow_schema_info limit 2`.execute(db);
  const version = rows[0] === undefined ? null : numberCell(rows[0], "version");
  if (rows.length !== 1 || version === null) {
    throw new OpsError("upstream-malformed", "dynflow_schema_info does not hold exactly one schema number");
  }
  if (version >= OLDEST_SCHEMA && version <= NEWEST_SCHEMA) return version;
  throw new OpsError(
    "upstream-malformed",
    `The Dynflow database has schema ${version}; this release reads schemas ${OLDEST_SCHEMA} to ${NEWEST_SCHEMA} (Dynflow 0.8 to 2.0)`,
  );
}
