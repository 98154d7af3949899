import type { ActorTable } from "./actor-table.ts";
import { type SimulatedKey, simulatedKey } from "./database.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SimulatedNode } from "./node.ts";
import { mix32, type Random } from "./random.ts";

/** Period of the load balancer's health checks: a node that stands still keeps getting requests until the next. */
const HEALTH_CHECK_MS = 5_000;

export interface LoadOptions {
  readonly requestsPerSecond: number;
  /** Only this many keys of each type are ever asked for: it bounds what runs. */
  readonly hotKeys: number;
}

/** The keys that are asked for, hottest first. */
export function hotKeysOf(table: ActorTable, hotKeys: number): readonly SimulatedKey[] {
  const count = Math.min(hotKeys, table.spec.count);
  const stride = Math.floor(table.spec.count / count);
  return Array.from({ length: count }, (_, rank) => {
    const block = mix32(rank) % stride;
    return simulatedKey(table, table.nameAt(rank * stride + block));
  });
}

/** Requests for hot keys, the hottest most often, entering at whatever nodes the load balancer holds for healthy. */
export function startLoad(deps: {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly tables: readonly ActorTable[];
  readonly nodes: () => readonly SimulatedNode[];
  readonly load: LoadOptions;
}): { readonly stop: () => void } {
  const { queue, random, load } = deps;
  const keys = deps.tables.map((table) => hotKeysOf(table, load.hotKeys));
  let healthy: readonly SimulatedNode[] = [];
  let stopped = false;

  function check(): void {
    if (stopped) return;
    healthy = deps.nodes().filter((node) => node.vm.state() === "running");
    queue.after(HEALTH_CHECK_MS, check);
  }
  function request(): void {
    if (stopped) return;
    queue.after(random.exponential(1_000 / load.requestsPerSecond), request);
    const ofType = keys[random.below(keys.length)];
    const rank = Math.floor(((ofType?.length ?? 0) + 1) ** random.next()) - 1;
    const key = ofType?.[rank];
    const entry = healthy[random.below(healthy.length)];
    if (key === undefined || entry === undefined) return;
    entry.vm.post(() => entry.execute(key));
  }
  check();
  queue.after(random.exponential(1_000 / load.requestsPerSecond), request);
  return {
    stop() {
      stopped = true;
    },
  };
}
