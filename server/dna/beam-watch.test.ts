import { expect, it } from "vitest";
import type { IncarnationState } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHandBeam } from "./beam.test-kit.ts";
import { createBeamWitness } from "./beam-evidence.ts";
import { COUNT_PERIOD_MS } from "./beam-sampling.ts";
import { createBeamWatch, VISITS_AT_ONCE_MAX } from "./beam-watch.ts";
import { toIncarnationId } from "./domain/identity.ts";

const STREAM = "dna:eu-1";

function setUp(latencyMs = 1) {
  const clock = createManualClock();
  const hand = createHandBeam(clock, latencyMs);
  const journal = createMemoryRecorder(clock);
  const { recorder } = journal;
  const witness = createBeamWitness({ beam: hand.beam, clock });
  const watch = createBeamWatch({
    sourceId: "eu-1",
    beam: hand.beam,
    witness,
    recorder,
    view: recorder,
    clock,
    log: silentLogger,
  });
  const abort = new AbortController();
  let done = Promise.resolve();
  return {
    clock,
    hand,
    watch,
    recorder,
    idOf: (name: string) => toIncarnationId(hand.node(name).incarnation),
    kinds: () => journal.events.map(({ kind }) => kind),
    told: (kind: string) => journal.events.filter((event) => event.kind === kind),
    async add(name: string, state: IncarnationState = "alive") {
      const { incarnation } = hand.add(name);
      const at = { subject: toIncarnationId(incarnation), occurredAt: clock.now() };
      const body = { cluster: "c", node: name, createdAt: incarnation.createdAt, nodeId: incarnation.id.toString() };
      await recorder.record(STREAM, [
        { kind: "dna.node.seen", ...at, body },
        {
          kind: "dna.incarnation.state_changed",
          ...at,
          body: { cluster: "c", from: "observing", to: state, evidence: "test", silentMs: 0 },
        },
      ]);
    },
    async judged(name: string, to: IncarnationState) {
      const body = { cluster: "c", from: "alive" as const, to, evidence: "test", silentMs: 12_000 };
      const subject = toIncarnationId(hand.node(name).incarnation);
      await recorder.record(STREAM, [
        { kind: "dna.incarnation.state_changed", subject, occurredAt: clock.now(), body },
      ]);
    },
    run() {
      recorder.sample(STREAM, { asOf: clock.now(), readMs: 1, nodes: {} });
      done = watch.run(abort.signal);
    },
    async end() {
      abort.abort();
      await clock.advance(10_000);
      await done;
    },
  };
}

it("tells who a node is, how many instances run there and how its VM is, with the instant of each", async () => {
  const at = setUp();
  await at.add("dna@a");
  for (let n = 0; n < 30; n += 1) at.hand.start("dna@a", { namespace: "demo", moduleId: 0, name: `k${n}` });
  at.run();
  await at.clock.advance(12_000);
  const id = at.idOf("dna@a");
  expect(at.watch.sample("dna@a")).toMatchObject({
    identity: id,
    partitions: [
      { index: 0, running: 15 },
      { index: 1, running: 15 },
    ],
    vitals: { processes: 130 },
    failure: null,
  });
  expect(at.watch.sample("dna@a")?.lastRefreshMs).toBeTypeOf("number");
  const sample = at.recorder.samples()[STREAM]?.beam?.[id];
  expect(sample?.running).toBe(30);
  expect(at.clock.now() - (sample?.asOf ?? 0)).toBeLessThan(12_000);
  await at.end();
});

it("records a link only when it changes, and drops it when the node is not asked any more", async () => {
  const at = setUp();
  await at.add("dna@a");
  at.run();
  await at.clock.advance(60_000);
  expect(at.told("dna.beam.changed")).toHaveLength(1);
  expect(at.recorder.dna("eu-1").beam["dna@a"]).toMatchObject({ state: "connected", identity: at.idOf("dna@a") });
  at.hand.node("dna@a").state = "mute";
  await at.clock.advance(60_000);
  expect(at.recorder.dna("eu-1").beam["dna@a"]).toMatchObject({ state: "unreachable", identity: null });
  at.hand.node("dna@a").state = "up";
  await at.clock.advance(20_000);
  expect(at.recorder.dna("eu-1").beam["dna@a"]?.state).toBe("connected");
  expect(at.told("dna.beam.changed")).toHaveLength(3);
  await at.judged("dna@a", "gone");
  await at.clock.advance(602_000);
  expect(at.recorder.dna("eu-1").beam).toEqual({});
  await at.end();
});

it("asks nothing of a node that turned us away, for as long as its link says to wait", async () => {
  const at = setUp();
  await at.add("dna@a");
  at.hand.node("dna@a").state = "refusing";
  at.run();
  await at.clock.advance(120_000);
  expect([...at.hand.calls.keys()]).toEqual(["registration"]);
  expect(at.recorder.dna("eu-1").beam["dna@a"]).toMatchObject({ state: "refused", reason: "wrong cookie" });
  await at.end();
});

it("asks 1,000 nodes one small call each in 15 s, never more than 16 at once", async () => {
  const at = setUp(20);
  for (let n = 0; n < 1_000; n += 1) await at.add(`dna@n${n}`);
  at.run();
  await at.clock.advance(60_000);
  at.hand.calls.clear();
  await at.clock.advance(60_000);
  expect(at.hand.mostAtOnce()).toBeLessThanOrEqual(VISITS_AT_ONCE_MAX);
  const rounds = 60_000 / COUNT_PERIOD_MS;
  expect(at.hand.calls.get("partitions")).toBeGreaterThan(1_000 * (rounds - 0.5));
  expect(at.hand.calls.get("partitions")).toBeLessThanOrEqual(1_000 * rounds);
  expect(at.hand.calls.get("vitals")).toBeLessThanOrEqual(1_000 * 2.1);
  await at.end();
});

it("asks one that comes to be late at once, and every 3 s then", async () => {
  const at = setUp();
  for (let n = 0; n < 300; n += 1) await at.add(`dna@n${n}`);
  at.run();
  await at.clock.advance(40_000);
  await at.judged("dna@n7", "late");
  const before = at.clock.now();
  await at.clock.advance(1_500);
  expect(at.watch.sample("dna@n7")?.identityAt).toBeGreaterThanOrEqual(before);
  await at.clock.advance(4_000);
  expect(at.watch.sample("dna@n7")?.identityAt).toBeGreaterThanOrEqual(before + 2_500);
  await at.end();
});

it("tells a fall of nine in ten instances under one incarnation, once, and no restart of the VM", async () => {
  const at = setUp();
  await at.add("dna@a");
  await at.add("dna@b");
  for (const name of ["dna@a", "dna@b"])
    for (let n = 0; n < 40; n += 1) at.hand.start(name, { namespace: "demo", moduleId: 0, name: `${name}${n}` });
  at.run();
  await at.clock.advance(30_000);
  at.hand.node("dna@a").instances = at.hand.node("dna@a").instances.slice(0, 3);
  at.hand.node("dna@b").instances = [];
  at.hand.node("dna@b").incarnation = { createdAt: epochMs(at.clock.now()), id: 99n };
  await at.clock.advance(30_000);
  expect(at.told("dna.node.count_fell")).toMatchObject([
    { subject: at.idOf("dna@a"), body: { node: "dna@a", before: 40, after: 3 } },
  ]);
  expect(at.recorder.dna("eu-1").fell[at.idOf("dna@a")]).toMatchObject({ before: 40, after: 3 });
  await at.end();
});
