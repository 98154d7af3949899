/**
 * What a MySQL or MariaDB account may do with a Dynflow database, found out without changing anything: in a read-only
 * session the server refuses a write for its own sake only after it has looked whether the account may make it.
 */
import { sql } from "kysely";
import { capabilityFindings } from "#server/dynflow/adapters/sql/capability-findings.ts";
import type { Database } from "#server/dynflow/adapters/sql/differences.ts";
import { type Right, rightsNeeded, WRITES, WRITTEN_COLUMNS } from "#server/dynflow/adapters/sql/rights-needed.ts";
import { NEWEST_SCHEMA, readSchemaVersion } from "#server/dynflow/adapters/sql/schema-check.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { type MysqlSource, openMysqlConnections } from "./mysql-connections.ts";
import { mysqlDifferences } from "./mysql-differences.ts";
import { mysqlOpsError } from "./mysql-errors.ts";
import { createMysqlStore } from "./mysql-store.ts";

const SCHEMA_TABLE = "dynflow_schema_info";
const DENIED: ReadonlySet<unknown> = new Set([1142, 1143]);
const READ_ONLY = 1792;
const NO_TABLE = 1146;

interface Place {
  /** As GRANT wants it: `` `user`@`host` ``. */
  readonly account: string;
  readonly database: string;
}

/** Connection, rights with the exact GRANTs, and capabilities. Changes nothing: the session is read-only. */
export async function probeMysql(source: MysqlSource, act: boolean): Promise<readonly Finding[]> {
  const connections = openMysqlConnections(source, "read-only", 1);
  try {
    const { finding, place } = await probeConnection(connections.db);
    const rights = await probeRights(connections.db, place, act);
    const readable = rights.every((each) => each.verdict !== "missing");
    return [finding, ...rights, ...(readable ? await probeCapabilities(source) : [])];
  } catch (cause) {
    return [found.connection.missing(messageOf(cause instanceof OpsError ? cause : mysqlOpsError(cause)))];
  } finally {
    await connections.close();
  }
}

async function probeConnection(db: Database): Promise<{ readonly finding: Finding; readonly place: Place }> {
  const { rows } = await sql<Readonly<Record<string, unknown>>>`
    select current_user() as account, database() as name, version() as version`.execute(db);
  const account = String(rows[0]?.account);
  const at = account.lastIndexOf("@");
  const place = {
    account: `${quoted(account.slice(0, at))}@${quoted(account.slice(at + 1))}`,
    database: String(rows[0]?.name),
  };
  const version = String(rows[0]?.version);
  const status = await sql<Readonly<Record<string, unknown>>>`show session status like 'Ssl_version'`.execute(db);
  const protocol = String(status.rows[0]?.Value ?? "");
  const way = protocol === "" ? "in the clear" : `over ${protocol}`;
  const product = /mariadb/i.test(version) ? "MariaDB" : "MySQL";
  return {
    finding: found.connection.ok(`${product} ${version} answers ${account}, database ${place.database}, ${way}`),
    place,
  };
}

async function probeRights(db: Database, place: Place, act: boolean): Promise<readonly Finding[]> {
  const first = await probeTable(db, place, SCHEMA_TABLE, ["SELECT"]);
  if (first.some((finding) => finding.area === "capability")) return first;
  const findings: Finding[] = [];
  // What cannot be asked yet is taken to be the newest.
  const needs = rightsNeeded(first.length === 0 ? await readSchemaVersion(db) : NEWEST_SCHEMA, act);
  for (const [table, rights] of needs) findings.push(...(await probeTable(db, place, table, rights)));
  if (act) {
    const written = Object.entries(WRITTEN_COLUMNS).filter(([table]) => needs.has(table));
    for (const [table, columns] of written) findings.push(...(await probeColumns(db, place, table, columns)));
  } else findings.push(...(await probeTooMuch(db, place)));
  return findings.some((finding) => finding.verdict === "missing")
    ? findings
    : [found.rights.ok(act ? "may read everything and act" : "may read everything"), ...findings];
}

/** A table of which one may do nothing at all is not to be told from one that is not there: the server says of both alike. */
async function probeTable(
  db: Database,
  place: Place,
  table: string,
  rights: readonly Right[],
): Promise<readonly Finding[]> {
  const lacking: Right[] = [];
  for (const right of rights) {
    const answer = await may(db, table, right);
    if (answer === "no table") return [found.capability.missing(`there is no table ${table} in this database`)];
    if (answer === "no") lacking.push(right);
  }
  if (lacking.length === 0) return [];
  return [found.rights.missing(`may not ${lacking.join(", ")} on ${table}`, grant(lacking.join(", "), place, table))];
}

async function probeColumns(
  db: Database,
  place: Place,
  table: string,
  columns: readonly string[],
): Promise<readonly Finding[]> {
  const lacking = (await may(db, table, "UPDATE")) === "yes" ? await columnsLacking(db, table, columns) : columns;
  if (lacking.length === 0) return [];
  const text = `may not skip, cancel or invalidate: UPDATE (${lacking.join(", ")}) on ${table}`;
  return [found.rights.missing(text, grant(`UPDATE (${lacking.map(quoted).join(", ")})`, place, table))];
}

/** Where the right is one of columns, the server keeps a list of them; elsewhere it is one of the whole table. */
async function columnsLacking(db: Database, table: string, columns: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<Readonly<Record<string, unknown>>>`
    select column_name as name from information_schema.column_privileges
    where table_schema = database() and table_name = ${table} and privilege_type = 'UPDATE'
      and not exists (
        select 1 from information_schema.table_privileges t
        where t.table_schema = database() and t.table_name = ${table} and t.privilege_type = 'UPDATE')
      and not exists (
        select 1 from information_schema.schema_privileges s
        where database() like s.table_schema and s.privilege_type = 'UPDATE')
      and not exists (select 1 from information_schema.user_privileges u where u.privilege_type = 'UPDATE')`.execute(
    db,
  );
  const granted = new Set(rows.map((row) => String(row.name)));
  return granted.size === 0 ? [] : columns.filter((column) => !granted.has(column));
}

/** With `act: false` nothing is ever written; an account that could not write either is better still. */
async function probeTooMuch(db: Database, { account }: Place): Promise<readonly Finding[]> {
  for (const right of WRITES) {
    if ((await may(db, "dynflow_execution_plans", right)) === "yes") {
      return [found.rights.note(`act is false, and ${account} may ${right} all the same: SELECT would do`)];
    }
  }
  return [];
}

/** Statements that would change nothing even if they were run. */
const QUESTIONS: Readonly<Record<Right, (table: string) => string>> = {
  SELECT: (table) => `select 1 from ${table} where 1 = 0`,
  INSERT: (table) => `insert into ${table} select * from ${table} where 1 = 0`,
  UPDATE: (table) => `update ${table} set ${UPDATED[table] ?? "state"} = null where 1 = 0`,
  DELETE: (table) => `delete from ${table} where 1 = 0`,
};
const UPDATED: Readonly<Record<string, string>> = {
  dynflow_coordinator_records: "data",
  dynflow_envelopes: "data",
  dynflow_delayed_plans: "frozen",
};

async function may(db: Database, table: string, right: Right): Promise<"yes" | "no" | "no table"> {
  try {
    await sql.raw(QUESTIONS[right](table)).execute(db);
    return "yes";
  } catch (cause) {
    const errno = cause instanceof Error && "errno" in cause ? cause.errno : null;
    if (errno === READ_ONLY) return "yes";
    if (DENIED.has(errno)) return "no";
    if (errno === NO_TABLE) return "no table";
    throw cause;
  }
}

const probeCapabilities = (source: MysqlSource): Promise<readonly Finding[]> =>
  capabilityFindings(createMysqlStore(source), {
    ok: "",
    not: `no notifications on ${mysqlDifferences.name}: changes are found by polling, as Dynflow's own worlds find them here`,
  });

const grant = (rights: string, { account, database }: Place, table: string): string =>
  `GRANT ${rights} ON ${quoted(database)}.${quoted(table)} TO ${account};`;

const quoted = (identifier: string): string => `\`${identifier.replaceAll("`", "``")}\``;
