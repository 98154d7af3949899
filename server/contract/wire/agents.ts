/** Agents as they stand: who lives, where and why. What they sent is in `agents-data.ts`. */
import { z } from "zod";
import { AGENT_STATES, INGEST_DOORS } from "#server/contract/agents.ts";
import { agentId } from "./agents-data.ts";
import { instant, maskable, observed, sourceId } from "./common.ts";

export const AGENTS_PAGE_MAX = 1_000;

const agentView = z.object({
  source: sourceId,
  agentId: z.string(),
  state: z.enum(AGENT_STATES),
  since: instant,
  evidence: z.string(),
  hostname: z.string().nullable(),
  addresses: maskable(z.array(z.string())).nullable(),
  program: z.string().nullable(),
  door: z.enum(INGEST_DOORS),
  peer: maskable(z.string()),
  gateway: z.string(),
  bootId: z.string(),
  knownSince: instant,
  restarts: z.number(),
  /** Items that it numbered and that never came. */
  missing: z.number(),
  /** Received minus sent by its own clock, median of 20; `null` = not known. */
  skewMs: z.number().nullable(),
  /** `null` = nothing was heard since the gateways started. */
  measured: z
    .object({
      lastAt: instant,
      perSecond: z.number(),
      roundTripMs: z.number().nullable(),
      duplicates: z.number(),
      rejected: z.number(),
    })
    .nullable(),
});
export type AgentView = z.infer<typeof agentView>;

export const agentsListInput = z.object({
  source: sourceId.optional(),
  /** Left out = whatever the state is. */
  states: z.array(z.enum(AGENT_STATES)).max(AGENT_STATES.length).optional(),
  /** Part of an id, a host, a gateway or a program. */
  text: z.string().max(200).optional(),
  limit: z.number().int().min(1).max(AGENTS_PAGE_MAX).default(200),
  /** The last agent of the page before. */
  after: z.string().max(200).optional(),
});
/** By id. */
export const agentsListOutput = z.object({
  ...observed,
  agents: z.array(agentView),
  /** Of all that match the source and the text, by state. */
  counts: z.record(z.string(), z.number()),
  next: z.string().nullable(),
});
export type AgentsListOutput = z.infer<typeof agentsListOutput>;

export const agentGetInput = z.object({ source: sourceId, agentId });
export const agentGetOutput = z.object({ ...observed, agent: agentView });
