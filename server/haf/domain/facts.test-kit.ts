import { epochMs } from "#server/kernel/clock.ts";
import type { ContextFacts } from "./app-state.ts";
import type { CheckLook } from "./checks.ts";
import type { AppTrace } from "./inferred-roles.ts";
import type { InstanceFacts } from "./instance.ts";

export const NOW = epochMs(1_795_300_000_000);
export const ago = (ms: number) => epochMs(NOW - ms);

/** A live instance at block 12,000, made just now. */
export const anInstance = (more: Partial<InstanceFacts> = {}): InstanceFacts => ({
  ...{ syncState: "LIVE", consistentBlock: 12_000, consistentBlockAt: ago(0), pruning: 0 },
  ...{ irreversibleHead: 12_000, reversibleHead: null, hasEvents: true, now: NOW },
  ...more,
});

/** A context that was created and has not iterated yet. */
export const aContext = (more: Partial<ContextFacts> = {}): ContextFacts => ({
  ...{ id: 1, name: "app1", owner: "o", currentBlock: 0, eventsId: "0", forkId: "1", forking: true },
  ...{ lastActiveAt: ago(1_000), asOf: NOW, attached: false, loop: null, currentBlockAt: null },
  ...more,
});

export const aTrace = (more: Partial<AppTrace> = {}): AppTrace => ({
  ...{ name: "app1", life: 1, state: "installed", known: true, createdAt: ago(5_000), iterated: false },
  ...{ iteratedAt: null, removedAt: null, indexes: { missing: 0, creating: 0 }, served: false },
  ...more,
});

export const aLook = (more: Partial<CheckLook> = {}): CheckLook => ({
  ...{ instance: anInstance(), busy: null, seesApps: true, ready: true, apps: [], indexes: null },
  ...{ failedContainers: null, zone: { correctMs: 0, inFuture: false }, recent: {} },
  ...more,
});
