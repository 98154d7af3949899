/**
 * A deterministic world of DNA nodes on one database: a discrete-event core under virtual time that only moves when it
 * is run. Equal seeds and equal calls at equal times give equal histories.
 */
import type { ActorType } from "#server/dna/domain/identity.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ActorTable, ActorTypeSpec } from "./actor-table.ts";
import { type Coordinator, createDatabase, type Database, type SimulatedKey } from "./database.ts";
import { createEventQueue, type EventQueue } from "./event-queue.ts";
import { hotKeysOf, type LoadOptions, startLoad } from "./load.ts";
import { createSimulatedNode, type SimulatedNode } from "./node.ts";
import { streamOf } from "./random.ts";
import type { ActorTemper } from "./registry.ts";
import { createScenarios, type Scenarios } from "./scenarios.ts";
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
  /** Schedulers online at boot: the number of its partitions; default 4. */
  readonly schedulers?: number;
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
  /** How an actor differs from the others, wherever it runs; `null` = no longer. */
  setTemper(keyspace: string, key: SimulatedKey, temper: ActorTemper | null): void;
  /** Starts the instances of the hottest keys of a type at their owners, as hours of traffic would have. */
  warmUp(keyspace: string, type: ActorType, hotKeys: number): void;
  /** The latest node of each name. */
  nodes(keyspace?: string): readonly SimulatedNode[];
  /** Every VM, those that share a name with another included. */
  vms(keyspace?: string): readonly SimulatedNode[];
  /** @throws OpsError `not-found` */
  node(name: string): SimulatedNode;
  /** Every scenario throws OpsError `conflict` when the node is in no state for it. */
  readonly scenarios: Scenarios;
}

const ONE_COORDINATOR: readonly [Coordinator] = [
  { address: "127.0.0.1", dataCenter: "dc1", rack: "r1", hostId: "00000000-0000-0000-0000-000000000001", skewMs: 0 },
];
const REFRESH_PERIOD_MS = 5_000;
/** Whoever runs since before the start refreshes some ms later at the soonest: two beats in one ms have one value. */
const LONGEST_AGO_MS = REFRESH_PERIOD_MS - 20;
/** Schedulers of a node, where a test does not say. */
const SCHEDULERS = 4;

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
  const twins = new Map<string, SimulatedNode>();
  const specs = new Map<string, NodeSpec>();
  const tempers = new Map<string, ActorTemper>();
  const lives = new Map<string, number>();
  const phases = streamOf(seed, "phases");

  function build(spec: NodeSpec, id: string): SimulatedNode {
    const life = (lives.get(id) ?? 0) + 1;
    lives.set(id, life);
    const since =
      spec.uptimeMs === undefined
        ? {}
        : { since: { uptimeMs: spec.uptimeMs, refreshedAgoMs: phases.between(0, LONGEST_AGO_MS) } };
    return createSimulatedNode({
      ...{ name: spec.name, id, keyspace: spec.keyspace, cluster: spec.cluster, queue, database, seed, life },
      startEpoch,
      wallSkewMs: spec.wallSkewMs ?? 0,
      ...since,
      schedulers: spec.schedulers ?? SCHEDULERS,
      answers: options.answers ?? "scylla",
      storageWrites: options.storageWrites ?? 0,
      temperOf: (key) => (tempers.size === 0 ? null : (tempers.get(`${spec.keyspace} ${key.text}`) ?? null)),
      nodeOf: (name) => nodes.get(name) ?? null,
      trace,
    });
  }
  /** A VM that starts again has as many schedulers as before. */
  function boot(spec: NodeSpec): SimulatedNode {
    const schedulers = spec.schedulers ?? specs.get(spec.name)?.schedulers ?? SCHEDULERS;
    specs.set(spec.name, { ...spec, schedulers });
    const node = build({ ...spec, schedulers }, spec.name);
    nodes.set(spec.name, node);
    return node;
  }
  function bootTwin(name: string): SimulatedNode {
    const present = twins.get(name);
    if (present !== undefined && present.vm.state() !== "halted") {
      throw new OpsError("conflict", `There are two of ${name} already`);
    }
    const { keyspace, cluster } = nodeOf(name);
    const twin = build({ keyspace, cluster, name, schedulers: specs.get(name)?.schedulers ?? SCHEDULERS }, `${name}#2`);
    twins.set(name, twin);
    return twin;
  }
  function setTemper(keyspace: string, key: SimulatedKey, temper: ActorTemper | null): void {
    if (temper === null) tempers.delete(`${keyspace} ${key.text}`);
    else tempers.set(`${keyspace} ${key.text}`, temper);
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
    runUntil: (ms) => void queue.runUntil(ms),
    onTrace: (listener) => void listeners.push(listener),
    addKeyspace: (name) => database.addKeyspace(name),
    addNode: boot,
    addActorType: (keyspace, spec) => database.addActorType(keyspace, spec),
    addLoad(keyspace, cluster, load) {
      startLoad({
        queue,
        random: streamOf(seed, `load/${keyspace}/${cluster}`),
        tables: database.tables(keyspace),
        nodes: () => simulation.vms(keyspace).filter((node) => node.cluster === cluster),
        load,
      });
    },
    setTemper,
    warmUp(keyspace, type, hotKeys) {
      const table = database.table(keyspace, type);
      const owners = new Map(simulation.nodes(keyspace).map((node) => [node.worker().incarnation.id, node]));
      for (const key of table === null ? [] : hotKeysOf(table, hotKeys)) {
        const owner = key.table.get(key.name)?.owner ?? null;
        if (owner !== null) owners.get(owner.id)?.registry.start(key);
      }
    },
    nodes: (keyspace) => [...nodes.values()].filter((node) => keyspace === undefined || node.keyspace === keyspace),
    vms: (keyspace) =>
      [...nodes.values(), ...twins.values()].filter((node) => keyspace === undefined || node.keyspace === keyspace),
    node: nodeOf,
    scenarios: createScenarios({
      ...{ seed, queue, database, trace, nodeOf, boot, bootTwin, setTemper },
      vms: (keyspace) => simulation.vms(keyspace),
      twinOf: (name) => twins.get(name) ?? null,
    }),
  };
  return simulation;
}
