import { sql } from "kysely";
import { OpsError } from "#server/kernel/errors.ts";
import { numberCell, type Row } from "./cells.ts";
import type { Database } from "./differences.ts";

/** Schema 25 is Dynflow 2.0. Others differ in tables and serialization and are refused rather than half read. */
export const SUPPORTED_SCHEMA_VERSIONS: readonly number[] = [25];

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
  if (SUPPORTED_SCHEMA_VERSIONS.includes(version)) return version;
  const known = SUPPORTED_SCHEMA_VERSIONS.join(", ");
  throw new OpsError(
    "upstream-malformed",
    `The Dynflow database has schema ${version}; this release reads schema ${known} (Dynflow 2.0)`,
  );
}
