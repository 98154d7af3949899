/** HAF's tables in a database of a test, and the steps of the recording in them. */
import { readFileSync } from "node:fs";
import type { Client } from "pg";
import { z } from "zod";
import { execute, type TestPostgres } from "#scripts/testing/postgres.ts";
import { blocksOf, parseRecording, recordingText } from "#server/demo/haf/recording.ts";

export const HAF_RELEASES = ["1.28.4", "1.27.11", "before-status"] as const;
export type HafRelease = (typeof HAF_RELEASES)[number];

const DDL: Readonly<Record<HafRelease, readonly string[]>> = {
  "1.28.4": ["tables-1.28.4.sql"],
  "1.27.11": ["tables-1.27.11.sql"],
  "before-status": ["tables-1.27.11.sql", "tables-before-status.sql"],
};
/** Logs in as the console does; a member of HAF's group of apps when the test says so. */
export const READER = "console_reader";
const PASSWORD = "reads-only";

export interface HafTestDatabase {
  /** As a superuser. */
  readonly url: string;
  /** As a member of `hive_applications_group`. */
  readonly readerUrl: string;
}

/** A database with HAF's empty tables, and a role to read it with. */
export async function createHafDatabase(
  server: TestPostgres,
  name: string,
  release: HafRelease = "1.28.4",
): Promise<HafTestDatabase> {
  const url = await server.createDatabase(name);
  await execute(url, async (client) => {
    for (const file of DDL[release]) await client.query(readFileSync(`fixtures/haf/${file}`, "utf8"));
  });
  return { url, readerUrl: await createRole(url, READER, "hive_applications_group") };
}

/** A role that may log in, in this group (`null` = in none). Answers its URL. */
export async function createRole(url: string, role: string, group: string | null): Promise<string> {
  await execute(url, async (client) => {
    const name = client.escapeIdentifier(role);
    const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
    if (rowCount === 0) await client.query(`create role ${name} login password '${PASSWORD}'`);
    if (group !== null) await client.query(`grant ${client.escapeIdentifier(group)} to ${name}`);
  });
  const own = new URL(url);
  own.username = role;
  own.password = PASSWORD;
  return own.href;
}

const line = z.looseObject({ step: z.int(), observed_at: z.string() });
/** Columns that hold instants, by table. */
const INSTANTS: ReadonlySet<string> = new Set(["last_active_at", "date", "time_of_fork", "time"]);
/** Recorded table to where it goes, in an order that keys allow. */
const TABLES = {
  hive_state: "hive_state",
  contexts: "contexts",
  indexes: "indexes_constraints",
  contexts_log: "contexts_log",
  fork: "fork",
  hived_connections: "hived_connections",
  events_queue: "events_queue",
} as const;

/**
 * Replaces everything in the tables by what they held at a step (1 to 24), every time moved as if it were observed
 * now, by the database's clock. Readers see the one or the other whole. Answers by how much times were moved.
 */
export async function loadHafStep(url: string, step: number): Promise<{ readonly shiftMs: number }> {
  const raw = recordingText()
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => line.parse(JSON.parse(text)))
    .find((one) => one.step === step);
  if (raw === undefined) throw new Error(`the recording has no step ${step}`);
  return execute(url, async (client) => {
    const { rows } = await client.query("select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now");
    const shiftMs = Number(rows[0]?.now) - Date.parse(raw.observed_at);
    await client.query("begin");
    await emptyTables(client);
    await insertBlocks(client, step, shiftMs);
    for (const [recorded, table] of Object.entries(TABLES)) {
      const given = z.array(z.record(z.string(), z.unknown())).parse(raw[recorded]);
      await insertRows(
        client,
        table,
        given.map((row) => completed(row, shiftMs)),
      );
    }
    const attachments = z
      .array(z.object({ id: z.int(), is_attached: z.boolean(), owner: z.string() }))
      .parse(raw.contexts)
      .map(({ id: context_id, ...rest }) => ({ context_id, ...rest }));
    await insertRows(client, "contexts_attachment", attachments);
    await client.query("commit");
    return { shiftMs };
  });
}

async function emptyTables(client: Client): Promise<void> {
  for (const table of ["contexts_attachment", "blocks", "blocks_reversible", ...Object.values(TABLES)]) {
    if (await exists(client, table)) await client.query(`delete from hafd.${table}`);
  }
}

/** What the recording leaves out, and every time moved. */
function completed(row: Readonly<Record<string, unknown>>, shiftMs: number): Readonly<Record<string, unknown>> {
  const moved = Object.entries(row).map(([column, value]) => [
    column,
    INSTANTS.has(column) ? movedText(String(value), shiftMs) : value,
  ]);
  return {
    ...{ command: "", baseclass_id: "pg_catalog.pg_class", back_from_fork: false, registering_state_provider: false },
    ...Object.fromEntries(moved),
  };
}

const movedText = (text: string, shiftMs: number): string => {
  const [, whole = text, micros = ""] = /^(.*\.\d{3})(\d*)$/.exec(text) ?? [];
  return new Date(Date.parse(`${whole}Z`) + shiftMs).toISOString().replace("Z", micros);
};

async function insertBlocks(client: Client, step: number, shiftMs: number): Promise<void> {
  const recorded = parseRecording(recordingText()).find((one) => one.step === step);
  for (const { num, forkId, createdAt } of recorded === undefined ? [] : blocksOf(recorded)) {
    const at = new Date(createdAt + shiftMs).toISOString().replace("Z", "");
    if (forkId === null) await client.query("insert into hafd.blocks (num, created_at) values ($1, $2)", [num, at]);
    else
      await client.query("insert into hafd.blocks_reversible (num, created_at, fork_id) values ($1, $2, $3)", [
        ...[num, at, forkId],
      ]);
  }
}

/** The database itself fills composites and arrays from JSON. A release without a status keeps no row of an index that is there. */
async function insertRows(client: Client, table: string, rows: readonly Readonly<Record<string, unknown>>[]) {
  if (!(await exists(client, table))) return;
  const hasStatus = table !== "indexes_constraints" || (await exists(client, table, "status"));
  const kept = hasStatus ? rows : rows.filter(({ status }) => status !== "created");
  const values = [JSON.stringify(kept)];
  await client.query(
    `insert into hafd.${table} select * from jsonb_populate_recordset(null::hafd.${table}, $1)`,
    values,
  );
}

async function exists(client: Client, table: string, column: string | null = null): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from information_schema.columns where table_schema = 'hafd' and table_name = $1
      and ($2::text is null or column_name = $2)`,
    [table, column],
  );
  return rowCount !== 0;
}
