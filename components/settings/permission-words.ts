import type { Permission } from "#server/trpc/app-router.ts";

/** What each permission lets one do, in an operator's words. */
export const PERMISSION_WORDS: Readonly<Record<Permission, string>> = {
  "session:open": "Ask who is logged in, log in and out",
  "estate:read": "See what there is, how it fares and what needs a person",
  "attention:acknowledge": "Take a finding on, and let it go",
  "dna:read": "See nodes, keys and owners of DNA clusters",
  "dna:census": "Count the keys of a cluster",
  "dna:failover": "Give the keys of a dead node to others",
  "dna:nodes": "Drain a node, stop its VM, delete its row",
  "dna:values": "See what an actor has stored",
  "dna:stop": "Stop one actor",
  "dna:stop-many": "Stop all actors of a partition or a type on a node",
  "plans:read": "See plans, their steps and flows",
  "plans:search-text": "Search errors and inputs of plans",
  "plans:resume": "Resume a plan",
  "plans:skip": "Skip a failed step",
  "plans:cancel": "Cancel a plan or a step",
  "plans:abort": "Abort a plan",
  "plans:halt": "Halt a plan",
  "plans:start": "Start a scheduled plan now",
  "plans:bulk": "Act on many plans at once, up to limits.bulkOperator",
  "plans:bulk-large": "Act on more plans than that at once",
  "payloads:reveal": "Reveal one masked value, with a reason",
  "worlds:read": "See worlds of Dynflow",
  "worlds:ping": "Ping a world, ask for its execution status",
  "worlds:invalidate": "Invalidate a dead world",
  "locks:read": "See locks of Dynflow",
  "haf:read": "See HAF stacks",
  "journal:read": "See and export the journal, and every page as of an instant",
  "jobs:read": "See jobs",
  "jobs:control": "Pause, resume, cancel and retry jobs",
  "demo:scenario": "Let something befall the demo",
  "agents:read": "See agents and what they sent",
  "agents:reload": "Have the gateway read its configuration again",
  "configuration:read": "See the configuration, without secrets",
  "readers:restart": "Restart a part of the console that was parked",
  "alerts:read": "See whom alerts are told",
  "alerts:silence": "Silence alerts for a while",
  "alerts:test": "Send a test to a sink of alerts",
  "safety:read-only": "Make everything read-only",
  "safety:allow-acting": "Allow acting again",
  "safety:approve": "Ask for, and give, a second person's agreement",
};

const WORDS: ReadonlyMap<string, string> = new Map(Object.entries(PERMISSION_WORDS));

/** A permission that this build of the pages does not know is told by its name. */
export const permissionWords = (permission: string): string => WORDS.get(permission) ?? permission;
