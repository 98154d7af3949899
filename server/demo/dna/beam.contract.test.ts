/** The simulated nodes against the promises of every `DnaBeam`. */
import { type BeamSeeding, type DnaBeamHarness, describeDnaBeam } from "#server/dna/dna-beam.contract.ts";
import type { ActorKey, ActorType } from "#server/dna/domain/identity.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSimulatedDnaBeam } from "./beam.ts";
import { type SimulatedKey, simulatedKey } from "./database.ts";
import { driveSimulation } from "./driver.ts";
import { createSimulation } from "./simulation.ts";

const KEYSPACE = "dna";
const NODE = "dna@10.0.0.1";
const HEAT_EVERY_MS = 5;
const NAME_DIGITS = 8;

async function open({ evaluate }: { readonly evaluate: boolean }): Promise<DnaBeamHarness> {
  const clock = createManualClock();
  const simulation = createSimulation({ seed: 9, startEpoch: clock.now() });
  simulation.addKeyspace(KEYSPACE);
  const driver = driveSimulation(simulation, clock);
  const node = simulation.addNode({ keyspace: KEYSPACE, cluster: "prod", name: NODE, uptimeMs: 60_000 });
  const beam = createSimulatedDnaBeam(driver, KEYSPACE, { evaluate, latencyMs: [0, 0] });
  let writeMs = 0;

  function keyOf(key: ActorKey): SimulatedKey {
    const { namespace, moduleId } = key;
    const spec = { namespace, moduleId, prefix: "-", count: 0, baseOwners: [], claimedWithinMs: 0 };
    return simulatedKey(
      simulation.database.table(KEYSPACE, key) ?? simulation.database.addActorType(KEYSPACE, spec),
      key.name,
    );
  }
  function send(key: ActorKey, count: number): void {
    const known = keyOf(key);
    simulation.setTemper(KEYSPACE, known, { writeMs });
    for (let each = 0; each < count; each += 1) node.registry.deliver(known);
  }
  function heat(key: ActorKey, forMs: number): void {
    for (let at = 0; at < forMs; at += HEAT_EVERY_MS) simulation.queue.after(at, () => send(key, 1));
  }

  const seed: BeamSeeding = {
    identity: async () => node.worker().incarnation,
    async start(type: ActorType, prefix, count) {
      for (let each = 0; each < count; each += 1)
        node.registry.start(keyOf({ ...type, name: `${prefix}${String(each).padStart(NAME_DIGITS, "0")}` }));
    },
    startOne: async (key) => node.registry.start(keyOf(key)),
    async writesTake(ms) {
      writeMs = ms;
    },
    send: async (key, count) => send(key, count),
    hold: async (key, ms) => node.registry.block(keyOf(key), ms),
    grow: async (key, bytes) => node.registry.grow(keyOf(key), bytes),
    heat: async (key, ms) => heat(key, ms),
    kill: async (key) => node.registry.crash(keyOf(key)),
    written: async (key) => node.registry.written(keyOf(key)),
    // Looked at and ended in one instant of the simulation: there is nothing to be suspended in between.
    suspended: async () => false,
    cache: async (key, owner, ttlMs) => node.rememberOwner(keyOf(key), owner, ttlMs),
    peer: async ({ silentMs, ...peer }) => node.worker().acquaint({ ...peer, lastChangeMs: silentMs }),
    async lastRefresh(agoMs) {
      node.worker().hang();
      node.worker().backdate(agoMs);
    },
    async pass(ms) {
      await clock.advance(ms);
      driver.catchUp();
    },
  };
  driver.catchUp();
  return { beam, node: NODE, absentNode: "dna@10.0.0.99", seed, close: () => beam.close() };
}

describeDnaBeam("simulator", open);
