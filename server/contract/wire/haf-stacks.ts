import { z } from "zod";
import {
  HAF_APP_STATES,
  HAF_CHECKS,
  HAF_DOCKER_STATES,
  HAF_PHASES,
  HAF_ROLE_STATES,
  HAF_ROLES,
} from "#server/contract/haf.ts";
import { decimalText, instant, maskable, observed, sourceId } from "./common.ts";

const level = z.enum(["critical", "warning", "not-known", "ok"]);
/** Blocks and paces as of the last look; `null` = not read since the console started. */
const progress = {
  /** Last irreversible block. */
  block: z.number().nullable(),
  blockAgeMs: z.number().nullable(),
  /** Where the chain is, estimated. */
  head: z.number().nullable(),
  blocksPerSecond: z.number().nullable(),
  leftMs: z.number().nullable(),
  /** Set while locks keep us from reading: HAF changes indexes. */
  busy: z.string().nullable(),
};

const stack = z.object({
  source: z.string(),
  title: z.string(),
  region: z.string().nullable(),
  /** Set-up phases that hold now, in their order; several from `app_sync` on. */
  phases: z.array(z.enum(HAF_PHASES)),
  phasesSince: instant.nullable(),
  syncState: z.string().nullable(),
  ready: z.boolean().nullable(),
  ...progress,
  /** How many apps are in each state. */
  appsByState: z.record(z.string(), z.number()),
  /** Checks that want somebody. */
  critical: z.number(),
  warning: z.number(),
});

export const hafStacksOutput = z.object({ ...observed, stacks: z.array(stack) });
export type HafStacksOutput = z.infer<typeof hafStacksOutput>;

const roleRef = z.object({ role: z.enum(HAF_ROLES), app: z.string().nullable(), generation: z.number() });

export const hafStackInput = z.object({ source: sourceId });
export const hafStackOutput = z.object({
  ...observed,
  ...stack.shape,
  /** Apps in the order in which they are meant to be set up; empty = as they are found. */
  configuredApps: z.array(z.string()),
  database: z
    .object({
      version: z.string().nullable(),
      postgres: z.number(),
      timeZone: z.string(),
      seesApps: z.boolean(),
      pruned: z.boolean(),
    })
    .nullable(),
  fork: z.object({ id: decimalText, block: z.number() }).nullable(),
  hived: z.object({ gitSha: z.string().nullable(), since: instant }).nullable(),
  docker: z.object({
    state: z.enum(HAF_DOCKER_STATES),
    since: instant.nullable(),
    reason: maskable(z.string()).nullable(),
  }),
  apps: z.array(
    z.object({
      name: z.string(),
      state: z.enum(HAF_APP_STATES),
      since: instant,
      stage: z.string().nullable(),
      attached: z.boolean(),
      inSync: z.boolean(),
      block: z.number().nullable(),
      lagBlocks: z.number().nullable(),
      blockAgeMs: z.number().nullable(),
      /** Since it last did anything. */
      silentMs: z.number().nullable(),
      blocksPerSecond: z.number().nullable(),
      leftMs: z.number().nullable(),
      forkId: z.string().nullable(),
      owner: z.string().nullable(),
      /** How often an app of this name was created. */
      life: z.number(),
    }),
  ),
  indexes: z
    .object({
      missing: z.number(),
      creating: z.number(),
      created: z.number(),
      invalid: z.number(),
      stuck: z.array(z.string()),
      building: z.array(z.object({ table: z.string(), phase: z.string(), share: z.number().nullable() })),
    })
    .nullable(),
  roles: z.array(
    roleRef.extend({
      state: z.enum(HAF_ROLE_STATES),
      /** Told from the database alone. */
      inferred: z.boolean(),
      since: instant,
      exitCode: z.number().nullable(),
      container: z.object({ name: z.string(), image: z.string(), host: z.string().nullable() }).nullable(),
    }),
  ),
  /** Worst first. */
  checks: z.array(
    z.object({
      id: z.enum(HAF_CHECKS),
      level,
      title: z.string(),
      detail: z.string(),
      about: z.array(z.string()),
      since: instant.nullable(),
      explanation: z.string(),
      remedy: z.string(),
    }),
  ),
  eventQueue: z.number().nullable(),
  databaseBytes: decimalText.nullable(),
  connections: z.array(z.object({ application: z.string(), user: z.string(), state: z.string(), count: z.number() })),
  vacuum: z.array(z.object({ table: z.string(), status: z.string() })),
});
export type HafStackOutput = z.infer<typeof hafStackOutput>;
