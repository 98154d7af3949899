import { describe, expect, it } from "vitest";
import { dnaStream } from "#server/contract/event.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import type { StateStore } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import type { Recorder } from "#server/live/ports.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import {
  type ActorKey,
  type ActorType,
  type Incarnation,
  sameIncarnation,
  toIncarnationId,
} from "./domain/identity.ts";
import { createRegister } from "./failover.test-kit.ts";
import { type CountsChanged, createFailoverKind, FAILOVER_PACE, type KeyChanged } from "./failover-job.ts";
import { type ClaimTarget, failoverParams } from "./failover-params.ts";
import type { IncarnationCheck } from "./failover-watch.ts";

const DEAD: Incarnation = { createdAt: epochMs(1_000), id: -7n };
const CITY: ActorType = { namespace: "weather", moduleId: 0 };
const VEHICLE: ActorType = { namespace: "fleet", moduleId: 1 };
const LIVING: readonly Incarnation[] = [2n, 3n, 4n].map((id) => ({ createdAt: epochMs(2_000), id }));
const TARGETS: readonly ClaimTarget[] = LIVING.map((incarnation, index) => ({
  incarnationId: toIncarnationId(incarnation),
  node: `dna@10.0.0.${index + 2}`,
  weight: index + 1,
}));
const OK: IncarnationCheck = { releasable: true, beats: false, certainty: "presumed", waitingFor: null };
const names = (count: number) => Array.from({ length: count }, (_, index) => `key-${String(index).padStart(5, "0")}`);

/** A job's world that outlives its consoles. */
function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const register = createRegister();
  register.state.clock = clock;
  const disk = createMemoryState();
  const changes: KeyChanged[] = [];
  const told: CountsChanged[] = [];
  const world = { check: OK, fallen: new Set<string>(), asked: 0 };
  const watch = {
    async check() {
      world.asked += 1;
      return world.check;
    },
    judge: () => world.check,
    target(id: string) {
      const eligible = !world.fallen.has(id);
      return { eligible, reason: eligible ? null : "it is late", aliveMs: eligible ? 60_000 : null };
    },
  };
  /** One more console over the same disk; what it writes may be tampered with. */
  const open = (state: StateStore = disk, store = register.store, recorder: Recorder = memory.recorder) =>
    createJobRunner({
      store: createJobStore(state),
      kinds: [
        createFailoverKind({
          sourceOf: () => ({ store, watch }),
          clock,
          pace: FAILOVER_PACE,
          log: silentLogger,
          onKey: (change) => changes.push(change),
          async onCounts(change) {
            told.push(change);
          },
        }),
      ],
      recorder,
      view: memory.recorder,
      clock,
      log: silentLogger,
    });
  const start = (runner: ReturnType<typeof open>, key?: ActorKey, targets: readonly ClaimTarget[] = TARGETS) =>
    runner.start({
      id: "job-1",
      facts: {
        kind: "dna.failover",
        title: "Give the keys of dna@10.0.0.7 to 3 nodes",
        stream: dnaStream("eu-1"),
        target: toIncarnationId(DEAD),
        requestedBy: "ann",
        requestId: "request-1",
      },
      total: 0,
      params: failoverParams("eu-1", toIncarnationId(DEAD), [CITY, VEHICLE], {
        targets,
        ...(key === undefined ? {} : { key }),
      }),
      bookmark: null,
    });
  const facts = (runner: ReturnType<typeof open>) => runner.get("job-1")?.facts;
  const targetsOf = async () => (await createJobStore(disk).targets("job-1", null, null, 10_000)).targets;
  return { clock, memory, register, disk, changes, told, world, open, start, facts, targetsOf };
}

describe("giving the keys of a dead node to live ones", () => {
  it("gives every key of it to one of the chosen nodes by their weights, and nobody else's key", async () => {
    const at = setUp();
    at.register.put(CITY, names(900), DEAD);
    at.register.put(VEHICLE, names(300), DEAD);
    const other = { createdAt: epochMs(5), id: 5n };
    at.register.put(VEHICLE, ["other"], other);
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(60_000);
    expect(at.facts(runner)).toMatchObject({
      state: "done",
      counts: { applied: 1_200, moved: 0, failed: 0, unknown: 0 },
    });
    expect(at.register.owned(DEAD)).toBe(0);
    expect(at.register.owned(other)).toBe(1);
    for (const [index, living] of LIVING.entries()) {
      const expected = (1_200 * (index + 1)) / 6;
      expect(Math.abs(at.register.owned(living) - expected)).toBeLessThan(60);
    }
    const sizes = at.register.rounds.map(({ keys }) => keys);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
    const gaps = at.register.rounds.slice(1).map((round, index) => round.at - (at.register.rounds[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
  });

  it("tells of each key whom it was given to, and how many, as they stand in the register", async () => {
    const at = setUp();
    at.register.put(CITY, names(120), DEAD);
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(30_000);
    for (const { key, to, claimedAt } of at.changes) {
      const row = at.register.rows.get(at.register.key(key, key.name));
      expect(row === undefined ? null : toIncarnationId(row.owner)).toBe(to);
      expect(row?.claimedAt).toBe(claimedAt);
    }
    expect(at.changes).toHaveLength(120);
    const given = at.told.flatMap(({ changes }) => changes).reduce((sum, { keys }) => sum + keys, 0);
    expect(given).toBe(120);
    const [first] = await at.targetsOf();
    expect(first?.note).toMatch(/^given to dna@10\.0\.0\.\d \(2000:\d\)$/);
  });

  it("leaves out a node that falls late, and gives what was meant for it to the others", async () => {
    const at = setUp();
    at.register.put(CITY, names(600), DEAD);
    const [, , largest] = TARGETS;
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(1_200);
    at.world.fallen.add(largest?.incarnationId ?? "");
    const had = at.register.owned(LIVING[2] ?? DEAD);
    await at.clock.advance(60_000);
    expect(at.facts(runner)).toMatchObject({ state: "done", counts: { applied: 600 } });
    expect(at.register.owned(LIVING[2] ?? DEAD)).toBe(had);
    expect(at.register.owned(DEAD)).toBe(0);
  });

  it("waits, saying why, while none of the chosen nodes may be given keys, and sends nothing meanwhile", async () => {
    const at = setUp();
    at.register.put(CITY, names(100), DEAD);
    for (const { incarnationId } of TARGETS) at.world.fallen.add(incarnationId);
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(20_000);
    expect(at.facts(runner)?.state).toBe("waiting");
    expect(at.facts(runner)?.note).toContain("dna@10.0.0.2: it is late");
    expect(at.register.rounds).toEqual([]);
    at.world.fallen.clear();
    await at.clock.advance(30_000);
    expect(at.facts(runner)?.state).toBe("done");
  });

  it("sends nothing that was right only before it was written down: it is judged in the turn in which it is sent", async () => {
    const at = setUp();
    at.register.put(CITY, names(100), DEAD);
    let writes = 0;
    const state: StateStore = {
      ...at.disk,
      async put(namespace, key, value) {
        await at.disk.put(namespace, key, value);
        writes += 1;
        if (writes === 2) at.world.check = { ...OK, releasable: false, beats: true };
      },
    };
    const runner = at.open(state);
    await at.start(runner);
    await at.clock.advance(10_000);
    expect(at.facts(runner)?.state).toBe("stopped");
    expect(at.register.rounds).toEqual([]);
  });

  it.each(["lost-applied", "lost-unapplied"] as const)(
    "settles a round without an answer (%s) by serial reads",
    async (fault) => {
      const at = setUp();
      at.register.put(CITY, names(120), DEAD);
      at.register.faults.push(fault);
      const runner = at.open();
      await at.start(runner);
      await at.clock.advance(60_000);
      expect(at.facts(runner)).toMatchObject({ state: "done", counts: { applied: 120, moved: 0, unknown: 0 } });
      expect(at.register.owned(DEAD)).toBe(0);
    },
  );

  it("does not count as its own what a chosen node took over by itself meanwhile", async () => {
    const at = setUp();
    at.register.put(CITY, names(50), DEAD);
    const [taker = DEAD] = LIVING;
    at.register.state.onRound = () => at.register.put(CITY, ["key-00003"], taker);
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(60_000);
    expect(at.facts(runner)).toMatchObject({ state: "done", counts: { applied: 49, moved: 1 } });
    expect((await at.targetsOf()).find(({ outcome }) => outcome === "moved")?.note).toContain("dna@10.0.0.2");
    // What a refused round leaves goes along again, not one by one.
    expect(at.register.rounds.map(({ keys }) => keys)).toEqual([50, 49]);
  });

  it("of one key touches that key alone", async () => {
    const at = setUp();
    at.register.put(CITY, names(20), DEAD);
    const runner = at.open();
    await at.start(runner, { ...CITY, name: "key-00007" });
    await at.clock.advance(5_000);
    expect(at.facts(runner)).toMatchObject({ state: "done", counts: { applied: 1 } });
    expect(at.register.owned(DEAD)).toBe(19);
  });

  it("of one key that is somebody else's by then touches nothing", async () => {
    const at = setUp();
    const [taker = DEAD] = LIVING;
    at.register.put(CITY, ["key-00007"], taker);
    const runner = at.open();
    await at.start(runner, { ...CITY, name: "key-00007" });
    await at.clock.advance(5_000);
    expect(at.facts(runner)).toMatchObject({ state: "done", counts: { applied: 0, moved: 1 } });
    expect(at.register.rounds).toEqual([]);
  });
});

describe("a console that is killed while it gives keys away", () => {
  /** Stands still for ever before or after the n-th write to disk or register: what a kill leaves of it. */
  function dying(at: ReturnType<typeof setUp>, nth: number, when: "before" | "after") {
    let writes = 0;
    const never = new Promise<never>(() => undefined);
    async function write<T>(apply: () => Promise<T>): Promise<T> {
      writes += 1;
      if (writes > nth || (writes === nth && when === "before")) return never;
      const value = await apply();
      return writes === nth ? never : value;
    }
    const { disk, register } = at;
    const state: StateStore = {
      ...disk,
      put: (namespace, key, value) => write(() => disk.put(namespace, key, value)),
      putAll: (namespace, items) => write(() => disk.putAll(namespace, items)),
    };
    const { store } = register;
    const mortal: typeof store = {
      ...store,
      claim: (...args) => write(() => store.claim(...args)),
      claimBatch: (...args) => write(() => store.claimBatch(...args)),
    };
    return { runner: at.open(state, mortal), died: () => writes >= nth };
  }

  async function killedAt(nth: number, when: "before" | "after"): Promise<boolean> {
    const at = setUp();
    at.register.put(CITY, names(130), DEAD);
    at.register.put(VEHICLE, names(40), DEAD);
    const { runner, died } = dying(at, nth, when);
    void at.start(runner);
    await at.clock.advance(30_000);
    const second = at.open();
    await second.recover();
    await at.clock.advance(200_000);
    const facts = at.facts(second);
    // Before its record is on disk there is no job: the journal says so, and nothing was sent.
    if (facts === undefined) expect(at.register.owned(DEAD)).toBe(170);
    else {
      const about = `killed ${when} write ${nth}`;
      expect(facts, about).toMatchObject({ state: "done", counts: { applied: 170, moved: 0, failed: 0, unknown: 0 } });
      expect(at.register.owned(DEAD), about).toBe(0);
      const owned = LIVING.map((living) => at.register.owned(living)).reduce((sum, keys) => sum + keys, 0);
      expect(owned, about).toBe(170);
      const first = at.told.filter(({ id }, index) => at.told.findIndex((each) => each.id === id) === index);
      for (const change of at.told) expect(first, about).toContainEqual(change);
      const counted = first.flatMap(({ changes }) => changes).reduce((sum, { keys }) => sum + keys, 0);
      expect(counted, about).toBe(170);
    }
    return died();
  }

  it("goes on after a kill before or after every single write, and each key changes hands once", async () => {
    let points = 0;
    for (let nth = 1; (await killedAt(nth, "before")) && (await killedAt(nth, "after")); nth += 1) points = nth;
    expect(points).toBeGreaterThan(20);
  });

  it("counts 75 s of silence anew before it goes on, unless the death is proven", async () => {
    for (const certainty of ["presumed", "proven"] as const) {
      const at = setUp();
      at.register.put(CITY, names(400), DEAD);
      const first = at.open();
      await at.start(first);
      await at.clock.advance(1_200);
      await first.stop();
      const sent = at.register.rounds.length;
      at.world.check = { ...OK, certainty };
      const second = at.open();
      await second.recover();
      await at.clock.advance(74_000);
      expect(at.register.rounds.length > sent).toBe(certainty === "proven");
      await at.clock.advance(60_000);
      expect(at.facts(second)).toMatchObject({ state: "done", counts: { applied: 400 } });
    }
  });

  it("gives no key to another node than the first console would have", async () => {
    const owners = async (killAfterMs: number | null) => {
      const at = setUp();
      at.register.put(CITY, names(300), DEAD);
      const first = at.open();
      await at.start(first);
      if (killAfterMs !== null) {
        await at.clock.advance(killAfterMs);
        await first.stop();
        await at.open().recover();
      }
      await at.clock.advance(200_000);
      return [...at.register.rows].map(([key, { owner }]) => `${key} ${toIncarnationId(owner)}`).sort();
    };
    expect(await owners(1_700)).toEqual(await owners(null));
  });
});

describe("two consoles on one journal", () => {
  it("the one that was overtaken sends nothing more: its next round has to be written down first", async () => {
    const at = setUp();
    at.register.put(CITY, names(1_000), DEAD);
    let overtaken = false;
    const fenced = async (): Promise<void> => {
      if (overtaken) throw new Error("a newer console writes the journal");
    };
    const state: StateStore = {
      ...at.disk,
      put: async (...args) => fenced().then(() => at.disk.put(...args)),
      putAll: async (...args) => fenced().then(() => at.disk.putAll(...args)),
    };
    const { recorder } = at.memory;
    const first = at.open(state, at.register.store, {
      ...recorder,
      record: async (...args) => fenced().then(() => recorder.record(...args)),
    });
    await at.start(first);
    await at.clock.advance(3_000);
    overtaken = true;
    const sent = at.register.rounds.length;
    await at.clock.advance(10_000);
    // At most the round that was written down already.
    expect(at.register.rounds.length - sent).toBeLessThanOrEqual(1);
    const second = at.open();
    await second.recover();
    expect(second.busy(dnaStream("eu-1"))).toBe(true);
    await at.clock.advance(200_000);
    expect(at.facts(second)).toMatchObject({ state: "done", counts: { applied: 1_000, moved: 0, unknown: 0 } });
    const owners = LIVING.map((living) => at.register.owned(living)).reduce((sum, keys) => sum + keys, 0);
    expect(owners).toBe(1_000);
    expect([...at.register.rows.values()].some(({ owner }) => sameIncarnation(owner, DEAD))).toBe(false);
  });
});
