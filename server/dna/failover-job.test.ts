import { beforeEach, describe, expect, it } from "vitest";
import { dnaStream } from "#server/contract/event.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { type ActorType, type Incarnation, toIncarnationId } from "./domain/identity.ts";
import { createRegister } from "./failover.test-kit.ts";
import { createFailoverKind, FAILOVER_PACE, type KeyChanged } from "./failover-job.ts";
import { failoverParams } from "./failover-params.ts";
import type { IncarnationCheck } from "./failover-watch.ts";

const DEAD: Incarnation = { createdAt: epochMs(1_000), id: -9_223_372_036_854_775_808n };
const OTHER: Incarnation = { createdAt: epochMs(2_000), id: 7n };
const CITY: ActorType = { namespace: "weather", moduleId: 0 };
const VEHICLE: ActorType = { namespace: "fleet", moduleId: 1 };
const OK: IncarnationCheck = { releasable: true, beats: false, certainty: "presumed", waitingFor: null };

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const register = createRegister();
  register.state.clock = clock;
  const state = createMemoryState();
  const store = createJobStore(state);
  const checks: IncarnationCheck[] = [];
  const released: KeyChanged[] = [];
  let latest = OK;
  const watch = {
    async check() {
      latest = checks.shift() ?? OK;
      return latest;
    },
    judge: () => latest,
    target: () => ({ eligible: true, reason: null, aliveMs: 60_000 }),
  };
  const open = () =>
    createJobRunner({
      store,
      kinds: [
        createFailoverKind({
          sourceOf: () => ({ store: register.store, watch }),
          clock,
          pace: FAILOVER_PACE,
          log: silentLogger,
          onKey: (change) => released.push(change),
        }),
      ],
      recorder: memory.recorder,
      view: memory.recorder,
      clock,
      log: silentLogger,
    });
  const start = (runner: ReturnType<typeof open>, types = [CITY, VEHICLE]) =>
    runner.start({
      id: "job-1",
      facts: {
        kind: "dna.failover",
        title: "Release the keys of dna@10.0.0.7",
        stream: dnaStream("eu-1"),
        target: toIncarnationId(DEAD),
        requestedBy: "ann",
        requestId: "request-1",
      },
      total: 0,
      params: failoverParams("eu-1", toIncarnationId(DEAD), types),
      bookmark: null,
    });
  return { clock, memory, register, store, checks, released, open, start };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `key-${String(index).padStart(5, "0")}`);

describe("release of the keys of a dead incarnation", () => {
  let at: ReturnType<typeof setUp>;
  beforeEach(() => {
    at = setUp();
    at.register.put(CITY, names(120), DEAD);
    at.register.put(VEHICLE, names(30), DEAD);
    at.register.put(VEHICLE, ["other-1", "other-2"], OTHER);
  });
  const state = (runner: ReturnType<typeof at.open>) => runner.get("job-1")?.facts.state;
  const counts = (runner: ReturnType<typeof at.open>) => runner.get("job-1")?.facts.counts;

  it("frees every key of it and no other", async () => {
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(20_000);
    expect(state(runner)).toBe("done");
    expect(at.register.owned(DEAD)).toBe(0);
    expect(at.register.owned(OTHER)).toBe(2);
    expect(counts(runner)).toMatchObject({ applied: 150, moved: 0, failed: 0, unknown: 0 });
  });

  it("frees keys with names of 64 kB in rounds that can be written down", async () => {
    const long = names(20).map((name) => name + "x".repeat(65_000));
    at.register.put(CITY, long, DEAD);
    const bookmarks: number[] = [];
    const { checkpoint } = at.store;
    at.store.checkpoint = (record, outcomes) => {
      bookmarks.push(JSON.stringify(record.bookmark).length);
      return checkpoint(record, outcomes);
    };
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(60_000);
    expect(state(runner)).toBe("done");
    expect(at.register.owned(DEAD)).toBe(0);
    expect(counts(runner)).toMatchObject({ applied: 170 });
    expect(Math.max(...bookmarks)).toBeLessThan(300_000);
  });

  it("tells of each key that it released, and of none that was somebody else's by then", async () => {
    const taken = at.register.key(CITY, "key-00000");
    const runner = at.open();
    at.register.state.faults.push("lost-applied");
    await at.start(runner);
    at.register.rows.set(taken, { owner: OTHER, claimedAt: null });
    await at.clock.advance(60_000);
    const names = at.released.map(({ key, jobId, sourceId, incarnationId }) => {
      expect([jobId, sourceId, incarnationId]).toEqual(["job-1", "eu-1", toIncarnationId(DEAD)]);
      return at.register.key(key, key.name);
    });
    expect([...names].sort()).toEqual([...new Set(names)].sort());
    expect(names).toHaveLength(counts(runner)?.applied ?? -1);
    expect(names).not.toContain(taken);
  });

  it("sends at most 2 rounds a second of at most 50 keys", async () => {
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(20_000);
    expect(at.register.rounds.map((round) => round.keys)).toEqual([50, 50, 20, 30]);
    const gaps = at.register.rounds.slice(1).map((round, index) => round.at - (at.register.rounds[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
  });

  it("stops for good when the incarnation beats again", async () => {
    at.register.put(CITY, names(1_000), DEAD);
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(3_000);
    at.checks.push({ ...OK, releasable: false, beats: true });
    await at.clock.advance(60_000);
    expect(state(runner)).toBe("stopped");
    expect(at.register.owned(DEAD)).toBeGreaterThan(500);
  });

  it("waits, saying why, while it is not releasable, and sends nothing meanwhile", async () => {
    at.checks.push(
      ...Array.from({ length: 60 }, () => ({ ...OK, releasable: false, waitingFor: "Counted so far: 12.0 s." })),
    );
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(30_000);
    expect(runner.get("job-1")?.facts).toMatchObject({ state: "waiting", note: "Counted so far: 12.0 s." });
    expect(at.register.rounds).toEqual([]);
    await at.clock.advance(60_000);
    expect(state(runner)).toBe("done");
  });

  it.each(["lost-applied", "lost-unapplied"] as const)(
    "settles a round whose outcome is unknown (%s) by serial reads",
    async (fault) => {
      at.register.faults.push(fault);
      const runner = at.open();
      await at.start(runner, [VEHICLE]);
      await at.clock.advance(60_000);
      expect(state(runner)).toBe("done");
      expect(counts(runner)).toMatchObject({ applied: 30, unknown: 0 });
      expect(at.register.rows.size).toBe(122);
    },
  );

  it("leaves a key alone that somebody took over between the walk and the round", async () => {
    const runner = at.open();
    at.checks.push({ ...OK, releasable: false, waitingFor: "a moment" });
    await at.start(runner, [VEHICLE]);
    await at.clock.advance(500);
    at.register.put(VEHICLE, ["key-00003"], OTHER);
    await at.clock.advance(60_000);
    expect(counts(runner)).toMatchObject({ applied: 29, moved: 1 });
    expect(at.register.owned(OTHER)).toBe(3);
    const moved = await at.store.targets("job-1", "moved", null, 10);
    expect(moved.targets.map((target) => target.key)).toEqual(["1/fleet|key-00003"]);
  });

  it("waits for a database that does not answer and goes on by itself", async () => {
    const runner = at.open();
    at.register.state.down = true;
    await at.start(runner);
    await at.clock.advance(10_000);
    expect(runner.get("job-1")?.facts).toMatchObject({
      state: "waiting",
      note: "the register cannot be read: no host answered",
    });
    at.register.state.down = false;
    await at.clock.advance(20_000);
    expect(state(runner)).toBe("done");
  });

  it("waits and sends anew when no host was reached, as nothing was sent", async () => {
    at.register.state.unreachable = 3;
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(500);
    expect(runner.get("job-1")?.facts).toMatchObject({
      state: "waiting",
      note: "the register cannot be written: no host was reached",
    });
    await at.clock.advance(30_000);
    expect(counts(runner)).toMatchObject({ applied: 150, failed: 0, unknown: 0 });
  });

  it("pauses at a safe point and goes on where it was", async () => {
    at.register.put(CITY, names(1_000), DEAD);
    const runner = at.open();
    await at.start(runner);
    await at.clock.advance(2_000);
    await runner.pause("job-1", "pause-1");
    const sent = at.register.rounds.length;
    await at.clock.advance(10_000);
    expect(state(runner)).toBe("paused");
    expect(at.register.rounds.length).toBe(sent);
    await runner.resume("job-1", "resume-1");
    await at.clock.advance(74_000);
    expect(runner.get("job-1")?.facts).toMatchObject({ state: "waiting", note: expect.stringContaining("75 s") });
    expect(at.register.rounds.length).toBe(sent);
    await at.clock.advance(60_000);
    expect(counts(runner)).toMatchObject({ applied: 1_030, moved: 0, unknown: 0 });
    const causes = at.memory.events.filter(({ kind }) => kind.startsWith("job.")).map(({ causedBy }) => causedBy);
    expect(causes).toEqual(["request-1", "pause-1", "resume-1", "request-1", "request-1", "request-1"]);
  });

  it("goes on after a kill at any point, with at most one applied effect a key", async () => {
    for (const killAfterMs of [0, 200, 500, 700, 1_200, 1_900]) {
      const run = setUp();
      run.register.put(CITY, names(220), DEAD);
      const first = run.open();
      await run.start(first, [CITY]);
      await run.clock.advance(killAfterMs);
      await first.stop();
      const second = run.open();
      await second.recover();
      await run.clock.advance(120_000);
      expect(second.get("job-1")?.facts.state).toBe("done");
      expect(run.register.owned(DEAD)).toBe(0);
      expect(second.get("job-1")?.facts.counts).toMatchObject({ applied: 220, failed: 0, unknown: 0 });
    }
  });

  it("does not begin when the journal cannot be written", async () => {
    at.memory.fail();
    const runner = at.open();
    await expect(at.start(runner)).rejects.toMatchObject({ code: "journal-unavailable" });
    at.memory.mend();
    await at.clock.advance(10_000);
    expect(at.register.rounds).toEqual([]);
    expect(runner.get("job-1")).toBeNull();
  });
});
