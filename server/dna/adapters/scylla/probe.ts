/** What a role may do with DNA's tables, found out by questions only. */
import { errors, types } from "cassandra-driver";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { createClient, READ_TIMEOUT_MS } from "./client.ts";
import { toOpsError } from "./driver-errors.ts";
import { quoteKeyspace } from "./identifier.ts";
import { findDnaKeyspaces } from "./keyspaces.ts";
import type { ScyllaOptions } from "./options.ts";
import { LOCAL_HOST, SCYLLA_MARK } from "./statements.ts";

type Ask = (statement: string) => Promise<readonly types.Row[]>;

const TABLES = ["nodes", "actors"] as const;
const CLUSTERS_SHOWN = 10;

/** Connection, tables, rights with the exact GRANTs, and clusters. Sends no statement that writes. */
export async function probeScylla(
  options: ScyllaOptions,
  wanted: { readonly cluster: string | null; readonly act: boolean },
  clock: Clock,
): Promise<readonly Finding[]> {
  const client = createClient(options);
  const ask: Ask = async (statement) => {
    const query = { prepare: false, consistency: types.consistencies.localQuorum, readTimeout: READ_TIMEOUT_MS };
    return (await client.execute(statement, [], query)).rows;
  };
  try {
    await client.connect();
    const connection = await probeConnection(ask, options);
    const tables = await probeTables(options, clock);
    if (tables.some((finding) => finding.verdict === "missing")) return [...connection, ...tables];
    const rights = await probeRights(ask, options, wanted.act);
    const readable = rights.every((finding) => finding.verdict !== "missing");
    return [
      ...connection,
      ...tables,
      ...rights,
      ...(readable ? await probeClusters(ask, options, wanted.cluster) : []),
    ];
  } catch (cause) {
    return [found.connection.missing(messageOf(toOpsError(cause)))];
  } finally {
    await client.shutdown();
  }
}

async function probeConnection(ask: Ask, options: ScyllaOptions): Promise<readonly Finding[]> {
  const [local] = await ask(LOCAL_HOST);
  const [mark] = await ask(SCYLLA_MARK);
  const product = mark === undefined ? `Apache Cassandra ${String(local?.release_version)}` : "ScyllaDB";
  const dataCenter = String(local?.data_center);
  const answered = found.connection.ok(
    `${product} answers, cluster ${String(local?.cluster_name)}, data centre ${dataCenter}`,
  );
  if (dataCenter === options.localDataCenter) return [answered];
  const remedy = `localDataCenter: ${dataCenter}`;
  return [
    answered,
    found.connection.note(
      `localDataCenter is ${options.localDataCenter}, the host that answered is in ${dataCenter}`,
      remedy,
    ),
  ];
}

async function probeTables(options: ScyllaOptions, clock: Clock): Promise<readonly Finding[]> {
  const keyspaces = await findDnaKeyspaces(options, clock);
  const own = keyspaces.find(({ keyspace }) => keyspace === options.keyspace);
  if (own !== undefined && own.faults.length === 0) {
    return [found.capability.ok(`keyspace ${options.keyspace} holds DNA's tables`)];
  }
  if (own !== undefined) return own.faults.map((fault) => found.capability.missing(fault));
  const others = keyspaces.map(({ keyspace }) => keyspace).join(", ");
  const where = others === "" ? "; no keyspace does" : `; these do: ${others}`;
  return [found.capability.missing(`keyspace ${options.keyspace} holds no DNA tables that this role may see${where}`)];
}

async function probeRights(ask: Ask, options: ScyllaOptions, act: boolean): Promise<readonly Finding[]> {
  const lacking: Finding[] = [];
  for (const table of TABLES) {
    const name = `${quoteKeyspace(options.keyspace)}.${table}`;
    try {
      await ask(`SELECT * FROM ${name} LIMIT 1`);
    } catch (cause) {
      if (!isUnauthorized(cause)) throw cause;
      lacking.push(found.rights.missing(`may not read ${table}`, grant("SELECT", name, options)));
    }
  }
  const acting = act ? await probeModify(ask, options) : [];
  return lacking.length > 0 ? [...lacking, ...acting] : [found.rights.ok("may read nodes and actors"), ...acting];
}

/** By the list of rights, as a conditional write, even one that does not apply, would leave a trace. */
async function probeModify(ask: Ask, options: ScyllaOptions): Promise<readonly Finding[]> {
  if (options.username === undefined) return [found.rights.note("no username: rights are not looked at")];
  const name = `${quoteKeyspace(options.keyspace)}.actors`;
  const role = quotedRole(options.username);
  try {
    const roles = await ask(`LIST ROLES OF ${role}`);
    if (roles.some((row) => row.super === true)) return [found.rights.note(`${options.username} is a superuser`)];
    const rights = await ask(`LIST MODIFY PERMISSION ON TABLE ${name} OF ${role}`);
    if (rights.length > 0) return [found.rights.ok("may release actors (MODIFY)")];
    return [found.rights.missing("may not release actors", grant("MODIFY", name, options))];
  } catch (cause) {
    // Where the database checks no rights it refuses the question itself.
    if (cause instanceof errors.ResponseError)
      return [found.rights.note(`rights cannot be listed: ${messageOf(cause)}`)];
    throw cause;
  }
}

async function probeClusters(ask: Ask, options: ScyllaOptions, cluster: string | null): Promise<readonly Finding[]> {
  const rows = await ask(`SELECT DISTINCT cluster FROM ${quoteKeyspace(options.keyspace)}.nodes`);
  const names = rows.map((row) => String(row.cluster)).sort();
  const shown = names.slice(0, CLUSTERS_SHOWN).join(", ") || "none yet";
  if (cluster === null || names.includes(cluster)) return [found.capability.ok(`clusters in the table: ${shown}`)];
  return [found.capability.note(`no node has written cluster ${cluster} yet; in the table: ${shown}`)];
}

const isUnauthorized = (cause: unknown): boolean =>
  cause instanceof errors.ResponseError && cause.code === types.responseErrorCodes.unauthorized;

const grant = (right: "SELECT" | "MODIFY", table: string, { username }: ScyllaOptions): string =>
  `GRANT ${right} ON TABLE ${table} TO ${quotedRole(username ?? "the role")};`;

const quotedRole = (role: string): string => `"${role.replaceAll('"', '""')}"`;
