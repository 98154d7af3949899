import { createDemoEstate } from "#server/demo/dna/estate.ts";
import type { DnaStore, NodeRow } from "#server/dna/ports.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";

export interface NodesPlan {
  readonly cluster: string;
  readonly nodes: number;
  /** From one beat of a node to its next; beyond 10 s it is late between them, and each beat is two changes of state. */
  readonly beatMs: number;
}

export interface CountedStore {
  readonly store: DnaStore;
  /** Statements so far. */
  queries(): number;
}

const STARTED_BEFORE_MS = 3_600_000;
const MONOTONIC_BASE_MS = -576_460_752_303n;
const NODES_A_NET = 250;

/** A bare table of nodes that beat by the clock, each in a phase of its own; it costs next to nothing and counts what it is asked. */
export function createNodesStore(plan: NodesPlan, clock: Clock): CountedStore {
  const [rest] = createDemoEstate({ clock, seed: 1 }).sources;
  if (rest === undefined) throw new Error("the demo has no source");
  const startedAt = clock.now() - STARTED_BEFORE_MS;
  let queries = 0;
  const rowAt = (index: number, now: number): NodeRow => {
    const phaseMs = (index * 7_919) % plan.beatMs;
    const beats = Math.floor((now - startedAt + phaseMs) / plan.beatMs);
    const beatAt = startedAt - phaseMs + beats * plan.beatMs;
    return {
      incarnation: { createdAt: epochMs(startedAt + index), id: BigInt(index + 1) },
      node: `dna@10.0.${Math.floor(index / NODES_A_NET)}.${(index % NODES_A_NET) + 1}`,
      heartbeat: MONOTONIC_BASE_MS + BigInt(beats * plan.beatMs),
      load: ((index * 37 + beats) % 800) / 100,
      draining: false,
      writeAgeMs: Math.max(0, now - beatAt),
    };
  };
  return {
    queries: () => queries,
    store: {
      ...rest.store,
      async clusters() {
        queries += 1;
        return [plan.cluster];
      },
      async nodes() {
        queries += 1;
        const now = clock.now();
        return Array.from({ length: plan.nodes }, (_, index) => rowAt(index, now));
      },
      async databaseCluster() {
        queries += 1;
        return rest.store.databaseCluster();
      },
      close: async () => undefined,
    },
  };
}
