import { z } from "zod";
import type { HafContext } from "#server/haf/ports.ts";
import { inBlocks } from "./block-lookup.ts";
import type { Capabilities } from "./capabilities.ts";
import type { HafConnections } from "./haf-connections.ts";
import { block, decimal, instant, msOf } from "./row-shapes.ts";

const APPS_MAX = 1_000;

const stage = z.object({ name: z.string(), minHeadBlockDistance: z.int(), blocksLimitInGroup: z.int() });

const row = z.object({
  id: z.int(),
  name: z.string(),
  schema: z.string(),
  owner: z.string(),
  current_block: block,
  irreversible_block: block,
  back_from_fork: z.boolean(),
  events_id: decimal.nullable(),
  fork_id: decimal.nullable(),
  forking: z.boolean(),
  last_active_at: instant,
  now: instant,
  attached: z.boolean().nullable(),
  stages: z.array(stage),
  has_loop: z.boolean(),
  stage: z.string().nullable(),
  end_block_range: z.int().nullable(),
  size_of_batch: z.int().nullable(),
  current_batch_end: z.int().nullable(),
  block_at: instant.nullable(),
});

/** Composites field by field: as a whole they would arrive as text of PostgreSQL's own. */
const statement = (of: Capabilities): string => `
  select c.id, c.name::text as name, c.schema, c.owner::text as owner,
    c.current_block_num as current_block, c.irreversible_block, c.back_from_fork,
    c.events_id::text as events_id, c.fork_id::text as fork_id, c.is_forking as forking,
    ${msOf("c.last_active_at")} as last_active_at, ${msOf("now()")} as now, a.is_attached as attached,
    coalesce((
      select json_agg(json_build_object(
        'name', s.name::text,
        'minHeadBlockDistance', s.min_head_block_distance::int,
        'blocksLimitInGroup', s.blocks_limit_in_group::int) order by s.ordinality)
      from unnest(c.stages) with ordinality as s), '[]'::json) as stages,
    c.loop is distinct from null as has_loop,
    ((c.loop).current_stage).name::text as stage, (c.loop).end_block_range,
    (c.loop).size_of_blocks_batch as size_of_batch, (c.loop).current_batch_end,
    coalesce(
      ${inBlocks(`max(${msOf("b.created_at")})`, "b.num = c.current_block_num", of)},
      (select ${msOf("r.created_at")} from hafd.blocks_reversible r
        where r.num = c.current_block_num and r.fork_id <= c.fork_id order by r.fork_id desc limit 1)) as block_at
  from hafd.contexts c left join hafd.contexts_attachment a on a.context_id = c.id
  order by c.id limit ${APPS_MAX}`;

/** Q2, in order of context id. */
export async function readApps(connections: HafConnections, of: Capabilities): Promise<readonly HafContext[]> {
  return (await connections.ask(statement(of), row)).map((found) => ({
    id: found.id,
    name: found.name,
    schema: found.schema,
    owner: found.owner,
    currentBlock: found.current_block,
    irreversibleBlock: found.irreversible_block,
    backFromFork: found.back_from_fork,
    eventsId: found.events_id,
    forkId: found.fork_id,
    forking: found.forking,
    lastActiveAt: found.last_active_at,
    asOf: found.now,
    attached: found.attached,
    stages: found.stages,
    loop: found.has_loop
      ? {
          stage: found.stage,
          endBlockRange: found.end_block_range,
          sizeOfBatch: found.size_of_batch,
          currentBatchEnd: found.current_batch_end,
        }
      : null,
    currentBlockAt: found.block_at,
  }));
}
