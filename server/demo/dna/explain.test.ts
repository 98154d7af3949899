import { describe, expect, it } from "vitest";
import type { RequestEnd } from "#server/contract/diagram/request-path.ts";
import { askEntry, ownerRow } from "#server/dna/actor-explain.ts";
import { PEER_EXPIRE_AFTER_MS } from "#server/dna/domain/peer-verdict.ts";
import { explainRequest } from "#server/dna/domain/request-path.ts";
import type { AskedEntry } from "#server/dna/domain/request-path-asked.ts";
import type { OwnerRow } from "#server/dna/domain/request-walk.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSimulatedDnaBeam } from "./beam.ts";
import { simulatedKey } from "./database.ts";
import { driveSimulation } from "./driver.ts";
import { createRandom, type Random } from "./random.ts";
import { createSimulation, type Simulation } from "./simulation.ts";
import { createSimulatedDnaStore } from "./store.ts";
import type { TraceEvent } from "./trace.ts";

const TYPE = { namespace: "n", moduleId: 0 };
const NODES = ["a", "b", "c", "d"];
const KEYS = 12;
/** A message has come to its end at the entry node by then; the tries of an owner of its own name take longer. */
const LANDED_MS = 400;
/** What is so near to its limit may be over it when the message arrives. */
const MARGIN_MS = 150;
const SEEDS = 500;
const MESSAGES = 8;

interface Judged {
  readonly seed: number;
  readonly told: RequestEnd;
  readonly happened: RequestEnd | "nothing";
}

/** What became of one message at its entry node, by what the simulation itself traced. */
function endOf(events: readonly TraceEvent[], vm: string, key: string): RequestEnd | "nothing" {
  const here = events.filter((event) => "vm" in event && event.vm === vm);
  if (here.some((event) => event.kind === "vm" && event.state === "halted")) return "halt";
  if (here.some((event) => event.kind === "raised" && event.reason === "no verdict on the owner")) return "crash";
  const claimed = events.find((event) => event.kind === "owner-changed" && event.key === key);
  const delivered = here.some((event) => event.kind === "delivered" && event.key === key);
  if (claimed?.kind === "owner-changed" && delivered) return claimed.by === "insert" ? "claim" : "replace";
  if (delivered) return here.some((event) => event.kind === "started" && event.key === key) ? "start" : "deliver";
  const elsewhere = events.some((event) => event.kind === "delivered" && event.key === key && event.vm !== vm);
  const unreachable = here.some((event) => event.kind === "raised" && event.reason.includes("cannot be reached"));
  return elsewhere || unreachable || events.some((event) => event.kind === "raised") ? "forward" : "nothing";
}

/**
 * The entry node has handed it on, and whoever bears the owner's name has it: a VM that stands still answers nobody, and
 * a later incarnation of that name waits for the old owner to die. Without a time-out the message waits there.
 */
function waitsElsewhere(simulation: Simulation, { cached, peers }: AskedEntry, row: OwnerRow): boolean {
  const owner = cached?.owner ?? (row.kind === "owned" ? row.owner : null);
  const name = peers.find(({ incarnation }) => incarnation.id === owner?.id)?.node;
  return name !== undefined && simulation.node(name).vm.state() !== "halted";
}

/** Something that the decision rests on is about to change its side. */
const isNear = ({ cached, lastRefreshMs, peers }: AskedEntry): boolean =>
  (cached?.ttlMs ?? MARGIN_MS) < MARGIN_MS ||
  [lastRefreshMs ?? 0, ...peers.map(({ lastChangeMs }) => lastChangeMs)].some(
    (ageMs) => Math.abs(ageMs - PEER_EXPIRE_AFTER_MS) < MARGIN_MS,
  );

function disturb(simulation: Simulation, random: Random): void {
  const { scenarios } = simulation;
  const name = NODES[random.below(NODES.length)] ?? "a";
  const state = simulation.node(name).vm.state();
  const drawn = random.below(8);
  if (state === "halted") scenarios.bringBack(name);
  else if (state !== "running") return;
  else if (drawn === 0) scenarios.killNode(name);
  else if (drawn === 1) scenarios.freezeNode(name, random.between(5_000, 90_000));
  else if (drawn === 2) scenarios.restartNode(name);
  else if (drawn === 3) scenarios.hangWorker(name);
  else if (drawn === 4) scenarios.suspendNode(name, random.between(5_000, 40_000));
}

async function judgeSeed(seed: number): Promise<readonly Judged[]> {
  const clock = createManualClock();
  const random = createRandom(seed);
  const simulation = createSimulation({ seed, startEpoch: clock.now() });
  simulation.addKeyspace("dna");
  for (const name of NODES) simulation.addNode({ keyspace: "dna", cluster: "prod", name, uptimeMs: 3_600_000 });
  const baseOwners = simulation.nodes().map((node) => node.worker().incarnation);
  const table = simulation.addActorType("dna", {
    ...TYPE,
    prefix: "k",
    count: KEYS / 2,
    baseOwners,
    claimedWithinMs: 1,
  });
  simulation.warmUp("dna", TYPE, 2);
  const driver = driveSimulation(simulation, clock);
  const beam = createSimulatedDnaBeam(driver, "dna", { latencyMs: [0, 0] });
  const store = createSimulatedDnaStore(driver, "dna", { latencyMs: [0, 0] });
  const trace: TraceEvent[] = [];
  simulation.onTrace((event) => void trace.push(event));
  const judged: Judged[] = [];
  await clock.advance(random.between(11_000, 20_000));
  driver.catchUp();
  for (let message = 0; message < MESSAGES; message += 1) {
    disturb(simulation, random);
    await clock.advance(random.chance(0.5) ? random.between(10, 4_000) : random.between(4_000, 70_000));
    driver.catchUp();
    const node = simulation.node(NODES[random.below(NODES.length)] ?? "a");
    // Half of the names were never used: nobody owns them at first.
    const key = { ...TYPE, name: table.nameAt(random.below(KEYS)) };
    if (node.vm.state() !== "running") continue;
    const row = ownerRow(await store.actor(key, "quorum"));
    const entry = await askEntry(beam, node.name, key, row);
    const path = explainRequest({
      row,
      owner: null,
      entry: { kind: "asked", ...entry },
      product: "scylla",
      now: clock.now(),
    });
    const from = trace.length;
    const simulated = simulatedKey(table, key.name);
    node.execute(simulated);
    await clock.advance(LANDED_MS);
    driver.catchUp();
    if (isNear(entry) || path.end === "unknown") continue;
    const happened = endOf(trace.slice(from), node.vm.id, simulated.text);
    const awaited = happened === "nothing" && waitsElsewhere(simulation, entry, row);
    judged.push({ seed, told: path.end, happened: awaited ? "forward" : happened });
  }
  await beam.close();
  return judged;
}

describe("what the console explains of a message at a node that it has asked", () => {
  it("is what the node then does, whatever befell it and its peers", async () => {
    const judged: Judged[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) judged.push(...(await judgeSeed(seed)));
    const wrong = judged.filter(({ told, happened }) => told !== happened);
    expect(wrong).toEqual([]);
    const ends = new Map<RequestEnd, number>();
    for (const { told } of judged) ends.set(told, (ends.get(told) ?? 0) + 1);
    // It was tried on every way that there is, and on each more than once.
    for (const end of ["deliver", "start", "forward", "claim", "replace", "halt"] as const)
      expect([end, (ends.get(end) ?? 0) > 1]).toEqual([end, true]);
    expect(judged.length).toBeGreaterThan(SEEDS * 3);
  });
});
