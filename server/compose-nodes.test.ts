/** Whole nodes, acted on through everything between the procedure and the simulated VM. */
import { afterEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { createSimulatedDnaBeam } from "#server/demo/dna/beam.ts";
import { driveSimulation } from "#server/demo/dna/driver.ts";
import { createSimulation } from "#server/demo/dna/simulation.ts";
import { createSimulatedDnaStore } from "#server/demo/dna/store.ts";
import type { DnaBeam } from "#server/dna/beam-ports.ts";
import { createDrainService } from "#server/dna/drain-service.ts";
import { createNodeRowService } from "#server/dna/node-row-service.ts";
import type { DnaSource } from "#server/dna/source-view.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createListeningGate } from "#server/operations/gate.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createLoopDelay } from "#server/runtime/loop-delay.ts";
import { assembleDna } from "./compose-dna.ts";

const KEYSPACE = "dna";
const CLUSTER = "prod";
const TYPE = { namespace: "n", moduleId: 0 };
const CALLER: Caller = {
  principal: { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "::1",
};
const NODE = "dna@b";

let ids = 0;
const act = () => {
  ids += 1;
  return { reason: "because of the test", requestId: `01JD${String(ids).padStart(22, "0")}` };
};

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface OpenOptions {
  readonly beam?: boolean;
  readonly act?: boolean;
  readonly stopVm?: DnaBeam["stopVm"];
}

async function open(options: OpenOptions = {}) {
  const clock = createManualClock(epochMs(1_795_300_000_000));
  const { recorder, kinds } = createMemoryRecorder(clock);
  const simulation = createSimulation({ seed: 5, startEpoch: clock.now() });
  simulation.addKeyspace(KEYSPACE);
  for (const name of ["dna@a", NODE, "dna@c"])
    simulation.addNode({ keyspace: KEYSPACE, cluster: CLUSTER, name, uptimeMs: 3_600_000 });
  const baseOwners = simulation.nodes().map((node) => node.worker().incarnation);
  simulation.addActorType(KEYSPACE, { ...TYPE, prefix: "k", count: 60, baseOwners, claimedWithinMs: 1_000 });
  simulation.warmUp(KEYSPACE, TYPE, 60);
  const driver = driveSimulation(simulation, clock);
  const { gate, termsOf } = createListeningGate();
  const operations = createOperations({ recorder, view: recorder, clock, gate });
  const loopDelay = createLoopDelay(clock, 1);
  const failover = { roundsPerSecond: 2, keysPerRound: 50, inFlightPerPartition: 1 };
  const seat = { id: "eu-1", title: "", region: "eu", cluster: CLUSTER, keyspace: KEYSPACE, modules: {} };
  const simulated = createSimulatedDnaBeam(driver, KEYSPACE, { latencyMs: [1, 1] });
  const beam: DnaBeam = { ...simulated, stopVm: options.stopVm ?? simulated.stopVm };
  const assembly = assembleDna(
    { ...seat, act: options.act ?? true },
    {
      store: { ...createSimulatedDnaStore(driver, KEYSPACE, { name: "simulated" }), close: async () => undefined },
      beam: options.beam === false ? null : beam,
    },
    {
      ...{ recorder, view: recorder, clock, log: silentLogger, loopDelay },
      limits: { suspendedMinutes: {}, bulkOperator: 500, failover, census: { rowsPerSecond: 20_000 } },
    },
  );
  const abort = new AbortController();
  const running = assembly.run(abort.signal).catch((cause: unknown) => {
    if (!abort.signal.aborted) throw cause;
  });
  const source = assembly.source as DnaSource;
  const deps = { sources: [source], operations, recorder, view: recorder, clock };
  const drains = createDrainService({ ...deps, busy: () => false, watchOf: () => assembly.watch });
  const rows = createNodeRowService({ ...deps, watchOf: () => assembly.watch });
  ends.push(async () => {
    abort.abort(new Error("the test is over"));
    await clock.advance(10_000);
    await running;
  });
  /** Lets so much time pass, in steps in which everything that waits is answered. */
  async function pass(ms: number): Promise<void> {
    for (let done = 0; done < ms; done += 250) await clock.advance(250);
  }
  /** Waits for an answer under the manual clock. */
  async function told<T>(answer: Promise<T>): Promise<T> {
    const settled = answer.then(
      (value) => ({ value }),
      (cause: unknown) => ({ cause }),
    );
    let end: Awaited<typeof settled> | null = null;
    void settled.then((found) => {
      end = found;
    });
    for (let step = 0; step < 200 && end === null; step += 1) await clock.advance(100);
    const found = await settled;
    if ("cause" in found) throw found.cause;
    return found.value;
  }
  const idOf = (name: string): string => {
    const entry = Object.entries(recorder.dna("eu-1").nodes).find(([, node]) => node.node === name);
    if (entry === undefined) throw new Error(`${name} is not known`);
    return entry[0];
  };
  await pass(12_000);
  return { clock, simulation, recorder, kinds, termsOf, drains, rows, pass, told, idOf };
}

type Drained = Awaited<ReturnType<typeof open>>;

async function advance(
  world: Drained,
  step: "balancer",
  how: "do" | "skip" | "force" = "do",
  running: number | null = null,
) {
  const incarnation = world.idOf(NODE);
  const input = { source: "eu-1", incarnation, step, how, expectedNode: NODE, expectedRunning: running, ...act() };
  return world.told(world.drains.drainAdvance(CALLER, input));
}
const goOn = advance as (
  world: Drained,
  step: string,
  how?: "do" | "skip" | "force",
  running?: number | null,
) => ReturnType<typeof advance>;

const listOf = (world: Drained) =>
  world.told(world.drains.drain(CALLER, { source: "eu-1", incarnation: world.idOf(NODE) }));
const openOf = async (world: Drained) => (await listOf(world)).steps.find(({ state }) => state === "open") ?? null;

describe("taking a node out of service", () => {
  it("goes step by step, each looked at before the next is offered, to a VM that is proven dead and forgotten", async () => {
    const world = await open();
    const before = await listOf(world);
    expect(before).toMatchObject({ since: null, node: NODE, others: ["dna@a", "dna@c"] });
    expect(before.running).toBeGreaterThan(0);
    await expect(goOn(world, "stop_vm")).rejects.toMatchObject({ code: "conflict" });
    await goOn(world, "balancer");
    await expect(goOn(world, "quiet")).rejects.toMatchObject({ message: expect.stringContaining("watched for 30") });
    for (let round = 0; round < 8; round += 1) {
      await world.pass(5_000);
      await listOf(world);
    }
    await goOn(world, "quiet");
    await expect(goOn(world, "stop_actors")).rejects.toMatchObject({
      message: expect.stringContaining("still running"),
    });
    await goOn(world, "stop_actors", "skip");
    await expect(goOn(world, "stop_vm", "do", 0)).rejects.toMatchObject({ code: "conflict" });
    const { running } = await listOf(world);
    expect(await goOn(world, "stop_vm", "do", running)).toMatchObject({ phase: "executed" });
    const terms = { step: "stop_vm", how: "do", expectedNode: NODE, expectedRunning: running };
    expect(world.termsOf("dna.drain.stopVm")).toEqual(terms);
    await world.pass(1_000);
    expect(world.simulation.node(NODE).vm.state()).toBe("halted");
    await expect(goOn(world, "dead")).rejects.toMatchObject({ message: expect.stringContaining("looked at twice") });
    await world.pass(4_000);
    await goOn(world, "dead");
    await expect(goOn(world, "fail_over")).rejects.toMatchObject({ code: "refused" });
    await goOn(world, "fail_over", "skip");
    await goOn(world, "clear_caches");
    const after = await listOf(world);
    expect(after.steps.map(({ state }) => state)).toEqual([
      "done",
      "done",
      "skipped",
      "done",
      "done",
      "skipped",
      "done",
    ]);
    expect(after.steps.at(-1)?.evidence).toEqual([expect.stringMatching(/^2\scaches emptied$/)]);
    expect(world.kinds().filter((kind) => kind === "dna.drain.step")).toHaveLength(7);
  });

  it("does not stop a VM of that name that is another incarnation by now", async () => {
    const world = await open();
    for (const step of ["balancer"]) await goOn(world, step);
    await goOn(world, "quiet", "skip");
    await goOn(world, "stop_actors", "skip");
    const incarnation = world.idOf(NODE);
    world.simulation.scenarios.restartNode(NODE);
    await world.pass(1_000);
    const input = { source: "eu-1", incarnation, step: "stop_vm" as const, how: "do" as const };
    await expect(
      world.told(world.drains.drainAdvance(CALLER, { ...input, expectedNode: NODE, expectedRunning: null, ...act() })),
    ).rejects.toMatchObject({ message: expect.stringContaining("another incarnation") });
    expect(world.simulation.node(NODE).vm.state()).toBe("running");
  });

  it("does not ask a VM to stop that does not answer who it is", async () => {
    const world = await open();
    await goOn(world, "balancer");
    await goOn(world, "quiet", "skip");
    await goOn(world, "stop_actors", "skip");
    world.simulation.scenarios.pauseNode(NODE);
    await expect(goOn(world, "stop_vm")).rejects.toMatchObject({ code: "refused" });
    expect((await openOf(world))?.step).toBe("stop_vm");
  });

  it("an answer that never came is unknown, is not sent again by the same request, and the next step looks", async () => {
    const sent: string[] = [];
    const world = await open({
      stopVm: async (node) => {
        sent.push(node);
        return { kind: "unknown", reason: "no answer in time" };
      },
    });
    await goOn(world, "balancer");
    await goOn(world, "quiet", "skip");
    await goOn(world, "stop_actors", "skip");
    const input = { source: "eu-1", incarnation: world.idOf(NODE), step: "stop_vm" as const, how: "do" as const };
    const asked = { ...input, expectedNode: NODE, expectedRunning: null, ...act() };
    expect(await world.told(world.drains.drainAdvance(CALLER, asked))).toMatchObject({ phase: "unknown" });
    expect(await world.told(world.drains.drainAdvance(CALLER, asked))).toMatchObject({ phase: "unknown" });
    expect(sent).toEqual([NODE]);
    expect(await openOf(world)).toMatchObject({ step: "dead", refusal: "It still answers." });
  });

  it("offers nothing without access to the nodes, and says what is missing", async () => {
    const world = await open({ beam: false });
    expect(await openOf(world)).toMatchObject({ step: "balancer", refusal: expect.stringContaining("beam") });
    await expect(goOn(world, "balancer")).rejects.toMatchObject({ code: "refused" });
  });

  it("offers nothing where acting is switched off", async () => {
    const world = await open({ act: false });
    expect(await openOf(world)).toMatchObject({ refusal: expect.stringContaining("switched off") });
    await expect(goOn(world, "balancer")).rejects.toMatchObject({ code: "refused" });
  });

  it("is forgotten when it is abandoned; what was done stays in the journal", async () => {
    const world = await open();
    await goOn(world, "balancer");
    await world.told(world.drains.drainAbandon(CALLER, { source: "eu-1", incarnation: world.idOf(NODE), ...act() }));
    expect((await openOf(world))?.step).toBe("balancer");
    expect(world.kinds()).toContain("dna.drain.abandoned");
  });
});

describe("deleting the row of a dead incarnation", () => {
  const input = (world: Drained, state = "silent") => ({
    source: "eu-1",
    incarnation: world.idOf(NODE),
    expectedState: state,
    expectedNode: NODE,
    ...act(),
  });

  it("is refused as long as anybody of the cluster lives, with every reason", async () => {
    const world = await open();
    await expect(world.told(world.rows.deleteRow(CALLER, input(world, "alive")))).rejects.toMatchObject({
      code: "refused",
      reasons: expect.arrayContaining([expect.stringContaining("Nobody of its cluster lives")]),
    });
    expect(world.kinds()).not.toContain("op.requested");
  });

  it("goes once all are silent for over a minute, is verified, and touches no other row", async () => {
    const world = await open();
    for (const name of ["dna@a", NODE, "dna@c"]) world.simulation.scenarios.killNode(name);
    await world.pass(55_000);
    await expect(world.told(world.rows.deleteRow(CALLER, input(world)))).rejects.toMatchObject({ code: "refused" });
    await world.pass(20_000);
    const preview = await world.rows.deleteRowPreview(CALLER, { source: "eu-1", incarnation: world.idOf(NODE) });
    expect(preview.reasons.filter(({ holds }) => !holds)).toEqual([]);
    expect(await world.told(world.rows.deleteRow(CALLER, input(world)))).toMatchObject({ phase: "verified" });
    expect(world.termsOf("dna.nodes.deleteRow")).toEqual({ expectedState: "silent", expectedNode: NODE });
    await world.pass(3_000);
    const states = Object.values(world.recorder.dna("eu-1").nodes).map(({ node, state }) => [node, state]);
    expect(Object.fromEntries(states)).toEqual({ "dna@a": "silent", [NODE]: "gone", "dna@c": "silent" });
  });

  it("compares with what the operator saw", async () => {
    const world = await open();
    await expect(world.told(world.rows.deleteRow(CALLER, input(world, "silent")))).rejects.toMatchObject({
      code: "conflict",
    });
  });
});
