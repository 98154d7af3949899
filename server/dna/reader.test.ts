import { describe, expect, it } from "vitest";
import type { EventDraft, EventKind } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { type Incarnation, toIncarnationId } from "./domain/identity.ts";
import type { DnaStore, MalformedRow, NodeRow } from "./ports.ts";
import { createDnaReader } from "./reader.ts";
import { toIncarnationWatch, toLivenessView } from "./reader-views.ts";

interface FakeNode {
  readonly incarnation: Incarnation;
  readonly node: string;
  readonly bornAtMs: number;
  readonly beatEveryMs: number;
  /** Instants, in ms since the start of the test. */
  diesAtMs: number;
  deletedAtMs: number;
}

/** A nodes table written by hand: each row beats by the clock until it dies. */
function createFakeTable(clock: ManualClock) {
  const nodes = new Map<string, FakeNode[]>();
  const malformed: MalformedRow[] = [];
  let answer: "rows" | "refuse" | "hang" = "rows";
  let reads = 0;
  const rowOf = (node: FakeNode): NodeRow => {
    const at = Math.min(clock.monotonic(), node.diesAtMs) - node.bornAtMs;
    const beat = Math.floor(at / node.beatEveryMs);
    return {
      incarnation: node.incarnation,
      node: node.node,
      heartbeat: -576_460_752_303_000n + BigInt(beat),
      load: 0.25,
      draining: false,
      writeAgeMs: clock.monotonic() - node.bornAtMs - beat * node.beatEveryMs,
    };
  };
  async function answered<T>(value: () => T): Promise<T> {
    if (answer === "hang") return new Promise<T>(() => undefined);
    if (answer === "refuse") throw new OpsError("upstream-unavailable", "connection refused");
    return value();
  }
  const store: Pick<DnaStore, "clusters" | "nodes" | "databaseCluster"> = {
    clusters: () => answered(() => [...nodes.keys()].sort()),
    nodes: (cluster) => {
      reads += 1;
      return answered(() => [
        ...(nodes.get(cluster) ?? []).filter((node) => clock.monotonic() < node.deletedAtMs).map(rowOf),
        ...malformed,
      ]);
    },
    databaseCluster: () => answered(() => ({ name: "test", product: "simulator" as const, hosts: [] })),
  };
  let nextId = 0n;
  return {
    store,
    malformed,
    reads: () => reads,
    answer(next: typeof answer) {
      answer = next;
    },
    add(cluster: string, name = "dna@a", createdAt = clock.now()): FakeNode {
      nextId += 1n;
      const node: FakeNode = {
        incarnation: { createdAt: epochMs(createdAt), id: -nextId },
        node: name,
        bornAtMs: clock.monotonic(),
        beatEveryMs: 5_040,
        diesAtMs: Number.POSITIVE_INFINITY,
        deletedAtMs: Number.POSITIVE_INFINITY,
      };
      nodes.set(cluster, [...(nodes.get(cluster) ?? []), node]);
      return node;
    },
  };
}

function setUp(options: { readonly clusterFilter?: string } = {}) {
  const clock = createManualClock();
  const table = createFakeTable(clock);
  const journal = createMemoryRecorder(clock);
  let lateMs = 0;
  const open = () =>
    createDnaReader({
      sourceId: "eu-1",
      store: table.store,
      recorder: journal.recorder,
      view: journal.recorder,
      clock,
      log: silentLogger,
      loopDelay: { maxLateSince: () => lateMs },
      ...options,
    });
  let reader = open();
  let abort = new AbortController();
  let done = Promise.resolve();
  const start = () => {
    done = reader.run(abort.signal);
  };
  return {
    clock,
    table,
    journal,
    start,
    get reader() {
      return reader;
    },
    loopLate(ms: number) {
      lateMs = ms;
    },
    async restart() {
      abort.abort();
      await done;
      abort = new AbortController();
      reader = open();
      start();
    },
    async stop() {
      abort.abort();
      await done;
    },
    fold: () => journal.recorder.dna("eu-1"),
    stateOf: (node: FakeNode) => journal.recorder.dna("eu-1").nodes[toIncarnationId(node.incarnation)]?.state,
    count: (kind: EventKind) => journal.kinds().filter((other) => other === kind).length,
  };
}

/** Steps until the predicate holds; answers how many ms that took. */
async function until(clock: ManualClock, holds: () => boolean, limitMs: number): Promise<number> {
  const from = clock.monotonic();
  while (!holds()) {
    if (clock.monotonic() - from > limitMs) throw new Error(`not within ${limitMs} ms`);
    await clock.advance(50);
  }
  return clock.monotonic() - from;
}

describe("a node that dies", () => {
  it.each(Array.from({ length: 12 }, (_, index) => 30_000 + index * 437))(
    "at %i ms is late within 13 s and silent within 25 s, whatever the phase of the reads",
    async (diesAtMs) => {
      const world = setUp();
      const node = world.table.add("prod");
      world.table.add("prod", "dna@b");
      world.start();
      await world.clock.advance(diesAtMs);
      expect(world.stateOf(node)).toBe("alive");
      node.diesAtMs = diesAtMs;
      expect(await until(world.clock, () => world.stateOf(node) === "late", 13_000)).toBeGreaterThan(4_900);
      await until(world.clock, () => world.stateOf(node) === "silent", 25_000 - (world.clock.monotonic() - diesAtMs));
      await world.stop();
    },
  );
  it("is gone within one read of the deletion of its row", async () => {
    const world = setUp();
    const node = world.table.add("prod");
    world.start();
    await world.clock.advance(20_000);
    node.diesAtMs = 20_000;
    node.deletedAtMs = 33_000;
    await world.clock.advance(15_100);
    expect(world.stateOf(node)).toBe("gone");
    await world.stop();
  });
  it("is releasable after 75 s of counted silence and not before", async () => {
    const world = setUp();
    const node = world.table.add("prod");
    world.start();
    await world.clock.advance(20_000);
    node.diesAtMs = 20_000;
    const id = toIncarnationId(node.incarnation);
    const watch = toIncarnationWatch(world.reader);
    await world.clock.advance(60_000);
    expect(await watch.check(id)).toMatchObject({ releasable: false, beats: false });
    await world.clock.advance(20_000);
    expect(await watch.check(id)).toEqual({ releasable: true, certainty: "presumed", beats: false, waitingFor: null });
    await world.stop();
  });
});

describe("what is recorded", () => {
  it("is the difference only: a cluster that just beats adds no event", async () => {
    const world = setUp();
    for (let index = 0; index < 5; index += 1) world.table.add("prod", `dna@${index}`);
    world.start();
    await world.clock.advance(10_000);
    const before = world.journal.events.length;
    await world.clock.advance(120_000);
    expect(world.journal.events.length).toBe(before);
    expect(world.table.reads()).toBeLessThanOrEqual(66);
    expect(Object.keys(world.journal.recorder.samples()["dna:eu-1"]?.nodes ?? {})).toHaveLength(5);
    await world.stop();
  });
  it("says that the source starts, is up, and what the database is", async () => {
    const world = setUp();
    world.table.add("prod");
    world.start();
    await world.clock.advance(2_000);
    expect(world.journal.kinds()).toEqual([
      "source.state_changed",
      "source.state_changed",
      "dna.node.seen",
      "dna.incarnation.state_changed",
      "dna.database.changed",
    ]);
    expect(world.fold().source.state).toBe("up");
    await world.stop();
  });
  it("keeps an unreadable row with its reason until it can be read, and its incarnation is not gone by it", async () => {
    const world = setUp();
    const node = world.table.add("prod");
    world.start();
    await world.clock.advance(20_000);
    node.deletedAtMs = 20_000;
    world.table.malformed.push({
      malformed: true,
      key: toIncarnationId(node.incarnation),
      reason: "heartbeat is null",
    });
    await world.clock.advance(5_000);
    expect(Object.values(world.fold().unreadable)).toEqual([{ cluster: "prod", reason: "heartbeat is null" }]);
    expect(world.stateOf(node)).toBe("observing");
    world.table.malformed.length = 0;
    await world.clock.advance(5_000);
    expect(world.fold().unreadable).toEqual({});
    expect(world.stateOf(node)).toBe("gone");
    await world.stop();
  });
  it("is compared anew when the journal could not be written: nothing is lost, nothing recorded twice", async () => {
    const world = setUp();
    const node = world.table.add("prod");
    world.table.add("prod", "dna@b");
    world.start();
    await world.clock.advance(20_000);
    world.journal.fail();
    node.diesAtMs = 20_000;
    await world.clock.advance(30_000);
    expect(world.stateOf(node)).toBe("alive");
    expect(world.reader.liveness(toIncarnationId(node.incarnation)).state).toBe("silent");
    world.journal.mend();
    await world.clock.advance(2_100);
    expect(world.stateOf(node)).toBe("silent");
    const changes = world.journal.events.filter(
      (event) => event.kind === "dna.incarnation.state_changed" && event.subject === toIncarnationId(node.incarnation),
    );
    expect(changes.map((event) => event.kind === "dna.incarnation.state_changed" && event.body.to)).toEqual([
      "alive",
      "silent",
    ]);
    await world.stop();
  });
  it("forgets an incarnation that has been gone for a day, unless keys of it were counted", async () => {
    const world = setUp();
    world.table.add("prod");
    const at = { occurredAt: world.clock.now() };
    const gone = (subject: string): EventDraft[] => [
      {
        kind: "dna.node.seen",
        subject,
        ...at,
        body: { cluster: "prod", node: "dna@x", createdAt: epochMs(1), nodeId: "1" },
      },
      {
        kind: "dna.incarnation.state_changed",
        subject,
        ...at,
        body: { cluster: "prod", from: "observing", to: "gone", evidence: "test", silentMs: 0 },
      },
    ];
    const counts = [{ incarnationId: "2:2", namespace: "n", moduleId: 0, keys: 1 }];
    const times = { startedAt: world.clock.now(), finishedAt: world.clock.now() };
    await world.journal.recorder.record("dna:eu-1", [
      ...gone("1:1"),
      ...gone("2:2"),
      {
        kind: "dna.census.finished",
        subject: "c1",
        ...at,
        body: { ...times, rows: 1, unreadableRows: 0, incarnationId: null, counts },
      },
    ]);
    await world.clock.advance(24 * 3_600_000);
    world.start();
    await world.clock.advance(5_000);
    expect(world.fold().nodes["1:1"]).toBeUndefined();
    expect(world.fold().nodes["2:2"]?.state).toBe("gone");
    expect(world.count("dna.node.forgotten")).toBe(1);
    await world.clock.advance(5_000);
    expect(world.count("dna.node.seen")).toBe(3);
    await world.stop();
  });
});

describe("a source that stops", () => {
  it.each(["refuse", "hang"] as const)("by %s is down within 5 s, and up within 5 s of its return", async (how) => {
    const world = setUp();
    const node = world.table.add("prod");
    world.start();
    await world.clock.advance(20_300);
    world.table.answer(how);
    await until(world.clock, () => world.fold().source.state === "down", 5_000);
    expect(world.fold().source.reason).not.toBeNull();
    await world.clock.advance(20_000);
    expect(world.stateOf(node)).toBe("observing");
    world.table.answer("rows");
    await until(world.clock, () => world.fold().source.state === "up" && world.stateOf(node) === "alive", 5_000);
    await world.stop();
  });
  it("never lets silence grow over the gap, nor judges a node by it", async () => {
    const world = setUp();
    const node = world.table.add("prod");
    world.start();
    await world.clock.advance(20_000);
    node.diesAtMs = 20_000;
    await world.clock.advance(70_000);
    world.table.answer("hang");
    await world.clock.advance(10_000);
    world.table.answer("rows");
    const id = toIncarnationId(node.incarnation);
    expect(world.reader.liveness(id).releasable.releasable).toBe(false);
    await world.clock.advance(70_000);
    expect(world.reader.liveness(id)).toMatchObject({ state: "silent", releasable: { releasable: false } });
    await world.clock.advance(12_000);
    expect(world.reader.liveness(id).releasable.releasable).toBe(true);
    await world.stop();
  });
  it("is down with its reason when something unexpected is thrown, and goes on", async () => {
    const world = setUp();
    world.table.add("prod");
    world.start();
    await world.clock.advance(10_000);
    const { nodes } = world.table.store;
    world.table.store.nodes = () => {
      throw new TypeError("a bug");
    };
    await world.clock.advance(2_100);
    expect(world.fold().source).toMatchObject({ state: "down", reason: "a bug" });
    world.table.store.nodes = nodes;
    await world.clock.advance(2_100);
    expect(world.fold().source.state).toBe("up");
    await world.stop();
  });
});

describe("a console", () => {
  it("that was late by more than 1 s judges nobody until it has counted anew", async () => {
    const world = setUp();
    const node = world.table.add("prod");
    world.start();
    await world.clock.advance(20_000);
    node.diesAtMs = 20_000;
    await world.clock.advance(30_000);
    expect(world.stateOf(node)).toBe("silent");
    world.loopLate(1_001);
    expect(world.reader.liveness(toIncarnationId(node.incarnation)).state).toBe("observing");
    await world.clock.advance(2_100);
    expect(world.reader.liveness(toIncarnationId(node.incarnation)).silentMs).toBe(0);
    world.loopLate(0);
    await world.clock.advance(100);
    expect(world.stateOf(node)).toBe("observing");
    await world.clock.advance(10_000);
    expect(world.stateOf(node)).toBe("late");
    await world.stop();
  });
  it("that starts again observes everybody, and finds gone who went meanwhile", async () => {
    const world = setUp();
    const gone = world.table.add("prod");
    const dead = world.table.add("prod", "dna@b");
    world.start();
    await world.clock.advance(20_000);
    dead.diesAtMs = 20_000;
    await world.clock.advance(30_000);
    expect(world.stateOf(dead)).toBe("silent");
    gone.deletedAtMs = world.clock.monotonic();
    world.table.answer("hang");
    await world.restart();
    await world.clock.advance(100);
    expect([world.stateOf(gone), world.stateOf(dead), world.fold().source.state]).toEqual([
      "observing",
      "observing",
      "starting",
    ]);
    world.table.answer("rows");
    await world.clock.advance(5_000);
    expect(world.stateOf(gone)).toBe("gone");
    expect(world.reader.liveness(toIncarnationId(gone.incarnation)).silentMs).toBeLessThan(5_000);
    await world.stop();
  });
  it("that follows one cluster forgets the nodes of the others", async () => {
    const world = setUp({ clusterFilter: "prod" });
    const node = world.table.add("prod");
    const other = world.table.add("stage", "dna@s");
    await world.journal.recorder.record("dna:eu-1", [
      {
        kind: "dna.node.seen",
        subject: toIncarnationId(other.incarnation),
        occurredAt: world.clock.now(),
        body: { cluster: "stage", node: "dna@s", createdAt: other.incarnation.createdAt, nodeId: "-2" },
      },
    ]);
    world.start();
    await world.clock.advance(4_100);
    expect(Object.keys(world.fold().nodes)).toEqual([toIncarnationId(node.incarnation)]);
    await world.stop();
  });
  it("stops at once, even in the middle of a read that hangs", async () => {
    const world = setUp();
    world.table.add("prod");
    world.start();
    await world.clock.advance(10_000);
    world.table.answer("hang");
    await world.clock.advance(2_500);
    await world.stop();
  });
});

describe("an identity that was never seen", () => {
  const stranger = (world: ReturnType<typeof setUp>, ageMs: number): Incarnation => ({
    createdAt: epochMs(world.clock.now() - ageMs),
    id: 77n,
  });
  it("is gone, and silent since the reads show the table without it", async () => {
    const world = setUp();
    world.table.add("prod");
    const { createdAt, id } = stranger(world, 3_600_000);
    world.start();
    await world.clock.advance(80_000);
    const judged = world.reader.liveness(toIncarnationId({ createdAt, id }));
    expect(judged).toMatchObject({ state: "gone", cluster: null, releasable: { releasable: true } });
    expect(toLivenessView(world.reader).sight({ createdAt, id }).state).toBeNull();
    await world.stop();
  });
  it("is not judged while it may be too new, or may live in a cluster that is not followed", async () => {
    const world = setUp({ clusterFilter: "prod" });
    world.table.add("prod");
    world.start();
    await world.clock.advance(80_000);
    const young = toIncarnationId(stranger(world, 1_000));
    const old = toIncarnationId(stranger(world, 3_600_000));
    expect(world.reader.liveness(young).state).toBe("observing");
    expect(world.reader.liveness(old).state).toBe("gone");
    world.table.add("stage", "dna@s");
    await world.clock.advance(31_000);
    expect(world.reader.liveness(old).state).toBe("observing");
    await world.stop();
  });
});

describe("a node that keys are to be given to", () => {
  const check = (world: ReturnType<typeof setUp>, target: FakeNode, dead: FakeNode) =>
    toLivenessView(world.reader).target(toIncarnationId(target.incarnation), toIncarnationId(dead.incarnation));

  it("is one that was alive for 30 s without a break, by reads that are fresh", async () => {
    const world = setUp();
    const dead = world.table.add("prod", "dna@dead");
    const target = world.table.add("prod", "dna@a");
    const other = world.table.add("stage", "dna@s");
    world.start();
    await world.clock.advance(20_000);
    expect(check(world, target, dead)).toMatchObject({
      eligible: false,
      reason: expect.stringContaining("less than 30 s"),
    });
    await world.clock.advance(20_000);
    expect(check(world, target, dead)).toMatchObject({ eligible: true, reason: null });
    expect(check(world, dead, dead).reason).toContain("whose keys they are");
    expect(check(world, other, dead).reason).toContain("cluster stage");
    target.diesAtMs = world.clock.monotonic();
    await world.clock.advance(14_000);
    expect(check(world, target, dead)).toMatchObject({ eligible: false, reason: "it is late", aliveMs: null });
    target.diesAtMs = Number.POSITIVE_INFINITY;
    await world.clock.advance(8_000);
    expect(check(world, target, dead).reason).toContain("less than 30 s");
    world.table.answer("refuse");
    await world.clock.advance(8_000);
    expect(check(world, target, dead).reason).toContain("not read within");
    await world.stop();
  });
});

describe("another cluster in the keyspace", () => {
  const isRefused = (world: ReturnType<typeof setUp>, dead: FakeNode): boolean =>
    world.reader
      .liveness(toIncarnationId(dead.incarnation))
      .releasable.reasons.some(({ text, holds }) => text.startsWith("No other DNA cluster") && !holds);

  it.each([[undefined], ["prod"]])(
    "forbids every failover while it lives, followed or not (%s)",
    async (clusterFilter) => {
      const world = setUp(clusterFilter === undefined ? {} : { clusterFilter });
      const dead = world.table.add("prod", "dna@dead");
      world.table.add("prod");
      dead.diesAtMs = 0;
      world.start();
      await world.clock.advance(40_000);
      expect(isRefused(world, dead)).toBe(false);
      const other = world.table.add("stage", "dna@s");
      await world.clock.advance(62_000);
      expect(isRefused(world, dead)).toBe(true);
      other.deletedAtMs = world.clock.monotonic();
      await world.clock.advance(62_000);
      expect(isRefused(world, dead)).toBe(false);
      await world.stop();
    },
  );

  it("does not forbid when only old rows are left of it", async () => {
    const world = setUp({ clusterFilter: "prod" });
    const dead = world.table.add("prod", "dna@dead");
    const old = world.table.add("stage", "dna@s");
    old.diesAtMs = 0;
    await world.clock.advance(90_000);
    world.start();
    await world.clock.advance(40_000);
    expect(isRefused(world, dead)).toBe(false);
    await world.stop();
  });
});
