/** What only ever grows, read from an id on. */
import { z } from "zod";
import type { HafForkRow, HafHivedRow, HafLogRow } from "#server/haf/ports.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import type { Capabilities } from "./capabilities.ts";
import type { HafConnections } from "./haf-connections.ts";
import { block, decimal, instant, msOf } from "./row-shapes.ts";

const ROWS_MAX = 1_000;

const logRow = z.object({
  id: decimal,
  app: z.string(),
  stage: z.string().nullable(),
  event: z.string(),
  at: instant,
  block: block.nullable(),
  forkId: decimal.nullable(),
  headBlock: block.nullable(),
});
const forkRow = z.object({ id: decimal, block, at: instant });
const hivedRow = z.object({ id: decimal, block, gitSha: z.string().nullable(), at: instant });

const behind = (id: string): string => `where ${id} > $1::bigint order by ${id} limit ${ROWS_MAX}`;

const LOG_COLUMNS = `l.id::text as id, context_name::text as app, application_stage::text as stage, event_type::text as event,
      ${msOf("date")} as at, application_block as block, application_fork::text as "forkId", head_block as "headBlock"`;

/** Q4. */
export async function readAppLog(
  connections: HafConnections,
  of: Capabilities,
  after: DecimalText,
): Promise<readonly HafLogRow[]> {
  if (!of.has.appLog) return [];
  return connections.ask(`select ${LOG_COLUMNS} from hafd.contexts_log l ${behind("l.id")}`, logRow, [after]);
}

/** Q4 once more: rows that were not committed yet when those behind them were read. */
export async function readAppLogOf(
  connections: HafConnections,
  of: Capabilities,
  ids: readonly DecimalText[],
): Promise<readonly HafLogRow[]> {
  if (!of.has.appLog || ids.length === 0) return [];
  const statement = `select ${LOG_COLUMNS} from hafd.contexts_log l
    where l.id = any(string_to_array($1, ',')::bigint[]) order by l.id limit ${ROWS_MAX}`;
  return connections.ask(statement, logRow, [ids.join(",")]);
}

/** Q5. */
export function readForks(connections: HafConnections, after: DecimalText): Promise<readonly HafForkRow[]> {
  const statement = `
    select f.id::text as id, block_num as block, ${msOf("time_of_fork")} as at
    from hafd.fork f ${behind("f.id")}`;
  return connections.ask(statement, forkRow, [after]);
}

/** Q6. */
export function readHived(connections: HafConnections, after: DecimalText): Promise<readonly HafHivedRow[]> {
  const statement = `
    select h.id::text as id, block_num as block, git_sha as "gitSha", ${msOf("h.time")} as at
    from hafd.hived_connections h ${behind("h.id")}`;
  return connections.ask(statement, hivedRow, [after]);
}
