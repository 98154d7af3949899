/**
 * A deterministic world of DNA nodes on one database: a discrete-event core under virtual time that only moves when it
 * is run. Equal seeds and equal calls at equal times give equal histories.
 */
import type { ActorType } from "#server/dna/domain/identity.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ActorTable, ActorTypeSpec } from "./actor-table.ts";
import { type Coordinator, createDatabase, type Database, simulatedKey } from "./database.ts";
import { createEventQueue, type EventQueue } from "./event-queue.ts";
import { hotKeysOf, type LoadOptions, startLoad } from "./load.ts";
import { createSimulatedNode, type SimulatedNode } from "./node.ts";
import { streamOf } from "./random.ts";
import type { TraceEvent, TraceListener } from "./trace.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly startEpoch: EpochMs;
  readonly coordinators?: readonly [Coordinator, ...Coordinator[]];
  /** Default `scylla`. */
  readonly answers?: "scylla" | "cassandra";
  /** Part of the batches of events that write their storage; default 0. */
  readonly storageWrites?: number;
}

export interface NodeSpec {
  readonly keyspace: string;
  readonly cluster: string;
  readonly name: string;
  /** Already up for this long at the start; else it boots now. */
  readonly uptimeMs?: number;
  /** How far its system time is ahead of true time, in ms; default 0. */
  readonly wallSkewMs?: number;
}

export interface Simulation {
  readonly seed: number;
  readonly startEpoch: EpochMs;
  readonly queue: EventQueue;
  readonly database: Database;
  runUntil(ms: number): void;
  onTrace(listener: TraceListener): void;
  readonly trace: TraceListener;
  addKeyspace(name: string): void;
  addNode(spec: NodeSpec): SimulatedNode;
  addActorType(keyspace: string, spec: ActorTypeSpec): ActorTable;
  addLoad(keyspace: string, cluster: string, load: LoadOptions): void;
  /** Starts the instances of the hottest keys of a type at their owners, as hours of traffic would have. */
  warmUp(keyspace: string, type: ActorType, hotKeys: number): void;
  /** The latest node of each name. */
  nodes(keyspace?: string): readonly SimulatedNode[];
  /** @throws OpsError `not-found` */
  node(name: string): SimulatedNode;
  /** Every scenario throws OpsError `conflict` when the node is in no state for it. */
  readonly scenarios: Scenarios;
}

/** What can befall a node or the database. Node names are those of the BEAM. */
export interface Scenarios {
  /** The VM vanishes; nobody is told (a clean stop looks the same to DNA). */
  killNode(name: string): void;
  /** Stopped by a signal for so long, its clocks running on. */
  freezeNode(name: string, forMs: number): void;
  /** Suspended by the hypervisor for so long, its monotonic clock standing still. */
  suspendNode(name: string, forMs: number): void;
  pauseNode(name: string): void;
  resumeNode(name: string): void;
  /** A VM of that name starts again, its system time off by `wallSkewMs` (default 0): a new incarnation. */
  bringBack(name: string, wallSkewMs?: number): void;
  restartNode(name: string, wallSkewMs?: number): void;
  /** The cluster worker stands still while the VM works on. */
  hangWorker(name: string): void;
  /** No way to the database for so long. */
  cutDatabase(name: string, forMs: number): void;
  slowClock(name: string, rate: number): void;
  skewWall(name: string, skewMs: number): void;
  /** Moves two healthy nodes' beats so that one polls just before the other beats. */
  alias(name: string, observer: string): void;
  poison(name: string, type: ActorType, actorName: string): void;
  stopDatabase(): void;
  startDatabase(): void;
}

const ONE_COORDINATOR: readonly [Coordinator] = [
  { address: "127.0.0.1", dataCenter: "dc1", rack: "r1", hostId: "00000000-0000-0000-0000-000000000001", skewMs: 0 },
];
const REFRESH_PERIOD_MS = 5_000;

export function createSimulation(options: SimulationOptions): Simulation {
  const { seed, startEpoch } = options;
  const queue = createEventQueue();
  const listeners: TraceListener[] = [];
  const trace = (event: TraceEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const coordinators = options.coordinators ?? ONE_COORDINATOR;
  const database = createDatabase({ queue, startEpoch, coordinators, trace });
  const nodes = new Map<string, SimulatedNode>();
  const lives = new Map<string, number>();
  const phases = streamOf(seed, "phases");

  function boot(spec: NodeSpec): SimulatedNode {
    const life = (lives.get(spec.name) ?? 0) + 1;
    lives.set(spec.name, life);
    const since =
      spec.uptimeMs === undefined
        ? {}
        : { since: { uptimeMs: spec.uptimeMs, refreshedAgoMs: phases.between(0, REFRESH_PERIOD_MS) } };
    const node = createSimulatedNode({
      ...{ name: spec.name, keyspace: spec.keyspace, cluster: spec.cluster, queue, database, seed, life, startEpoch },
      wallSkewMs: spec.wallSkewMs ?? 0,
      ...since,
      answers: options.answers ?? "scylla",
      storageWrites: options.storageWrites ?? 0,
      nodeOf: (name) => nodes.get(name) ?? null,
      trace,
    });
    nodes.set(spec.name, node);
    return node;
  }

  function nodeOf(name: string): SimulatedNode {
    const found = nodes.get(name);
    if (found === undefined) throw new OpsError("not-found", `No node ${name} in the demo`);
    return found;
  }

  const simulation: Simulation = {
    seed,
    startEpoch,
    queue,
    database,
    trace,
    runUntil: (ms) => queue.runUntil(ms),
    onTrace: (listener) => void listeners.push(listener),
    addKeyspace: (name) => database.addKeyspace(name),
    addNode: boot,
    addActorType: (keyspace, spec) => database.addActorType(keyspace, spec),
    addLoad(keyspace, cluster, load) {
      startLoad({
        queue,
        random: streamOf(seed, `load/${keyspace}/${cluster}`),
        tables: database.tables(keyspace),
        nodes: () => simulation.nodes(keyspace).filter((node) => node.cluster === cluster),
        load,
      });
    },
    warmUp(keyspace, type, hotKeys) {
      const table = database.table(keyspace, type);
      const owners = new Map(simulation.nodes(keyspace).map((node) => [node.worker().incarnation.id, node]));
      for (const key of table === null ? [] : hotKeysOf(table, hotKeys)) {
        const owner = key.table.get(key.name)?.owner ?? null;
        if (owner !== null) owners.get(owner.id)?.registry.start(key);
      }
    },
    nodes: (keyspace) => [...nodes.values()].filter((node) => keyspace === undefined || node.keyspace === keyspace),
    node: nodeOf,
    scenarios: createScenarios({ queue, database, trace, nodeOf, boot }),
  };
  return simulation;
}

function createScenarios(deps: {
  readonly queue: EventQueue;
  readonly database: Database;
  readonly trace: TraceListener;
  readonly nodeOf: (name: string) => SimulatedNode;
  readonly boot: (spec: NodeSpec) => SimulatedNode;
}): Scenarios {
  const { queue, database, trace, nodeOf, boot } = deps;
  function inState(name: string, ...states: readonly string[]): SimulatedNode {
    const node = nodeOf(name);
    const state = node.vm.state();
    if (!states.includes(state)) throw new OpsError("conflict", `${name} is ${state}, not ${states.join(" or ")}`);
    return node;
  }
  const running = (name: string) => inState(name, "running");
  const alive = (name: string) => inState(name, "running", "paused", "frozen");
  const bringBack = (name: string, wallSkewMs = 0): void => {
    const { keyspace, cluster } = inState(name, "halted");
    boot({ keyspace, cluster, name, wallSkewMs });
  };

  return {
    killNode: (name) => alive(name).halt(),
    freezeNode(name, forMs) {
      const { vm } = running(name);
      vm.pause();
      queue.after(forMs, () => vm.resume());
    },
    suspendNode(name, forMs) {
      const { vm } = running(name);
      vm.freeze();
      queue.after(forMs, () => vm.resume());
    },
    pauseNode: (name) => running(name).vm.pause(),
    resumeNode: (name) => inState(name, "paused", "frozen").vm.resume(),
    bringBack,
    restartNode(name, wallSkewMs) {
      alive(name).halt();
      bringBack(name, wallSkewMs);
    },
    hangWorker(name) {
      running(name).worker().hang();
      trace({ kind: "hung", at: queue.now(), vm: name });
    },
    cutDatabase(name, forMs) {
      const node = alive(name);
      node.cutOff(true);
      queue.after(forMs, () => node.cutOff(false));
    },
    slowClock: (name, rate) => running(name).vm.setRate(rate),
    skewWall: (name, skewMs) => running(name).vm.setWallSkew(skewMs),
    alias(name, observer) {
      running(name).worker().nudge(REFRESH_PERIOD_MS);
      running(observer)
        .worker()
        .nudge(REFRESH_PERIOD_MS - 50);
    },
    poison(name, type, actorName) {
      const node = running(name);
      const table = database.table(node.keyspace, type);
      if (table === null) throw new OpsError("not-found", "No such actor type in the demo");
      const key = simulatedKey(table, actorName);
      node.registry.poison(key);
    },
    stopDatabase() {
      database.down = true;
    },
    startDatabase() {
      database.down = false;
    },
  };
}
