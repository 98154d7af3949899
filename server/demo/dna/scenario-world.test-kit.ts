/** A small cluster under the console's own readers and watches, as it is put together for the demo. */
import { assembleDna } from "#server/compose-dna.ts";
import type { LimitsConfiguration } from "#server/config/model.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import type { HealthCheckId } from "#server/contract/view/health-checks.ts";
import type { IncarnationId } from "#server/dna/domain/identity.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSimulatedDnaBeam } from "./beam.ts";
import { simulatedKey } from "./database.ts";
import { driveSimulation } from "./driver.ts";
import { createSimulation } from "./simulation.ts";
import { createSimulatedDnaStore } from "./store.ts";
import type { TraceEvent } from "./trace.ts";

export const NODES = ["dna@a", "dna@b", "dna@c", "dna@d"] as const;
export const KEYSPACE = "dna";
export const CLUSTER = "prod";
export const TYPE = { namespace: "world", moduleId: 0 };
const KEYS = 240;
const SOURCE = "s";
/** Until the console has judged everything once. */
const START_MS = 40_000;
const LIMITS: LimitsConfiguration = {
  suspendedMinutes: {},
  bulkOperator: 500,
  census: { rowsPerSecond: 50_000 },
  failover: { roundsPerSecond: 2, keysPerRound: 50, inFlightPerPartition: 1 },
};

export async function openScenario(options: { readonly beam?: boolean; readonly load?: boolean } = {}) {
  const clock = createManualClock();
  const simulation = createSimulation({ seed: 8, startEpoch: clock.now() });
  const trace: TraceEvent[] = [];
  simulation.onTrace((event) => trace.push(event));
  simulation.addKeyspace(KEYSPACE);
  for (const name of NODES)
    simulation.addNode({ keyspace: KEYSPACE, cluster: CLUSTER, name, uptimeMs: 3_600_000, schedulers: 4 });
  const baseOwners = simulation.nodes().map((node) => node.worker().incarnation);
  const spec = { ...TYPE, prefix: "city", count: KEYS, baseOwners, claimedWithinMs: 1 };
  const table = simulation.addActorType(KEYSPACE, spec);
  simulation.warmUp(KEYSPACE, TYPE, KEYS);
  if (options.load ?? false) simulation.addLoad(KEYSPACE, CLUSTER, { requestsPerSecond: 20, hotKeys: KEYS });
  const driver = driveSimulation(simulation, clock);
  const store = createSimulatedDnaStore(driver, KEYSPACE);
  const beam = createSimulatedDnaBeam(driver, KEYSPACE);
  const journal = createMemoryRecorder(clock);
  const seat = { id: SOURCE, title: "", region: "", cluster: null, keyspace: KEYSPACE, modules: {}, act: true };
  const shared = { recorder: journal.recorder, view: journal.recorder, clock, log: silentLogger, limits: LIMITS };
  const loopDelay = { maxLateSince: () => 0, recentMaxMs: () => 0, run: async () => undefined };
  const ways = { store, beam: (options.beam ?? true) ? beam : null };
  const assembly = assembleDna(seat, ways, { ...shared, loopDelay });
  const abort = new AbortController();
  const done = Promise.all([driver.run(abort.signal), assembly.run(abort.signal)]);
  await clock.advance(START_MS);

  const fold = () => journal.recorder.dna(SOURCE);
  const idOf = (name: string): IncarnationId => simulation.node(name).worker().id;
  const nodeOf = (id: IncarnationId): NodeFold => {
    const found = fold().nodes[id];
    if (found === undefined) throw new Error(`${id} is not told`);
    return found;
  };
  /** Waits for an answer under the manual clock. */
  async function told<T>(answer: Promise<T>, withinMs = 3_000): Promise<T> {
    answer.catch(() => undefined);
    await advance(withinMs);
    return answer;
  }
  /** Lets time pass for everybody, the world included. */
  async function advance(ms: number): Promise<void> {
    await clock.advance(ms);
    driver.catchUp();
  }
  return {
    simulation,
    scenarios: simulation.scenarios,
    trace,
    beam,
    clock: { advance },
    assembly,
    told,
    fold,
    idOf,
    stateOf: (id: IncarnationId) => nodeOf(id).state,
    flagsOf: (id: IncarnationId) => Object.keys(nodeOf(id).flags).sort(),
    levelOf: (check: HealthCheckId) => fold().health[check]?.level ?? null,
    health: (check: HealthCheckId) => fold().health[check],
    releasable: (id: IncarnationId) => assembly.source.liveness.releasable(id),
    /** States an incarnation was told to enter, in order. */
    statesOf: (id: IncarnationId) =>
      journal.events.flatMap((event) =>
        event.kind === "dna.incarnation.state_changed" && event.subject === id ? event.body.to : [],
      ),
    eventsOf: (kind: string) => journal.events.filter((event) => event.kind === kind),
    keysOf(name: string) {
      const { id } = simulation.node(name).worker().incarnation;
      const names = Array.from({ length: KEYS }, (_, index) => table.nameAt(index));
      return names.filter((each) => table.get(each)?.owner?.id === id);
    },
    key: (name: string) => simulatedKey(table, name),
    /** A message for the key arrives at a node. */
    ask: (node: string, name: string) => simulation.node(node).execute(simulatedKey(table, name)),
    async close() {
      abort.abort();
      await clock.advance(5_000);
      await done;
    },
  };
}
export type ScenarioWorld = Awaited<ReturnType<typeof openScenario>>;
