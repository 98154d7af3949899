/** What befalls the small cluster of a history. */
import type { SimulatedKey } from "#server/demo/dna/database.ts";
import type { Simulation } from "#server/demo/dna/simulation.ts";

export const NODE_NAMES = ["dna@a", "dna@b", "dna@c"] as const;
export const CLUSTER = "prod";
export const KEYSPACE = "dna";
const OTHER_CLUSTER = "other";
const OTHER_NAMES = ["dna@x"] as const;
const WALL_STEP_MS = 15_000;
const ROLLING_EVERY_MS = 22_000;

export const MISHAPS = [
  "kill",
  "stop",
  "pause",
  "suspend",
  "restart",
  "hang",
  "cut",
  "slow",
  "fast-wall",
  "slow-wall",
  "wall-ahead",
  "wall-back",
  "alias",
  "bring-back",
  "twin",
  "pause-twin",
  "other-cluster",
  "whole-stop",
  "rolling",
  "poison",
  "poison-worker",
  "hot",
  "database-down",
  "no-reads",
  "late-loop",
  "no-journal",
] as const;

export interface Mishap {
  readonly kind: (typeof MISHAPS)[number];
  readonly atMs: number;
  readonly forMs: number;
  readonly node: number;
}

/** Lets one happen, if the world is in a state for it; those of the console's own are told by `during`. */
export function befall(simulation: Simulation, keys: readonly SimulatedKey[], mishap: Mishap): void {
  const { scenarios, queue } = simulation;
  const { kind, forMs } = mishap;
  const name = NODE_NAMES[mishap.node % NODE_NAMES.length] ?? NODE_NAMES[0];
  const other = NODE_NAMES[(mishap.node + 1) % NODE_NAMES.length] ?? NODE_NAMES[0];
  const stateOf = (which: string) => simulation.node(which).vm.state();
  const later = (run: () => void): void => void queue.after(forMs, run);
  const bringAllBack = (): void => {
    for (const each of NODE_NAMES) if (stateOf(each) === "halted") scenarios.bringBack(each);
  };
  switch (kind) {
    case "bring-back":
      if (stateOf(name) === "halted") scenarios.bringBack(name);
      return;
    case "pause-twin": {
      const twin = simulation.vms(KEYSPACE).find((node) => node.vm.id === `${name}#2`);
      if (twin?.vm.state() !== "running") return;
      twin.vm.pause();
      later(() => twin.vm.resume());
      return;
    }
    case "whole-stop":
      if (NODE_NAMES.some((each) => stateOf(each) !== "halted")) scenarios.stopCluster(KEYSPACE, CLUSTER);
      later(bringAllBack);
      return;
    case "rolling":
      if (NODE_NAMES.some((each) => stateOf(each) === "running"))
        scenarios.rollingRestart(KEYSPACE, CLUSTER, ROLLING_EVERY_MS);
      return;
    case "other-cluster":
      if (simulation.vms(KEYSPACE).some((node) => node.cluster === OTHER_CLUSTER)) return;
      scenarios.foreignCluster(KEYSPACE, OTHER_CLUSTER, OTHER_NAMES);
      later(() => {
        for (const each of OTHER_NAMES) if (stateOf(each) !== "halted") scenarios.killNode(each);
      });
      return;
    case "database-down":
      scenarios.stopDatabase();
      later(scenarios.startDatabase);
      return;
    case "no-reads":
    case "late-loop":
    case "no-journal":
      return;
    default:
      if (stateOf(name) === "running") befallNode({ simulation, keys, kind, forMs, name, other });
  }
}

function befallNode(what: {
  readonly simulation: Simulation;
  readonly keys: readonly SimulatedKey[];
  readonly kind: Mishap["kind"];
  readonly forMs: number;
  readonly name: string;
  readonly other: string;
}): void {
  const { simulation, keys, kind, forMs, name, other } = what;
  const { scenarios, queue } = simulation;
  const node = simulation.node(name);
  const own = keys.find((key) => node.registry.has(key)) ?? keys[0];
  if (own === undefined) return;
  const actor = { type: own.table.spec, name: own.name };
  switch (kind) {
    case "kill":
      scenarios.killNode(name);
      break;
    case "stop":
      scenarios.stopNode(name);
      break;
    case "pause":
      scenarios.freezeNode(name, forMs);
      break;
    case "suspend":
      scenarios.suspendNode(name, forMs);
      break;
    case "restart":
      scenarios.restartNode(name);
      break;
    case "hang":
      scenarios.hangWorker(name);
      break;
    case "cut":
      scenarios.cutDatabase(name, forMs);
      break;
    case "slow":
      scenarios.slowClock(name, 0.5, forMs);
      break;
    case "fast-wall":
      scenarios.restartNode(name, WALL_STEP_MS);
      break;
    case "slow-wall":
      scenarios.restartNode(name, -WALL_STEP_MS);
      break;
    case "wall-ahead":
      scenarios.skewWall(name, WALL_STEP_MS);
      break;
    case "wall-back":
      scenarios.skewWall(name, -WALL_STEP_MS);
      break;
    case "alias":
      if (simulation.node(other).vm.state() === "running") scenarios.alias(name, other, [actor]);
      return;
    case "twin": {
      if (simulation.vms(KEYSPACE).some((each) => each.vm.id === `${name}#2` && each.vm.state() !== "halted")) return;
      scenarios.twin(name);
      queue.after(forMs, () => scenarios.endTwin(name));
      return;
    }
    case "poison":
      scenarios.poisonActor(name, actor, { times: 12, everyMs: 400 });
      break;
    case "poison-worker":
      scenarios.poisonActor(name, actor, { times: 40, everyMs: 50 });
      break;
    case "hot":
      scenarios.hotActor(KEYSPACE, CLUSTER, actor, { eventsPerSecond: 400, writeMs: 400, forMs });
      break;
    default:
      return;
  }
}
