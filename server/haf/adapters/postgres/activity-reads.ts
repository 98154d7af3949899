import { z } from "zod";
import type { HafConnection } from "#server/contract/haf.ts";
import type { HafEventQueue } from "#server/haf/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import type { HafConnections } from "./haf-connections.ts";
import { decimal } from "./row-shapes.ts";

const GROUPS_MAX = 200;
/** Counted no further: so deep a queue is told as being that deep. */
const DEPTH_MAX = 100_000;

const queueRow = z.object({ depth: z.int(), minId: decimal.nullable(), maxId: decimal.nullable() });

/** Two rows of the queue stand for no event: they bound it. */
const REAL = "id <> 0 and id <> 9223372036854775807";

/** Q8. */
export async function readEventQueue(connections: HafConnections): Promise<HafEventQueue> {
  const [row] = await connections.ask(
    `select (select count(*)::int from (select from hafd.events_queue where ${REAL} limit ${DEPTH_MAX}) as counted) as depth,
      (select min(id)::text from hafd.events_queue where ${REAL}) as "minId",
      (select max(id)::text from hafd.events_queue where ${REAL}) as "maxId"`,
    queueRow,
  );
  if (row === undefined) throw new OpsError("upstream-malformed", "PostgreSQL gave no answer");
  return row;
}

const connectionRow = z.object({ application: z.string(), user: z.string(), state: z.string(), count: z.int() });

/** Q10: everybody but this session. What others do is told only with the rights of `pg_read_all_stats`. */
export const readConnections = (connections: HafConnections): Promise<readonly HafConnection[]> =>
  connections.ask(
    `select coalesce(application_name, '') as application, coalesce(usename::text, '') as "user",
      coalesce(state, 'not told') as state, count(*)::int as count
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and coalesce(backend_type, 'client backend') = 'client backend'
    group by 1, 2, 3 order by 1, 2, 3 limit ${GROUPS_MAX}`,
    connectionRow,
  );

/** Of these names those that are schemas; `pg_namespace` is open to everybody. */
export async function readSchemas(connections: HafConnections, names: readonly string[]): Promise<readonly string[]> {
  const rows = await connections.ask(
    "select nspname::text as name from pg_namespace where nspname in (select json_array_elements_text($1::json)) order by 1",
    z.object({ name: z.string() }),
    [JSON.stringify(names)],
  );
  return rows.map(({ name }) => name);
}

/** Q11. */
export async function readDatabaseBytes(connections: HafConnections): Promise<DecimalText> {
  const [row] = await connections.ask(
    "select pg_database_size(current_database())::text as bytes",
    z.object({ bytes: decimal }),
  );
  if (row === undefined) throw new OpsError("upstream-malformed", "PostgreSQL gave no answer");
  return row.bytes;
}
