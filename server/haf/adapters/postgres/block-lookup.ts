/**
 * How blocks are found in `hafd.blocks` without ever walking it.
 *
 * In a replay HAF drops the keys of that table, its primary key too (openhive-network/haf@e4fd584f
 * src/hive_fork_manager/hived_api.sql): a look-up by number would then read all of it, at each read, next to hived's own
 * writing. So each look-up asks first whether an index by number is there, and without one looks only at the last
 * pages, where a replay appends.
 */
import type { Capabilities } from "./capabilities.ts";

/** Pages of 8 kB at the end of the table: some thousand blocks. */
const TAIL_PAGES = 64;
/** Below this release a range of pages is a walk of the whole table. */
const TID_RANGE_SINCE = 140_000;

/** Decided once for each statement, and only the look-up that is chosen runs. */
const INDEXED = `(select exists (
  select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
  where i.indrelid = 'hafd.blocks'::regclass and i.indisvalid and i.indpred is null and a.attname = 'num'))`;

const TAIL = `b.ctid >= (select format('(%s,0)', greatest(0,
  pg_relation_size('hafd.blocks') / current_setting('block_size')::bigint - ${TAIL_PAGES}))::tid)`;

/** `expression` over the irreversible blocks `b` that meet `condition`. */
export function inBlocks(expression: string, condition: string, { postgres }: Capabilities): string {
  const tail =
    postgres < TID_RANGE_SINCE ? "null" : `(select ${expression} from hafd.blocks b where ${TAIL} and ${condition})`;
  return `case when ${INDEXED} then (select ${expression} from hafd.blocks b where ${condition}) else ${tail} end`;
}
