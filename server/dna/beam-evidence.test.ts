import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHandBeam } from "./beam.test-kit.ts";
import { createBeamWitness } from "./beam-evidence.ts";
import { type Incarnation, toIncarnationId } from "./domain/identity.ts";
import type { NodeRow } from "./ports.ts";
import { createDnaReader } from "./reader.ts";
import { toIncarnationWatch } from "./reader-views.ts";

const NODE = "dna@a";
const LOOPBACK = "dna@127.0.0.1";
const mine: Incarnation = { createdAt: epochMs(1_795_299_000_000), id: -7n };
const id = toIncarnationId(mine);

/** One node that beats until told otherwise, with its row and its machine. */
function setUp(name = NODE, ownName = "worldline@10.0.0.9") {
  const clock = createManualClock();
  const hand = createHandBeam(clock);
  const node = hand.add(name, mine);
  const witness = createBeamWitness({ beam: hand.beam, clock, ownName });
  const journal = createMemoryRecorder(clock);
  let beats = true;
  let heartbeat = -1_000n;
  const row = (): NodeRow => {
    if (beats) heartbeat += 1n;
    return { incarnation: mine, node: name, heartbeat, load: 0.1, draining: false, writeAgeMs: null };
  };
  const reader = createDnaReader({
    sourceId: "eu-1",
    store: {
      clusters: async () => ["c"],
      nodes: async () => [row()],
      databaseCluster: async () => ({ name: "test", product: "simulator", hosts: [] }),
    },
    recorder: journal.recorder,
    view: journal.recorder,
    clock,
    log: silentLogger,
    loopDelay: { maxLateSince: () => 0 },
    witness,
  });
  const abort = new AbortController();
  const done = reader.run(abort.signal);
  const watch = toIncarnationWatch(reader, witness);
  return {
    clock,
    hand,
    node,
    witness,
    reader,
    flags: () => journal.recorder.dna("eu-1").nodes[id]?.flags ?? {},
    stopBeating() {
      beats = false;
    },
    /** A check as the failover makes it. */
    async check() {
      const checking = watch.check(id);
      for (let step = 0; step < 50; step += 1) await clock.advance(100);
      return checking;
    },
    async end() {
      abort.abort();
      await done;
    },
  };
}

describe("a node whose worker hangs while its VM answers", () => {
  it("is told as a zombie, and never released for as long as it answers", async () => {
    const at = setUp();
    await at.clock.advance(6_000);
    at.stopBeating();
    await at.clock.advance(25_000);
    expect(at.flags()).toEqual({});
    await Promise.all([at.witness.look(NODE), at.clock.advance(100)]);
    await at.clock.advance(4_000);
    expect(at.flags().zombie).toMatch(/^silent by the database, but its node answered/);
    await at.clock.advance(60_000);
    expect(at.reader.liveness(id)).toMatchObject({ state: "silent" });
    expect(at.reader.liveness(id).silentMs).toBeGreaterThan(75_000);
    expect(await at.check()).toMatchObject({ releasable: false, certainty: "presumed" });
    await at.end();
  });
});

describe("a node whose VM has ended", () => {
  it("is proven dead by its port mapper within seconds of being silent, and may be released then", async () => {
    const at = setUp();
    await at.clock.advance(6_000);
    at.stopBeating();
    at.node.state = "gone";
    await at.clock.advance(21_000);
    expect(await at.check()).toMatchObject({ releasable: false });
    expect(await at.check()).toMatchObject({ releasable: true, certainty: "proven" });
    await at.end();
  });
  it("is proven dead by its successor's answer, and not while it is merely late", async () => {
    const at = setUp();
    await at.clock.advance(6_000);
    at.stopBeating();
    at.node.incarnation = { createdAt: epochMs(mine.createdAt + 60_000), id: 1n };
    await at.clock.advance(5_000);
    expect(await at.check()).toMatchObject({ releasable: false, certainty: "proven" });
    await at.clock.advance(12_000);
    expect(await at.check()).toMatchObject({ releasable: true, certainty: "proven" });
    await at.end();
  });
});

describe("a node whose name says 127.0.0.1", () => {
  const dead = async (at: ReturnType<typeof setUp>) => {
    await at.clock.advance(6_000);
    at.stopBeating();
    at.node.state = "gone";
    await at.clock.advance(21_000);
    await at.check();
    const check = await at.check();
    await at.end();
    return check;
  };
  it("is not proven dead by the port mapper of a console on another machine: the 75 s are waited", async () => {
    const at = setUp(LOOPBACK, "worldline@10.0.0.9");
    expect(await dead(at)).toMatchObject({ releasable: false, certainty: "presumed" });
    expect(at.witness.judge(LOOPBACK, mine)).toMatchObject({ kind: "unknown" });
  });
  it("is proven dead where the console's own name says the same machine", async () => {
    expect(await dead(setUp(LOOPBACK, "worldline@127.0.0.1"))).toMatchObject({ releasable: true, certainty: "proven" });
  });
});

describe("a machine that does not answer", () => {
  it.each(["mute", "refusing"] as const)("proves nothing when it is %s: the 75 s are waited", async (state) => {
    const at = setUp();
    await at.clock.advance(6_000);
    at.stopBeating();
    at.node.state = state;
    await at.clock.advance(40_000);
    expect(await at.check()).toMatchObject({ releasable: false, certainty: "presumed" });
    await at.clock.advance(35_000);
    expect(await at.check()).toMatchObject({ releasable: true, certainty: "presumed" });
    await at.end();
  });
  it("proves nothing without a port mapper that answers", async () => {
    const at = setUp();
    at.node.mapper = false;
    at.node.state = "gone";
    await at.check();
    await at.check();
    expect(at.witness.judge(NODE, mine).kind).toBe("unknown");
    await at.end();
  });
});

it("asks once for several who ask at the same moment", async () => {
  const at = setUp();
  await Promise.all([at.witness.verdict(NODE, mine), at.witness.verdict(NODE, mine), at.clock.advance(100)]);
  expect(at.hand.calls.get("identity")).toBe(1);
  await at.end();
});
