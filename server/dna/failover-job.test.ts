import { beforeEach, describe, expect, it } from "vitest";
import { dnaStream } from "#server/contract/event.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { type ActorType, type Incarnation, sameIncarnation, toIncarnationId } from "./domain/identity.ts";
import {
  createFailoverKind,
  FAILOVER_PACE,
  failoverParams,
  type IncarnationCheck,
  type KeyReleased,
} from "./failover-job.ts";
import type { CasOutcome, DnaStore } from "./ports.ts";

const DEAD: Incarnation = { createdAt: epochMs(1_000), id: -9_223_372_036_854_775_808n };
const OTHER: Incarnation = { createdAt: epochMs(2_000), id: 7n };
const CITY: ActorType = { namespace: "weather", moduleId: 0 };
const VEHICLE: ActorType = { namespace: "fleet", moduleId: 1 };
const OK: IncarnationCheck = { releasable: true, beats: false, waitingFor: null };

/** A register of rows with hooks before and after each conditional round. */
function createRegister() {
  const rows = new Map<string, Incarnation>();
  const key = (type: ActorType, name: string) => `${type.moduleId}/${type.namespace}|${name}`;
  const rounds: { at: number; keys: number }[] = [];
  const state = {
    rows,
    rounds,
    key,
    /** What the next rounds answer instead of the truth: `lost-applied` applies and says nothing. */
    faults: [] as ("lost-applied" | "lost-unapplied")[],
    down: false,
    /** Rounds that find no host: they throw, and nothing was sent. */
    unreachable: 0,
    clock: { monotonic: () => 0 },
    put(type: ActorType, names: readonly string[], owner: Incarnation) {
      for (const name of names) rows.set(key(type, name), owner);
    },
    owned: (owner: Incarnation) => [...rows.values()].filter((row) => sameIncarnation(row, owner)).length,
  };
  const guard = () => {
    if (state.down) throw new OpsError("upstream-unavailable", "no host answered");
  };
  const round = (type: ActorType, names: readonly string[], owner: Incarnation): CasOutcome => {
    if (state.unreachable > 0) {
      state.unreachable -= 1;
      throw new OpsError("upstream-unavailable", "no host was reached");
    }
    rounds.push({ at: state.clock.monotonic(), keys: names.length });
    const fault = state.faults.shift();
    const holds = names.every((name) => {
      const row = rows.get(key(type, name));
      return row !== undefined && sameIncarnation(row, owner);
    });
    if (holds && fault !== "lost-unapplied") for (const name of names) rows.delete(key(type, name));
    if (fault !== undefined) return { kind: "unknown", reason: "write time-out" };
    return holds ? { kind: "applied" } : { kind: "rejected", owner: rows.get(key(type, names[0] ?? "")) ?? null };
  };
  const store: Pick<DnaStore, "actorPage" | "actor" | "release" | "releaseBatch"> = {
    async actorPage({ type, after, limit }) {
      guard();
      const prefix = key(type, "");
      const names = [...rows.keys()]
        .filter((entry) => entry.startsWith(prefix))
        .map((entry) => entry.slice(prefix.length))
        .sort();
      const found = names.filter((name) => after === null || name > after).slice(0, limit);
      const page = found.map((name) => ({ name, owner: rows.get(key(type, name)) ?? null, claimedAt: null }));
      return { rows: page, nextAfter: found.length === limit ? (found.at(-1) ?? null) : null };
    },
    async actor({ name, ...type }) {
      guard();
      const owner = rows.get(key(type, name));
      return owner === undefined ? null : { name, owner, claimedAt: null };
    },
    release: async ({ name, ...type }, owner) => round(type, [name], owner),
    releaseBatch: async (type, names, owner) => round(type, names, owner),
  };
  return { ...state, state, store: store as DnaStore };
}

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const register = createRegister();
  register.state.clock = clock;
  const state = createMemoryState();
  const store = createJobStore(state);
  const checks: IncarnationCheck[] = [];
  const released: KeyReleased[] = [];
  const watch = { check: async () => checks.shift() ?? OK };
  const open = () =>
    createJobRunner({
      store,
      kinds: [
        createFailoverKind({
          sourceOf: () => ({ store: register.store, watch }),
          clock,
          pace: FAILOVER_PACE,
          onReleased: (release) => released.push(release),
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

  it("tells of each key that it released, and of none that was somebody else's by then", async () => {
    const taken = at.register.key(CITY, "key-00000");
    const runner = at.open();
    at.register.state.faults.push("lost-applied");
    await at.start(runner);
    at.register.rows.set(taken, OTHER);
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
    at.checks.push({ releasable: false, beats: true, waitingFor: null });
    await at.clock.advance(60_000);
    expect(state(runner)).toBe("stopped");
    expect(at.register.owned(DEAD)).toBeGreaterThan(500);
  });

  it("waits, saying why, while it is not releasable, and sends nothing meanwhile", async () => {
    at.checks.push(
      ...Array.from({ length: 60 }, () => ({ releasable: false, beats: false, waitingFor: "Counted so far: 12.0 s." })),
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
    at.checks.push({ releasable: false, beats: false, waitingFor: "a moment" });
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
    await at.clock.advance(60_000);
    expect(counts(runner)).toMatchObject({ applied: 1_030, moved: 0, unknown: 0 });
    const causes = at.memory.events.filter(({ kind }) => kind.startsWith("job.")).map(({ causedBy }) => causedBy);
    expect(causes).toEqual(["request-1", "pause-1", "resume-1", "request-1"]);
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
      await run.clock.advance(60_000);
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
