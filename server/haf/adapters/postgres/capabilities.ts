import { z } from "zod";
import type { HafDatabaseFacts } from "#server/contract/haf.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { HafConnections } from "./haf-connections.ts";

/** What the reads must know of the database before they can be asked. */
export interface Capabilities extends HafDatabaseFacts {
  /** Requests to vacuum: younger than the rest. */
  readonly hasVacuum: boolean;
}

const catalogRow = z.object({
  version: z.string().nullable(),
  postgres: z.int(),
  has_state: z.boolean(),
  has_status: z.boolean(),
  has_log: z.boolean(),
  has_pruning: z.boolean(),
  has_vacuum: z.boolean(),
  sees_contexts: z.boolean(),
  sees_attachments: z.boolean(),
});

/**
 * Asked of the catalog alone, which every role may read. Whether a role sees apps is decided by row-level security:
 * it does not apply to it, or a policy that holds for every row is for a role whose rights it has. Looking for rows
 * would not do: a stack without apps has none either.
 */
const CATALOG = `
  with tables as (
    select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'hafd' and c.relkind in ('r', 'p')
  ), columns as (
    select t.relname, a.attname from tables t join pg_attribute a on a.attrelid = t.oid
    where a.attnum > 0 and not a.attisdropped
  ), seen as (
    select t.relname from tables t
    where not row_security_active(t.oid) or exists (
      select from pg_policy p, unnest(p.polroles) as role
      where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('r', '*')
        and pg_get_expr(p.polqual, p.polrelid) = 'true'
        and case when role = 0 then true else pg_has_role(role, 'USAGE') end)
  )
  select
    (select extversion from pg_extension where extname = 'hive_fork_manager') as version,
    current_setting('server_version_num')::int as postgres,
    exists (select from tables where relname = 'hive_state') as has_state,
    exists (select from columns where relname = 'indexes_constraints' and attname = 'status') as has_status,
    exists (select from tables where relname = 'contexts_log') as has_log,
    exists (select from columns where relname = 'hive_state' and attname = 'pruning') as has_pruning,
    exists (select from tables where relname = 'vacuum_requests') as has_vacuum,
    exists (select from seen where relname = 'contexts') as sees_contexts,
    exists (select from seen where relname = 'contexts_attachment') as sees_attachments`;

/** Q0. @throws OpsError `upstream-malformed` when there is no HAF in this database; what pg threw */
export async function readCapabilities(connections: HafConnections): Promise<Capabilities> {
  const [row] = await connections.ask(CATALOG, catalogRow);
  if (row === undefined) throw new OpsError("upstream-malformed", "PostgreSQL gave no answer");
  if (!row.has_state) {
    throw new OpsError("upstream-malformed", "There is no HAF in this database: no table hafd.hive_state");
  }
  return {
    version: row.version,
    postgres: row.postgres,
    timeZone: connections.startZone(),
    has: { indexStatus: row.has_status, appLog: row.has_log, pruning: row.has_pruning },
    seesApps: row.sees_contexts && row.sees_attachments,
    pruned: row.has_pruning && (await isPruned(connections)),
    hasVacuum: row.has_vacuum,
  };
}

async function isPruned(connections: HafConnections): Promise<boolean> {
  const rows = await connections.ask(
    "select pruning > 0 as pruned from hafd.hive_state where id = 1",
    z.object({ pruned: z.boolean() }),
  );
  return rows[0]?.pruned ?? false;
}
