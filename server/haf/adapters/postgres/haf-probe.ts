/** What a PostgreSQL role may see of a HAF stack, found out by questions only. */
import { z } from "zod";
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { readApps } from "./apps-read.ts";
import { type Capabilities, readCapabilities } from "./capabilities.ts";
import { type HafConnections, type HafSource, openHafConnections } from "./haf-connections.ts";
import { hafOpsError, isLocked } from "./haf-errors.ts";

/** HAF's own group of those who read it. Membership alone is enough. */
const GROUP = "hive_applications_group";
/** The group of hived itself, which writes everything. */
const WRITERS = "hived_group";

const TABLES = [
  "hive_state",
  "blocks",
  "blocks_reversible",
  "contexts",
  "contexts_attachment",
  "contexts_log",
  "indexes_constraints",
  "vacuum_requests",
  "events_queue",
  "fork",
  "hived_connections",
];

const placeRow = z.object({
  role: z.string(),
  version: z.string(),
  superuser: z.boolean(),
  writer: z.boolean(),
  stats: z.boolean(),
  protocol: z.string().nullable(),
  has_schema: z.boolean(),
  may_use: z.boolean(),
});
type Place = z.infer<typeof placeRow>;

const PLACE = `
  select current_user::text as role, current_setting('server_version') as version,
    coalesce((select rolsuper from pg_roles where rolname = current_user), false) as superuser,
    coalesce((select pg_has_role(oid, 'USAGE') from pg_roles where rolname = '${WRITERS}'), false) as writer,
    pg_has_role('pg_read_all_stats', 'USAGE') as stats,
    (select s.version from pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl) as protocol,
    to_regnamespace('hafd') is not null as has_schema,
    coalesce((select has_schema_privilege(oid, 'USAGE') from pg_namespace where nspname = 'hafd'), false) as may_use`;

/** Connection, rights with the exact GRANTs, and capabilities. Changes nothing: the connection is read-only. */
export async function probeHaf(source: HafSource, apps: readonly string[]): Promise<readonly Finding[]> {
  const connections = openHafConnections(source, 1);
  try {
    const [place] = await connections.ask(PLACE, placeRow);
    if (place === undefined) return [found.connection.missing("PostgreSQL gave no answer")];
    const connected = found.connection.ok(`PostgreSQL ${place.version} answers ${place.role}, ${wayOf(place)}`);
    if (!place.has_schema) {
      return [connected, found.capability.missing("there is no HAF in this database: no schema hafd")];
    }
    const of = await readCapabilities(connections).catch(unlessDenied);
    const rights = await probeRights(connections, place, of);
    const readable = of !== null && rights.every(({ verdict }) => verdict !== "missing");
    return [connected, ...rights, ...(readable ? await probeCapabilities(connections, of, apps) : [])];
  } catch (cause) {
    return [found.connection.missing(messageOf(hafOpsError(cause)))];
  } finally {
    await connections.close();
  }
}

/** As the server itself sees the connection. */
const wayOf = ({ protocol }: Place): string => (protocol === null ? "in the clear" : `over ${protocol}`);

function unlessDenied(cause: unknown): null {
  if (hafOpsError(cause).code !== "not-permitted") throw cause;
  return null;
}

async function probeRights(
  connections: HafConnections,
  place: Place,
  of: Capabilities | null,
): Promise<readonly Finding[]> {
  const role = quoted(place.role);
  const notes = notesOn(place);
  const lacking = await tablesLacking(connections);
  if (of?.seesApps === true && place.may_use && lacking.length === 0) {
    return [found.rights.ok("may read everything, and sees every app"), ...notes];
  }
  if (of?.seesApps === true) {
    const remedy = [
      ...(place.may_use ? [] : [`GRANT USAGE ON SCHEMA hafd TO ${role};`]),
      ...lacking.map((table) => `GRANT SELECT ON hafd.${quoted(table)} TO ${role};`),
    ].join("\n");
    return [found.rights.missing(`may not read ${lacking.join(", ") || "schema hafd"}`, remedy), ...notes];
  }
  const text =
    lacking.length === 0 && place.may_use
      ? "sees no app: row-level security hides them all from it, without any error"
      : "may not read HAF's tables, and row-level security hides every app from it";
  return [found.rights.missing(text, `GRANT ${quoted(GROUP)} TO ${role};`), ...notes];
}

function notesOn({ role, superuser, writer, stats }: Place): readonly Finding[] {
  if (superuser) return [found.rights.note(`${role} is a superuser: a role of its own in ${GROUP} is enough`)];
  return [
    ...(writer ? [found.rights.note(`${role} is in ${WRITERS}, which writes everything: ${GROUP} is enough`)] : []),
    ...(stats
      ? []
      : [
          found.rights.note(
            "does not see how far indexes are built, nor what others' sessions do",
            `GRANT pg_read_all_stats TO ${quoted(role)};`,
          ),
        ]),
  ];
}

/** Tables of HAF that are there and must not be read. */
async function tablesLacking(connections: HafConnections): Promise<readonly string[]> {
  const rows = await connections.ask(
    `select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'hafd' and c.relkind in ('r', 'p') and c.relname = any(string_to_array($1, ','))
      and not has_table_privilege(c.oid, 'SELECT')
    order by 1`,
    z.object({ name: z.string() }),
    [TABLES.join(",")],
  );
  return rows.map(({ name }) => name);
}

async function probeCapabilities(
  connections: HafConnections,
  of: Capabilities,
  configured: readonly string[],
): Promise<readonly Finding[]> {
  const { has, hasVacuum } = of;
  const older = [
    ...(has.pruning ? [] : ["no pruning"]),
    ...(has.indexStatus ? [] : ["no status of indexes"]),
    ...(has.appLog ? [] : ["no log of apps"]),
    ...(hasVacuum ? [] : ["no requests to vacuum"]),
  ];
  const findings = [
    found.capability.ok(`HAF ${of.version ?? "(version not told)"}, sessions begin in ${of.timeZone}`),
    ...(older.length === 0 ? [] : [found.capability.note(`an older release: ${older.join(", ")}`)]),
    ...(of.pruned ? [found.capability.note("keeps only recent blocks: ages of apps far behind are not known")] : []),
  ];
  try {
    const names = (await readApps(connections, of)).map(({ name }) => name);
    const absent = configured.filter((name) => !names.includes(name));
    return [
      ...findings,
      found.capability.ok(names.length === 0 ? "no app is set up yet" : `apps: ${names.join(", ")}`),
      ...(absent.length === 0 ? [] : [found.capability.note(`not set up yet: ${absent.join(", ")}`)]),
    ];
  } catch (cause) {
    if (!isLocked(cause)) throw cause;
    return [...findings, found.capability.note("locks on its tables: HAF is changing indexes or keys right now")];
  }
}

const quoted = (identifier: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;
