import type { ClusterMishapId, NodeMishapId } from "#server/contract/view/demo-mishaps.ts";
import { OpsError, unreachable } from "#server/kernel/errors.ts";
import { hotKeysOf } from "./load.ts";
import type { SimulatedNode } from "./node.ts";
import type { ActorOfNode } from "./scenarios.ts";
import type { Simulation } from "./simulation.ts";

const S = 1_000;
const SLOW_FOR_MS = 300 * S;
const CUT_FOR_MS = 120 * S;
const WALL_STEP_MS = 15 * S;
const AWAY_MS = 20 * S;
const ROLLING_EVERY_MS = 25 * S;
const HOT_KEYS = 400;
const HOT = { eventsPerSecond: 900, writeMs: 500, forMs: 90 * S };
/** How many of its keys a node is asked for while a peer holds it for dead. */
const ALIASED_KEYS = 5;
const OTHER_CLUSTER = "staging";
const OTHER_LOAD = { requestsPerSecond: 2, hotKeys: HOT_KEYS };

/** Where in the demo something is to happen. */
export interface Place {
  readonly simulation: Simulation;
  readonly keyspace: string;
  readonly cluster: string;
  /** First three numbers of the nodes' addresses. */
  readonly network: string;
}

/**
 * Lets one happen to a node; answers with a sentence that says what was done.
 *
 * @throws OpsError `conflict` when the node is in no state for it
 */
export function befallNode(place: Place, node: SimulatedNode, mishap: NodeMishapId): string {
  const { simulation } = place;
  const { scenarios } = simulation;
  const { name } = node;
  if (node.vm.id !== name) throw new OpsError("conflict", `${name} is the second VM of its name: end it instead`);
  switch (mishap) {
    case "stop":
      scenarios.stopNode(name);
      return `${name} stops in order: its name is given back, its row stays`;
    case "cut-database":
      scenarios.cutDatabase(name, CUT_FOR_MS);
      return `${name} cannot reach the database: its VM ends within 35 s`;
    case "pause-15":
    case "pause-40":
    case "pause-90": {
      const forS = Number(mishap.slice("pause-".length));
      scenarios.freezeNode(name, forS * S);
      return `${name} stands still for ${forS} s`;
    }
    case "suspend-60":
      scenarios.suspendNode(name, 60 * S);
      return `${name} is suspended for 60 s, its clock too`;
    case "hang":
      scenarios.hangWorker(name);
      return `${name} beats no more, and works on`;
    case "slow-clock":
      scenarios.slowClock(name, 0.5, SLOW_FOR_MS);
      return `${name} runs at half speed for 5 min`;
    case "wall-ahead":
      scenarios.restartNode(name, WALL_STEP_MS);
      return `${name} starts again, its clock 15 s ahead`;
    case "wall-behind":
      scenarios.restartNode(name, -WALL_STEP_MS);
      return `${name} starts again, its clock 15 s behind`;
    case "alias":
      return alias(place, node);
    case "twin":
      scenarios.twin(name);
      return `A second ${name} starts elsewhere`;
    case "poison":
      scenarios.poisonActor(name, anActorOf(node), { times: 6, everyMs: 300 });
      return `An actor of ${name} crashes with every message`;
    case "poison-worker":
      scenarios.poisonActor(name, anActorOf(node), { times: 40, everyMs: 50 });
      return `An actor of ${name} crashes with every message, 20 of them a second`;
    default:
      return unreachable(mishap);
  }
}

/**
 * Lets one happen to a cluster; answers with a sentence that says what was done.
 *
 * @throws OpsError `conflict` when the cluster is in no state for it
 */
export function befallCluster(place: Place, mishap: ClusterMishapId): string {
  const { simulation, keyspace, cluster } = place;
  const { scenarios } = simulation;
  switch (mishap) {
    case "hot-actor": {
      const actor = warmestOf(place);
      scenarios.hotActor(keyspace, cluster, actor, HOT);
      return `${actor.name} gets ${HOT.eventsPerSecond} messages a second for 90 s`;
    }
    case "rolling-restart":
      scenarios.rollingRestart(keyspace, cluster, ROLLING_EVERY_MS);
      return `Every 25 s one node of ${keyspace} starts again`;
    case "stop-all":
      scenarios.stopCluster(keyspace, cluster);
      return `Every node of ${keyspace} has ended`;
    case "start-all":
      scenarios.startCluster(keyspace, cluster);
      return `Every node of ${keyspace} that had ended starts again`;
    case "end-twins":
      return endTwins(place);
    case "other-cluster": {
      const known = simulation.vms(keyspace).some((node) => node.cluster === OTHER_CLUSTER);
      scenarios.foreignCluster(keyspace, OTHER_CLUSTER, otherNames(place));
      if (!known) simulation.addLoad(keyspace, OTHER_CLUSTER, OTHER_LOAD);
      return `The cluster ${OTHER_CLUSTER} starts on ${keyspace}`;
    }
    case "end-other-cluster":
      scenarios.stopCluster(keyspace, OTHER_CLUSTER);
      return `The cluster ${OTHER_CLUSTER} has ended`;
    case "database-away":
      scenarios.stopDatabase();
      simulation.queue.after(AWAY_MS, scenarios.startDatabase);
      return "The region's database answers nobody for 20 s";
    default:
      return unreachable(mishap);
  }
}

const otherNames = ({ network }: Place): readonly string[] => [201, 202].map((last) => `dna@${network}.${last}`);

function alias({ simulation, keyspace, cluster }: Place, node: SimulatedNode): string {
  const observer = simulation
    .nodes(keyspace)
    .find((other) => other !== node && other.cluster === cluster && other.vm.state() === "running");
  if (observer === undefined) throw new OpsError("conflict", `No other node watches ${node.name}`);
  simulation.scenarios.alias(node.name, observer.name, actorsOf(node).slice(0, ALIASED_KEYS));
  return `${observer.name} misses a beat of ${node.name} in 5 s from now, and takes keys of it`;
}

function endTwins({ simulation, keyspace }: Place): string {
  const twins = simulation.vms(keyspace).filter(({ vm }) => vm.id !== vm.name && vm.state() !== "halted");
  if (twins.length === 0) throw new OpsError("conflict", "No name has a second VM");
  for (const { name } of twins) simulation.scenarios.endTwin(name);
  return `Ended: the second ${twins.map(({ name }) => name).join(", ")}`;
}

/** What runs there, of every partition. */
function actorsOf({ registry }: SimulatedNode): readonly ActorOfNode[] {
  return Array.from({ length: registry.partitions }, (_, index) => [...registry.list(index)])
    .flat()
    .map(({ key }) => ({ type: key.table.spec, name: key.name }));
}

/** One that is seldom asked for, so that its node recovers. */
function anActorOf(node: SimulatedNode): ActorOfNode {
  const actor = actorsOf(node).at(-1);
  if (actor === undefined) throw new OpsError("conflict", `Nothing runs on ${node.name}`);
  return actor;
}

/** The second of the most asked ones: the first is hot anyway. */
function warmestOf({ simulation, keyspace }: Place): ActorOfNode {
  const [table] = simulation.database.tables(keyspace);
  const key = table === undefined ? undefined : hotKeysOf(table, HOT_KEYS)[1];
  if (key === undefined) throw new OpsError("conflict", `${keyspace} has no actors`);
  return { type: key.table.spec, name: key.name };
}
