/** Folds with just what a test is about. */
import type { AgentFacts } from "#server/contract/agents.ts";
import type { Maskable } from "#server/contract/event.ts";
import { type DnaFold, EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { type DynflowFold, EMPTY_DYNFLOW, type PlanFold, type WorldFold } from "#server/contract/fold/dynflow.ts";
import { EMPTY_HAF, type HafAppFold, type HafFold, type HafRoleFold } from "#server/contract/fold/haf.ts";
import { type AgentFold, EMPTY_INGEST, type IngestFold } from "#server/contract/fold/ingest.ts";
import { epochMs } from "#server/kernel/clock.ts";

const AT = epochMs(1_795_311_820_417);
const UP = { state: "up", since: AT, reason: null } as const;

/** A record that also takes `__proto__` as a key. */
export const recordOf = <T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> =>
  Object.fromEntries(entries);

export const aNode = (node: string, more: Partial<NodeFold> = {}): NodeFold => ({
  cluster: "prod",
  node,
  createdAt: AT,
  nodeId: "1",
  state: "alive",
  since: AT,
  silentMsThen: 0,
  evidence: "",
  flags: {},
  firstSeenAt: AT,
  ...more,
});

export const aWorld = (hostname: string | null, more: Partial<WorldFold> = {}): WorldFold => ({
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname,
  pid: 1,
  queues: {},
  lastSeenText: null,
  unreadable: null,
  seenSince: AT,
  ping: null,
  ...more,
});

export const aPlan = (more: Partial<PlanFold> = {}): PlanFold => ({
  label: "Actions::Sync",
  state: "running",
  result: "pending",
  rootActionClass: "Actions::Sync",
  startedAt: null,
  endedAt: null,
  steps: null,
  stepCount: 0,
  failure: null,
  stateSince: AT,
  movedAt: AT,
  unlockedSince: null,
  ...more,
});

export const anAgent = (
  hostname: string | null,
  addresses: Maskable<readonly string[]>,
  peer: AgentFacts["peer"] = "10.255.0.1",
  more: Partial<AgentFold> = {},
): AgentFold => ({
  about: { hostname, addresses, program: null },
  door: "http",
  peer,
  bootId: "b",
  gateway: "gw1:100",
  state: "active",
  stateSince: AT,
  seenSince: AT,
  evidence: "",
  restarts: 0,
  missing: 0,
  missingAt: null,
  skewMs: null,
  ...more,
});

export const anApp = (more: Partial<HafAppFold> = {}): HafAppFold => ({
  contextId: 1,
  state: "live",
  stage: "live",
  attached: true,
  inSync: true,
  block: 1,
  forkId: null,
  forking: false,
  owner: null,
  stateSince: AT,
  movedAt: AT,
  life: 1,
  ...more,
});

export const aRole = (more: Partial<HafRoleFold> = {}): HafRoleFold => ({
  role: "haf",
  app: null,
  generation: 1,
  state: "alive",
  inferred: false,
  since: AT,
  exitCode: null,
  container: { name: "haf-1", image: "haf", host: "haf1.example.org" },
  ...more,
});

export const dnaWith = (nodes: Readonly<Record<string, NodeFold>>, more: Partial<DnaFold> = {}): DnaFold => ({
  ...EMPTY_DNA,
  source: UP,
  nodes,
  ...more,
});
export const dynflowWith = (
  worlds: Readonly<Record<string, WorldFold>>,
  more: Partial<DynflowFold> = {},
): DynflowFold => ({ ...EMPTY_DYNFLOW, source: UP, worlds, ...more });
export const hafWith = (more: Partial<HafFold>): HafFold => ({ ...EMPTY_HAF, source: UP, ...more });
export const agentsWith = (
  agents: Readonly<Record<string, AgentFold>>,
  more: Partial<IngestFold> = {},
): IngestFold => ({ ...EMPTY_INGEST, source: UP, agents, ...more });
