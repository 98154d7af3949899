/** What agents sent and what became of it, as the gateway of this very process has it. */
import { z } from "zod";
import { RECEIVER_OVERFLOWS, RECEIVER_STATES, RECEIVER_USES } from "#server/contract/agents.ts";
import { instant, maskable, mutationResult, observed, reason, requestId, sourceId } from "./common.ts";

export const agentId = z.string().min(1).max(200);
const ofGateway = { source: sourceId };
const ofAgent = { ...ofGateway, agentId };

export const pipelineInput = z.object(ofGateway);
export const pipelineOutput = z.object({
  ...observed,
  /** This process, as `host:pid`: other gateways have receivers of their own. */
  gateway: z.string(),
  receivers: z.array(
    z.object({
      id: z.string(),
      use: z.enum(RECEIVER_USES),
      overflow: z.enum(RECEIVER_OVERFLOWS),
      state: z.enum(RECEIVER_STATES),
      reason: maskable(z.string()).nullable(),
      queued: z.number(),
      capacity: z.number(),
      lagMs: z.number(),
      delivered: z.number(),
      dropped: z.number(),
      deadLettered: z.number(),
    }),
  ),
  types: z.array(z.object({ type: z.string(), kinds: z.array(z.string()), perSecond: z.number() })),
  routes: z.array(z.object({ types: z.array(z.string()), kinds: z.array(z.string()), to: z.array(z.string()) })),
  /** Items that it takes at once just now. */
  credit: z.number(),
});
export type AgentsPipelineOutput = z.infer<typeof pipelineOutput>;

/** Bodies are payloads: viewers see their numbers, where there are any, and nothing else of them. */
const message = z.object({
  bootId: z.string(),
  seq: z.number(),
  type: z.string(),
  kind: z.string(),
  /** By the agent's clock. */
  at: instant,
  receivedAt: instant,
  numbers: z.record(z.string(), z.number()),
  body: maskable(z.json()),
});
export type AgentMessageView = z.infer<typeof message>;

export const DEAD_LETTERS_PAGE_MAX = 200;
export const deadLettersInput = z.object({
  ...ofGateway,
  receiver: z.string().max(64).optional(),
  /** Id of the last one of the page before. */
  before: z
    .string()
    .regex(/^[0-9]{1,16}$/, "must be the id of a dead letter")
    .optional(),
  limit: z.number().int().min(1).max(DEAD_LETTERS_PAGE_MAX).default(50),
});
/** Newest first. */
export const deadLettersOutput = z.object({
  ...observed,
  letters: z.array(
    message.extend({
      id: z.string(),
      receiver: z.string(),
      agentId: z.string(),
      buriedAt: instant,
      reason: maskable(z.string()),
    }),
  ),
  /** `null` = these were the last. */
  next: z.string().nullable(),
});
export type DeadLettersOutput = z.infer<typeof deadLettersOutput>;

export const agentLastInput = z.object(ofAgent);
/** The last message of each type and kind. */
export const agentLastOutput = z.object({ ...observed, values: z.array(message) });
export type AgentLastOutput = z.infer<typeof agentLastOutput>;

export const TAIL_MAX = 100;
export const agentTailInput = z.object({ ...ofAgent, limit: z.number().int().min(1).max(TAIL_MAX).default(TAIL_MAX) });
/** Newest first. */
export const agentTailOutput = z.object({ ...observed, messages: z.array(message) });
export type AgentTailOutput = z.infer<typeof agentTailOutput>;

export const agentPointsInput = z.object({
  ...ofAgent,
  /** Left out: the hour before now, from memory. Given: from the table, at most a day. */
  span: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }).optional(),
});
/** Numbers over time, in steps of ten seconds in memory, as they were sent from the table; oldest first. */
export const agentPointsOutput = z.object({
  ...observed,
  from: z.enum(["memory", "table", "nowhere"]),
  series: z.array(
    z.object({
      type: z.string(),
      kind: z.string(),
      field: z.string(),
      points: z.array(z.object({ at: instant, value: z.number() })),
    }),
  ),
});
export type AgentPointsOutput = z.infer<typeof agentPointsOutput>;

export const pipelineReloadInput = z.object({ ...ofGateway, reason, requestId });
export const pipelineReloadOutput = mutationResult;
