import { z } from "zod";
import type { HafIndexBuild } from "#server/contract/haf.ts";
import type { HafIndex, HafVacuum } from "#server/haf/ports.ts";
import type { Capabilities } from "./capabilities.ts";
import type { HafConnections } from "./haf-connections.ts";

const INDEXES_MAX = 5_000;
const ROWS_MAX = 500;

const indexRow = z.object({
  table: z.string(),
  name: z.string(),
  isConstraint: z.boolean(),
  isIndex: z.boolean(),
  isForeignKey: z.boolean(),
  contexts: z.array(z.int()),
  status: z.string(),
});

/** Q3. Releases without a status delete the row of an index as soon as it is back. */
export const readIndexes = (connections: HafConnections, of: Capabilities): Promise<readonly HafIndex[]> =>
  connections.ask(
    `select table_name as table, index_constraint_name as name, is_constraint as "isConstraint",
      is_index as "isIndex", is_foreign_key as "isForeignKey", contexts,
      ${of.has.indexStatus ? "status::text" : "'missing'"} as status
    from hafd.indexes_constraints
    order by table_name collate "C", index_constraint_name collate "C" limit ${INDEXES_MAX}`,
    indexRow,
  );

/** Q7. */
export async function readVacuum(connections: HafConnections, of: Capabilities): Promise<readonly HafVacuum[]> {
  if (!of.hasVacuum) return [];
  return connections.ask(
    `select table_name as table, status::text as status from hafd.vacuum_requests
    order by table_name collate "C" limit ${ROWS_MAX}`,
    z.object({ table: z.string(), status: z.string() }),
  );
}

const buildRow = z.object({ table: z.string(), phase: z.string(), share: z.number().min(0).nullable() });

/**
 * Q9. Of other roles' sessions only with the rights of `pg_read_all_stats`; without them there is nothing to see.
 * Phases that wait or prepare count something else, or nothing.
 */
export const readIndexBuilds = (connections: HafConnections): Promise<readonly HafIndexBuild[]> =>
  connections.ask(
    `select n.nspname || '.' || c.relname as table, coalesce(p.phase, '') as phase,
      least(1, case when p.phase not like 'building index%' and p.phase not like 'index validation%' then null
        when p.tuples_total > 0 then p.tuples_done::float8 / p.tuples_total
        when p.blocks_total > 0 then p.blocks_done::float8 / p.blocks_total end)::float8 as share
    from pg_stat_progress_create_index p
    join pg_class c on c.oid = p.relid join pg_namespace n on n.oid = c.relnamespace
    where p.datname = current_database()
    order by n.nspname, c.relname, p.pid limit ${ROWS_MAX}`,
    buildRow,
  );
