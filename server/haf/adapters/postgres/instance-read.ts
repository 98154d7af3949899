import { z } from "zod";
import type { HafInstance } from "#server/haf/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { inBlocks } from "./block-lookup.ts";
import type { Capabilities } from "./capabilities.ts";
import type { HafConnections } from "./haf-connections.ts";
import { block, instant, msOf } from "./row-shapes.ts";

const row = z.object({
  state: z.string(),
  consistent_block: block.nullable(),
  consistent_at: instant.nullable(),
  dirty: z.boolean(),
  pruning: z.int(),
  irreversible_head: block.nullable(),
  reversible_head: block.nullable(),
  has_events: z.boolean(),
  now: instant,
});

const statement = (of: Capabilities): string => `
  select s.state::text as state, s.consistent_block, s.is_dirty as dirty,
    ${of.has.pruning ? "s.pruning" : "0"} as pruning,
    ${inBlocks(`max(${msOf("b.created_at")})`, "b.num = s.consistent_block", of)} as consistent_at,
    ${inBlocks("max(b.num)", "true", of)} as irreversible_head,
    (select max(num) from hafd.blocks_reversible) as reversible_head,
    exists (select from hafd.events_queue) as has_events,
    ${msOf("now()")} as now
  from hafd.hive_state s where s.id = 1`;

/** Q1. */
export async function readInstance(connections: HafConnections, of: Capabilities): Promise<HafInstance> {
  const [found] = await connections.ask(statement(of), row);
  if (found === undefined) throw new OpsError("upstream-malformed", "hafd.hive_state has no row");
  return {
    syncState: found.state,
    consistentBlock: found.consistent_block,
    consistentBlockAt: found.consistent_at,
    dirty: found.dirty,
    pruning: found.pruning,
    irreversibleHead: found.irreversible_head,
    reversibleHead: found.reversible_head,
    hasEvents: found.has_events,
    now: found.now,
  };
}
