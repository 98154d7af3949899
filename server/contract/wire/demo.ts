import { z } from "zod";
import { CLUSTER_MISHAP_IDS, NODE_MISHAP_IDS } from "#server/contract/view/demo-mishaps.ts";
import { sourceId } from "./common.ts";

/** What the demo can be told to do, so that every action has something to act on. */
export const scenarioInput = z.discriminatedUnion("scenario", [
  z.object({ scenario: z.literal("killNode"), source: sourceId, incarnation: z.string().max(64) }),
  z.object({
    scenario: z.literal("freezeNode"),
    source: sourceId,
    incarnation: z.string().max(64),
    forMs: z.number().int().min(1_000).max(600_000),
  }),
  z.object({ scenario: z.literal("bringBack"), source: sourceId, node: z.string().max(1_000) }),
  z.object({
    scenario: z.literal("nodeMishap"),
    source: sourceId,
    incarnation: z.string().max(64),
    mishap: z.enum(NODE_MISHAP_IDS),
  }),
  z.object({ scenario: z.literal("clusterMishap"), source: sourceId, mishap: z.enum(CLUSTER_MISHAP_IDS) }),
  z.object({ scenario: z.literal("killWorld"), source: sourceId, worldId: z.string().max(64) }),
  z.object({ scenario: z.literal("silentHosts"), source: sourceId }),
  z.object({ scenario: z.literal("hafStep"), source: sourceId, step: z.number().int().min(1).max(24) }),
  z.object({ scenario: z.literal("hafPlay"), source: sourceId }),
  z.object({
    scenario: z.literal("stopAgent"),
    agentId: z.string().max(200),
    forMs: z.number().int().min(1_000).max(600_000),
  }),
  z.object({ scenario: z.literal("sleepReceiver"), forMs: z.number().int().min(1_000).max(600_000) }),
  z.object({ scenario: z.literal("failNextPlans"), source: sourceId, count: z.number().int().min(1).max(20) }),
]);
export type ScenarioInput = z.infer<typeof scenarioInput>;
export const scenarioOutput = z.object({ done: z.string() });
