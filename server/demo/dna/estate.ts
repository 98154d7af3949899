import type { ClusterMishapId, NodeMishapId } from "#server/contract/view/demo-mishaps.ts";
import type { Incarnation, IncarnationId } from "#server/dna/domain/identity.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createSimulatedDnaBeam, type SimulatedDnaBeam } from "./beam.ts";
import type { Coordinator } from "./database.ts";
import { driveSimulation, type SimulationDriver } from "./driver.ts";
import { befallCluster, befallNode, type Place } from "./estate-mishaps.ts";
import { hotKeysOf } from "./load.ts";
import type { SimulatedNode } from "./node.ts";
import { type Random, streamOf } from "./random.ts";
import type { ActorOfNode, HotActor } from "./scenarios.ts";
import { createSimulation, type Simulation } from "./simulation.ts";
import { createSimulatedDnaStore, type SimulatedDnaStore } from "./store.ts";

/** One DNA cluster of the demo, with everything a configured source has. */
export interface DemoDnaSource {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  readonly cluster: string;
  readonly keyspace: string;
  /** First three numbers of the nodes' addresses. */
  readonly network: string;
  /** module_id to module name. */
  readonly modules: Readonly<Record<string, string>>;
  readonly store: SimulatedDnaStore;
  /** The way into its nodes. */
  readonly beam: SimulatedDnaBeam;
  readonly driver: SimulationDriver;
}

/** The simulated estate of the demo. Scenarios answer with a sentence that says what was done. */
export interface DemoEstate {
  readonly regions: readonly { readonly id: string; readonly title: string }[];
  readonly sources: readonly DemoDnaSource[];
  /** Keeps the worlds moving until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** @throws OpsError `not-found` | `conflict` */
  killNode(sourceId: string, incarnationId: IncarnationId): string;
  /** @throws OpsError `not-found` | `conflict` */
  freezeNode(sourceId: string, incarnationId: IncarnationId, forMs: number): string;
  /** @throws OpsError `not-found` | `conflict` */
  bringBack(sourceId: string, node: string): string;
  /** @throws OpsError `not-found` | `conflict` */
  befallNode(sourceId: string, incarnationId: IncarnationId, mishap: NodeMishapId): string;
  /** @throws OpsError `not-found` | `conflict` */
  befallCluster(sourceId: string, mishap: ClusterMishapId): string;
}

interface TypePlan {
  readonly namespace: string;
  readonly moduleId: number;
  readonly module: string;
  readonly prefix: string;
  readonly count: number;
}

interface SourcePlan {
  readonly id: string;
  readonly title: string;
  readonly keyspace: string;
  readonly nodes: number;
  /** First three numbers of the nodes' addresses. */
  readonly network: string;
  readonly types: readonly TypePlan[];
  /** Whether short texts may be evaluated on its nodes: without it an actor can only be stopped by force. */
  readonly evaluate: boolean;
}

interface RegionPlan {
  readonly id: string;
  readonly title: string;
  readonly sources: readonly SourcePlan[];
}

const CLUSTER = "prod";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_UPTIME_MS = 20 * DAY_MS;
/** Keys of each type that are asked for; it bounds how many instances ever run. */
const HOT_KEYS = 400;
const REQUESTS_PER_SECOND = 8;
const SCHEDULERS_MIN = 4;
const SCHEDULERS_MAX = 8;
/** One actor of each cluster is asked for more than it can write, in waves: its backlog comes and goes. */
const HOT_ACTOR: HotActor = {
  ...{ eventsPerSecond: 560, writeMs: 250, forMs: null },
  waves: { onMs: 70_000, offMs: 50_000 },
};
/** Incarnations of the past that still own keys: the normal resting state of the register. */
const DEAD_OWNERS = 2;
/** A living incarnation owns this many times as many keys as a dead one. */
const LIVING_WEIGHT = 3;

const REGIONS: readonly RegionPlan[] = [
  {
    id: "eu",
    title: "Europe",
    sources: [
      {
        id: "eu-1",
        title: "Europe 1",
        keyspace: "dna_eu1",
        nodes: 16,
        network: "10.1.1",
        evaluate: true,
        types: [
          { namespace: "world", moduleId: 0, module: "City", prefix: "city", count: 60_000 },
          { namespace: "world", moduleId: 1, module: "Player", prefix: "player", count: 100_000 },
          { namespace: "arena", moduleId: 2, module: "Match", prefix: "match", count: 20_000 },
        ],
      },
      {
        id: "eu-2",
        title: "Europe 2",
        keyspace: "dna_eu2",
        nodes: 12,
        network: "10.1.2",
        evaluate: true,
        types: [
          { namespace: "shop", moduleId: 0, module: "Order", prefix: "order", count: 80_000 },
          { namespace: "shop", moduleId: 1, module: "Basket", prefix: "basket", count: 40_000 },
        ],
      },
    ],
  },
  {
    id: "us",
    title: "North America",
    sources: [
      {
        id: "us-1",
        title: "North America 1",
        keyspace: "dna_us1",
        nodes: 12,
        network: "10.2.1",
        evaluate: false,
        types: [
          { namespace: "world", moduleId: 0, module: "City", prefix: "city", count: 30_000 },
          { namespace: "world", moduleId: 1, module: "Player", prefix: "player", count: 50_000 },
          { namespace: "arena", moduleId: 2, module: "Match", prefix: "match", count: 20_000 },
        ],
      },
    ],
  },
];

/** Two regions, three clusters, forty nodes, some thousand running actors over hundreds of thousands of keys. */
export function createDemoEstate(options: { readonly clock: Clock; readonly seed: number }): DemoEstate {
  const { clock, seed } = options;
  const regions = REGIONS.map((region) => buildRegion(region, clock, seed));
  const sources = regions.flatMap((region) => region.sources);

  function sourceOf(sourceId: string): DemoDnaSource {
    const found = sources.find((source) => source.id === sourceId);
    if (found === undefined) throw new OpsError("not-found", `No source ${sourceId} in the demo`);
    found.driver.catchUp();
    return found;
  }
  function nodeOf(source: DemoDnaSource, incarnationId: IncarnationId): SimulatedNode {
    const nodes = source.driver.simulation.vms(source.keyspace);
    const found = nodes.find((node) => node.worker().id === incarnationId && node.vm.state() !== "halted");
    if (found === undefined) throw new OpsError("not-found", `No running node of the demo is ${incarnationId}`);
    return found;
  }

  const placeOf = ({ driver, keyspace, cluster, network }: DemoDnaSource): Place => ({
    ...{ simulation: driver.simulation, keyspace, cluster, network },
  });

  return {
    regions: REGIONS.map(({ id, title }) => ({ id, title })),
    sources,
    run: async (signal) => void (await Promise.all(regions.map((region) => region.driver.run(signal)))),
    killNode(sourceId, incarnationId) {
      const source = sourceOf(sourceId);
      const { name, vm } = nodeOf(source, incarnationId);
      if (vm.id === name) source.driver.simulation.scenarios.killNode(name);
      else source.driver.simulation.scenarios.endTwin(name);
      return `${name} was killed: nobody is told, its peers notice after 10 s`;
    },
    freezeNode(sourceId, incarnationId, forMs) {
      const source = sourceOf(sourceId);
      const { name } = nodeOf(source, incarnationId);
      source.driver.simulation.scenarios.freezeNode(name, forMs);
      return `${name} stands still for ${Math.round(forMs / 1_000)} s`;
    },
    bringBack(sourceId, node) {
      const source = sourceOf(sourceId);
      const known = source.driver.simulation.nodes(source.keyspace).some((each) => each.name === node);
      if (!known) throw new OpsError("not-found", `No node ${node} in ${sourceId}`);
      source.driver.simulation.scenarios.bringBack(node);
      return `${node} starts again, as a new incarnation`;
    },
    befallNode(sourceId, incarnationId, mishap) {
      const source = sourceOf(sourceId);
      return befallNode(placeOf(source), nodeOf(source, incarnationId), mishap);
    },
    befallCluster: (sourceId, mishap) => befallCluster(placeOf(sourceOf(sourceId)), mishap),
  };
}

function buildRegion(region: RegionPlan, clock: Clock, seed: number) {
  const simulation = createSimulation({
    seed: seed + region.sources.length,
    startEpoch: clock.now(),
    coordinators: coordinatorsOf(region.id),
    storageWrites: 0.3,
  });
  const driver = driveSimulation(simulation, clock);
  const sources = region.sources.map((plan): DemoDnaSource => {
    fillKeyspace(driver, plan, streamOf(seed, `estate/${plan.id}`));
    const store = createSimulatedDnaStore(driver, plan.keyspace, { name: `${region.title} (simulated)` });
    const modules = Object.fromEntries(plan.types.map((type) => [String(type.moduleId), type.module]));
    const { id, title, keyspace, network } = plan;
    const beam = createSimulatedDnaBeam(driver, keyspace, { evaluate: plan.evaluate });
    return { id, title, region: region.id, cluster: CLUSTER, keyspace, network, modules, store, beam, driver };
  });
  return { driver, sources };
}

function fillKeyspace({ simulation }: SimulationDriver, plan: SourcePlan, random: Random): void {
  const { keyspace } = plan;
  simulation.addKeyspace(keyspace);
  const machines = streamOf(simulation.seed, `machines/${plan.id}`);
  const living = Array.from({ length: plan.nodes }, (_, index): Incarnation => {
    const name = `dna@${plan.network}.${index + 11}`;
    const uptimeMs = Math.floor(random.between(10 * MINUTE_MS, LONGEST_UPTIME_MS));
    const schedulers = SCHEDULERS_MIN + machines.below(SCHEDULERS_MAX - SCHEDULERS_MIN + 1);
    return simulation.addNode({ keyspace, cluster: CLUSTER, name, uptimeMs, schedulers }).worker().incarnation;
  });
  const dead = Array.from({ length: DEAD_OWNERS }, (): Incarnation => {
    const agoMs = LONGEST_UPTIME_MS + random.below(LONGEST_UPTIME_MS);
    return { createdAt: epochMs(simulation.startEpoch - agoMs), id: random.int64() };
  });
  const baseOwners = [...Array.from({ length: LIVING_WEIGHT }, () => living).flat(), ...dead];
  for (const { namespace, moduleId, prefix, count } of plan.types) {
    const spec = { namespace, moduleId, prefix, count, baseOwners, claimedWithinMs: 10 * MINUTE_MS };
    simulation.addActorType(keyspace, spec);
    simulation.warmUp(keyspace, spec, HOT_KEYS);
  }
  const hot = hottestOf(simulation, keyspace);
  if (hot !== null) simulation.scenarios.hotActor(keyspace, CLUSTER, hot, HOT_ACTOR);
  simulation.addLoad(keyspace, CLUSTER, { requestsPerSecond: REQUESTS_PER_SECOND, hotKeys: HOT_KEYS });
}

/** The most asked actor of a keyspace. */
function hottestOf({ database }: Simulation, keyspace: string): ActorOfNode | null {
  const [table] = database.tables(keyspace);
  const [key] = table === undefined ? [] : hotKeysOf(table, HOT_KEYS);
  return key === undefined ? null : { type: key.table.spec, name: key.name };
}

function coordinatorsOf(region: string): readonly [Coordinator, ...Coordinator[]] {
  const host = (index: number, skewMs: number): Coordinator => ({
    address: `10.${region === "eu" ? 1 : 2}.9.${index}`,
    dataCenter: `${region}-1`,
    rack: `rack-${index}`,
    hostId: `00000000-0000-4000-8000-${region === "eu" ? "e" : "a"}0000000000${index}`,
    skewMs,
  });
  return [host(1, 0), host(2, 35), host(3, -20)];
}
