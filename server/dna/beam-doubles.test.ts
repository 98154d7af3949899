import { describe, expect, it } from "vitest";
import { actorSubject } from "#server/contract/actor-key.ts";
import type { OwnerFacts } from "#server/contract/event.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHandBeam } from "./beam.test-kit.ts";
import { createDoubleWatch } from "./beam-doubles.ts";
import { createBeamWitness } from "./beam-evidence.ts";
import { forgetInsides } from "./beam-inside.ts";
import { createBeamWatch } from "./beam-watch.ts";
import { type ActorKey, toIncarnationId } from "./domain/identity.ts";

const STREAM = "dna:eu-1";
const keyOf = (name: string): ActorKey => ({ namespace: "demo", moduleId: 0, name });
const K = keyOf("k");

function setUp(names: readonly string[] = ["dna@a", "dna@b"]) {
  const clock = createManualClock();
  const hand = createHandBeam(clock);
  const journal = createMemoryRecorder(clock);
  const { recorder } = journal;
  const witness = createBeamWitness({ beam: hand.beam, clock });
  const shared = { sourceId: "eu-1", beam: hand.beam, witness, recorder, view: recorder, clock, log: silentLogger };
  const watch = createBeamWatch(shared);
  let doubles = createDoubleWatch({ ...shared, samples: watch.samples });
  let abort = new AbortController();
  let done: Promise<unknown> = Promise.resolve();
  return {
    clock,
    hand,
    journal,
    recorder,
    doubles: () => doubles,
    told: (kind: string) => journal.events.filter((event) => event.kind === kind),
    doubled: () => Object.keys(recorder.dna("eu-1").doubled),
    async run() {
      for (const name of names) {
        const { incarnation } = hand.add(name);
        const body = { cluster: "c", node: name, createdAt: incarnation.createdAt, nodeId: incarnation.id.toString() };
        const subject = toIncarnationId(incarnation);
        await recorder.record(STREAM, [{ kind: "dna.node.seen", subject, occurredAt: clock.now(), body }]);
      }
      recorder.sample(STREAM, { asOf: clock.now(), readMs: 1 });
      done = Promise.all([watch.run(abort.signal), doubles.run(abort.signal)]);
      await clock.advance(20_000);
    },
    async restart() {
      abort.abort();
      await clock.advance(10_000);
      await done;
      abort = new AbortController();
      doubles = createDoubleWatch({ ...shared, samples: watch.samples });
      done = Promise.all([watch.run(abort.signal), doubles.run(abort.signal)]);
    },
    async end() {
      abort.abort();
      await clock.advance(10_000);
      await done;
    },
  };
}

describe("a key that runs on two nodes at once", () => {
  it("is told within 30 s with its nodes and the proof, once, and told to be over when one is left", async () => {
    const at = setUp();
    await at.run();
    at.hand.start("dna@a", K);
    await at.clock.advance(40_000);
    expect(at.doubled()).toEqual([]);
    at.hand.start("dna@b", K);
    await at.clock.advance(30_000);
    expect(at.told("dna.actor.doubled")).toMatchObject([
      {
        subject: actorSubject(K),
        body: {
          instances: [{ node: "dna@a" }, { node: "dna@b" }],
          evidence: expect.stringContaining("before and after"),
        },
      },
    ]);
    await at.clock.advance(120_000);
    expect(at.told("dna.actor.doubled")).toHaveLength(1);
    at.hand.stop("dna@a", K);
    await at.clock.advance(30_000);
    expect(at.told("dna.actor.undoubled")).toMatchObject([{ body: { reason: "only dna@b runs it now" } }]);
    expect(at.doubled()).toEqual([]);
    await at.end();
  });

  it("is told within 30 s whenever it began, for 300 of them, on whichever of four nodes", async () => {
    const names = ["dna@a", "dna@b", "dna@c", "dna@d"];
    const at = setUp(names);
    await at.run();
    for (let n = 0; n < 4_000; n += 1) at.hand.start(names[n % 4] ?? "", keyOf(`one${n}`));
    for (let n = 0; n < 300; n += 1) {
      await at.clock.advance(37);
      at.hand.start(names[n % 4] ?? "", keyOf(`two${n}`));
      at.hand.start(names[(n + 1 + (n % 3)) % 4] ?? "", keyOf(`two${n}`));
    }
    await at.clock.advance(30_000);
    expect(at.doubled()).toHaveLength(300);
    expect(at.doubles().coverage()).toMatchObject({ nodes: 4, slices: 1, missed: [] });
    await at.end();
  });

  it("is followed across a restart of the console", async () => {
    const at = setUp();
    await at.run();
    at.hand.start("dna@a", K);
    at.hand.start("dna@b", K);
    await at.clock.advance(30_000);
    expect(at.doubled()).toHaveLength(1);
    at.hand.stop("dna@b", K);
    await at.restart();
    await at.clock.advance(15_000);
    expect(at.doubled()).toEqual([]);
    await at.end();
  });

  it("stays told while one of its nodes cannot be looked at, and is over when that one is proven dead", async () => {
    const at = setUp();
    await at.run();
    at.hand.start("dna@a", K);
    at.hand.start("dna@b", K);
    await at.clock.advance(30_000);
    at.hand.node("dna@b").state = "mute";
    await at.clock.advance(120_000);
    expect(at.doubled()).toHaveLength(1);
    at.hand.node("dna@b").state = "gone";
    await at.clock.advance(30_000);
    expect(at.doubled()).toEqual([]);
    await at.end();
  });

  it("is taken back with the links, once access to the nodes is not configured any more", async () => {
    const at = setUp();
    await at.run();
    at.hand.start("dna@a", K);
    at.hand.start("dna@b", K);
    await at.clock.advance(30_000);
    await at.end();
    expect(at.doubled()).toHaveLength(1);
    at.journal.fail();
    const deps = { sourceId: "eu-1", recorder: at.recorder, view: at.recorder, clock: at.clock, log: silentLogger };
    const done = forgetInsides(deps, new AbortController().signal);
    await at.clock.advance(1_000);
    at.journal.mend();
    await at.clock.advance(5_000);
    await done;
    expect(at.doubled()).toEqual([]);
    expect(at.recorder.dna("eu-1").beam).toEqual({});
  });

  it("is told later when the journal could not be written", async () => {
    const at = setUp();
    await at.run();
    at.journal.fail();
    at.hand.start("dna@a", K);
    at.hand.start("dna@b", K);
    await at.clock.advance(30_000);
    at.journal.mend();
    await at.clock.advance(10_000);
    expect(at.doubled()).toHaveLength(1);
    await at.end();
  });
});

it("tells nothing of a key that moves from node to node", async () => {
  const at = setUp();
  await at.run();
  at.hand.start("dna@a", K);
  for (let move = 0; move < 60; move += 1) {
    const [from, to] = move % 2 === 0 ? (["dna@a", "dna@b"] as const) : (["dna@b", "dna@a"] as const);
    at.hand.stop(from, K);
    at.hand.start(to, K);
    await at.clock.advance(1_300);
  }
  expect(at.told("dna.actor.doubled")).toEqual([]);
  await at.end();
});

it("looks at a key at once whose owner changed, on both of its owners' nodes", async () => {
  const at = setUp();
  await at.run();
  at.hand.start("dna@a", K);
  at.hand.start("dna@b", K);
  const ownedBy = (name: string): OwnerFacts => ({
    incarnation: toIncarnationId(at.hand.node(name).incarnation),
    claimedAt: null,
    unreadable: null,
  });
  await at.recorder.record(STREAM, [
    {
      kind: "dna.actor.owner_changed",
      subject: actorSubject(K),
      occurredAt: at.clock.now(),
      body: { ...K, from: ownedBy("dna@a"), to: ownedBy("dna@b"), notKnownFrom: at.clock.now() },
    },
  ]);
  await at.clock.advance(2_000);
  expect(at.doubled()).toEqual([actorSubject(K)]);
  await at.end();
});

it("reads a registry of more instances than one page holds in ranges of names, and misses none", async () => {
  const at = setUp();
  await at.run();
  at.hand.start("dna@b", keyOf("name 7777"));
  for (let n = 0; n < 12_000; n += 1) at.hand.start("dna@a", keyOf(`name ${n}`));
  await at.clock.advance(30_000);
  expect(at.doubled()).toEqual([actorSubject(keyOf("name 7777"))]);
  expect(at.doubles().coverage()?.missed).toEqual([]);
  await at.end();
});

it("compares more instances than it may hold slice by slice", async () => {
  const at = setUp();
  await at.run();
  for (let n = 0; n < 60_000; n += 1) at.hand.start(n % 2 === 0 ? "dna@a" : "dna@b", keyOf(`name ${n}`));
  for (const n of [1, 30_001, 59_999]) at.hand.start("dna@a", keyOf(`name ${n}`));
  await at.clock.advance(90_000);
  expect(at.doubled()).toHaveLength(3);
  expect(at.doubles().coverage()?.slices).toBe(2);
  await at.end();
});
