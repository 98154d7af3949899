/** What a PostgreSQL role may do with a Dynflow database, found out by questions only. */
import { sql } from "kysely";
import { capabilityFindings } from "#server/dynflow/adapters/sql/capability-findings.ts";
import type { Database } from "#server/dynflow/adapters/sql/differences.ts";
import { type Right, rightsNeeded, WRITES, WRITTEN_COLUMNS } from "#server/dynflow/adapters/sql/rights-needed.ts";
import { NEWEST_SCHEMA, readSchemaVersion } from "#server/dynflow/adapters/sql/schema-check.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { openPgConnections, type PostgresSource } from "./pg-connections.ts";
import { pgOpsError } from "./pg-errors.ts";
import { createPostgresStore } from "./postgres-store.ts";

const SCHEMA_TABLE = "dynflow_schema_info";
const ENVELOPE_SEQUENCE = "dynflow_envelopes_id_seq";

interface Place {
  readonly role: string;
  readonly schema: string;
}

/** Connection, rights with the exact GRANTs, and capabilities. Changes nothing: the connection is read-only. */
export async function probePostgres(source: PostgresSource, act: boolean): Promise<readonly Finding[]> {
  const connections = openPgConnections(source, "read-only", 1);
  try {
    const { findings, place } = await probeConnection(connections.db);
    if (place === null) return findings;
    const rights = await probeRights(connections.db, place, act);
    const readable = rights.every((finding) => finding.verdict !== "missing");
    return [...findings, ...rights, ...(readable ? await probeCapabilities(source) : [])];
  } catch (cause) {
    return [found.connection.missing(messageOf(pgOpsError(cause)))];
  } finally {
    await connections.close();
  }
}

async function probeConnection(db: Database): Promise<{ findings: readonly Finding[]; place: Place | null }> {
  const { rows } = await sql<Readonly<Record<string, unknown>>>`
    select current_user::text as role, coalesce(current_schema()::text, '') as schema,
      current_setting('server_version') as version,
      (select rolsuper from pg_roles where rolname = current_user) as superuser,
      (select s.version from pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl) as protocol`.execute(db);
  const [row] = rows;
  if (row === undefined) return { findings: [found.connection.missing("PostgreSQL gave no answer")], place: null };
  const [role, schema] = [String(row.role), String(row.schema)];
  const findings = [
    found.connection.ok(
      `PostgreSQL ${String(row.version)} answers ${role}, schema ${schema || "(none)"}, ${wayOf(row.protocol)}`,
    ),
    ...(row.superuser === true
      ? [found.rights.note(`${role} is a superuser: a role of its own with the rights below is enough`)]
      : []),
  ];
  if (schema !== "") return { findings, place: { role, schema } };
  const text = "no schema of the search_path is there or may be used";
  const remedy = `GRANT USAGE ON SCHEMA public TO ${quoted(role)};`;
  return { findings: [...findings, found.rights.missing(text, remedy)], place: null };
}

/** As the server itself sees the connection. */
const wayOf = (protocol: unknown): string => (typeof protocol === "string" ? `over ${protocol}` : "in the clear");

async function probeRights(db: Database, place: Place, act: boolean): Promise<readonly Finding[]> {
  const first = await probeTable(db, place, SCHEMA_TABLE, ["SELECT"]);
  // What cannot be asked yet is taken to be the newest, less what is not there.
  const version = first.length === 0 ? await readSchemaVersion(db) : null;
  const needs = [...rightsNeeded(version ?? NEWEST_SCHEMA, act)];
  const findings: Finding[] = [];
  for (const [table, rights] of needs) {
    if (version === null && !(await exists(db, table))) continue;
    findings.push(...(await probeTable(db, place, table, rights)));
  }
  if (version === null && findings.length === 0) return first;
  if (act) {
    for (const [table, columns] of Object.entries(WRITTEN_COLUMNS)) {
      findings.push(...(await probeColumns(db, place, table, columns)));
    }
    findings.push(...(await probeSequence(db, place)));
  } else findings.push(...(await probeTooMuch(db, place)));
  const missing = findings.some((finding) => finding.verdict === "missing");
  return missing
    ? findings
    : [found.rights.ok(act ? "may read everything and act" : "may read everything"), ...findings];
}

async function probeTable(db: Database, place: Place, table: string, rights: readonly Right[]) {
  if (!(await exists(db, table))) return [found.capability.missing(`there is no table ${table} in this schema`)];
  const lacking: Right[] = [];
  for (const right of rights) if (!(await may(db, table, right))) lacking.push(right);
  if (lacking.length === 0) return [];
  const remedy = `GRANT ${lacking.join(", ")} ON ${quoted(place.schema)}.${quoted(table)} TO ${quoted(place.role)};`;
  return [found.rights.missing(`may not ${lacking.join(", ")} on ${table}`, remedy)];
}

async function probeColumns(db: Database, place: Place, table: string, columns: readonly string[]) {
  if (!(await exists(db, table))) return [];
  const lacking: string[] = [];
  for (const column of columns) {
    const { rows } = await sql<{ may: boolean }>`
      select has_column_privilege(to_regclass(${table}), ${column}, 'UPDATE') as may`.execute(db);
    if (rows[0]?.may !== true) lacking.push(column);
  }
  if (lacking.length === 0) return [];
  const list = lacking.map(quoted).join(", ");
  const remedy = `GRANT UPDATE (${list}) ON ${quoted(place.schema)}.${quoted(table)} TO ${quoted(place.role)};`;
  return [
    found.rights.missing(`may not skip, cancel or invalidate: UPDATE (${lacking.join(", ")}) on ${table}`, remedy),
  ];
}

async function probeSequence(db: Database, place: Place): Promise<readonly Finding[]> {
  if (!(await exists(db, ENVELOPE_SEQUENCE))) return [];
  const { rows } = await sql<{ may: boolean }>`
    select has_sequence_privilege(to_regclass(${ENVELOPE_SEQUENCE}), 'USAGE') as may`.execute(db);
  if (rows[0]?.may === true) return [];
  const remedy = `GRANT USAGE ON SEQUENCE ${quoted(place.schema)}.${quoted(ENVELOPE_SEQUENCE)} TO ${quoted(place.role)};`;
  return [found.rights.missing(`may not use the sequence ${ENVELOPE_SEQUENCE}`, remedy)];
}

/** With `act: false` nothing is ever written; a role that could not write either is better still. */
async function probeTooMuch(db: Database, { role }: Place): Promise<readonly Finding[]> {
  for (const right of WRITES) {
    if (await may(db, "dynflow_execution_plans", right)) {
      return [found.rights.note(`act is false, and ${role} may ${right} all the same: SELECT would do`)];
    }
  }
  return [];
}

const probeCapabilities = (source: PostgresSource): Promise<readonly Finding[]> =>
  capabilityFindings(createPostgresStore(source), {
    ok: "notifications: changes are seen within milliseconds",
    not: "a standby, without notifications: changes are found by polling, and nothing can be acted on",
  });

async function exists(db: Database, relation: string): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass(${relation}) is not null as there`.execute(db);
  return rows[0]?.there === true;
}

async function may(db: Database, table: string, right: Right): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    select has_table_privilege(to_regclass(${table}), ${right}) as may`.execute(db);
  return rows[0]?.may === true;
}

const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
