import { beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { dnaStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import type { TargetOutcome } from "#server/jobs/ports.ts";
import { createJobRunner, type JobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import type { StateStore } from "#server/journal/ports.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createListeningGate } from "#server/operations/gate.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { ANOTHER_JOB } from "./failover-preview.ts";
import { createStopWorld, OTHER, OWNER } from "./stop.test-kit.ts";
import { BUSY_MAX, createStopKind } from "./stop-job.ts";
import { createStopMany } from "./stop-many.ts";

const REQUEST = "01KAS0000000000000000000A1";
const caller: Caller = {
  principal: { id: "mira", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "10.0.0.1",
};
const nameOf = (index: number): string => `key-${String(index).padStart(4, "0")}`;

/** A state store that ends its process at the nth write, before or after it is made; dead ones never answer. */
function mortal(state: StateStore, dieAt: number, after: boolean) {
  let writes = 0;
  let dead = false;
  const never = new Promise<never>(() => undefined);
  const death = Promise.withResolvers<void>();
  async function write<T>(act: () => Promise<T>): Promise<T> {
    if (dead) return never;
    writes += 1;
    if (writes !== dieAt) return act();
    if (after) await act();
    dead = true;
    death.resolve();
    return never;
  }
  const store: StateStore = {
    ...state,
    put: (...args) => write(() => state.put(...args)),
    putAll: (...args) => write(() => state.putAll(...args)),
    increment: (...args) => write(() => state.increment(...args)),
  };
  return { store, isDead: () => dead, died: death.promise, writes: () => writes };
}

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const world = createStopWorld(clock);
  const state = createMemoryState();
  const { gate, termsOf } = createListeningGate();
  const operations = createOperations({ recorder: memory.recorder, view: memory.recorder, clock, gate });
  /** Another source of the same keyspace has a job. */
  const others = { busy: false };
  const ids = Array.from({ length: 50 }, (_each, index) => `id-${index}`);
  const newId = () => ids.pop() ?? "";
  const open = (over: StateStore = state) => {
    const runner = createJobRunner({
      store: createJobStore(over),
      kinds: [createStopKind({ sourceOf: () => world.source, operations, clock, log: silentLogger })],
      recorder: memory.recorder,
      view: memory.recorder,
      clock,
      log: silentLogger,
    });
    const busy = () => others.busy || runner.busy(dnaStream("eu-1"));
    return { runner, many: createStopMany({ jobs: runner, busy, operations, clock, newId }) };
  };
  const preview = (life: ReturnType<typeof open>, partition: number | null = null) =>
    life.many.preview(caller, world.source, {
      source: "eu-1",
      incarnation: toIncarnationId(OWNER),
      partition,
      type: null,
    });
  async function start(life: ReturnType<typeof open>, force = false) {
    const { token, total } = await preview(life);
    const asked = {
      source: "eu-1",
      token: token ?? "",
      expectedTotal: total,
      force,
      reason: "it leaks",
      requestId: REQUEST,
    };
    return life.many.start(caller, world.source, asked);
  }
  const kinds = () => memory.events.filter(({ stream }) => stream === OPERATOR_STREAM).map(({ kind }) => kind);
  const outcomes = async (jobId: string): Promise<readonly TargetOutcome[]> =>
    (await createJobStore(state).targets(jobId, null, null, 500)).targets;
  return { clock, memory, world, state, others, termsOf, open, preview, start, kinds, outcomes };
}

describe("stopping many actors of a node", () => {
  let at: ReturnType<typeof setUp>;
  beforeEach(() => {
    at = setUp();
    for (let index = 0; index < 30; index += 1) at.world.start(nameOf(index), index % 2);
  });
  const facts = (runner: JobRunner, jobId: string) => runner.get(jobId)?.facts;

  it("ends exactly what was listed, one after the other, at most 100 a second, and verifies it", async () => {
    const life = at.open();
    const times: number[] = [];
    at.world.state.onStop = () => void times.push(at.clock.monotonic());
    const { jobId } = await at.start(life);
    at.world.start("later");
    await at.clock.advance(10_000);
    expect(facts(life.runner, jobId)).toMatchObject({ state: "done", counts: { total: 30, applied: 30 } });
    expect([...at.world.running.keys()]).toEqual(["later"]);
    expect(Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))).toBeGreaterThanOrEqual(10);
    expect(at.kinds()).toContain("op.verified");
    expect(new Set(at.world.sent).size).toBe(at.world.sent.length);
  });

  it("previews one partition, and counts by type", async () => {
    const preview = await at.preview(at.open(), 1);
    expect(preview).toMatchObject({
      total: 15,
      byPartition: [{ partition: 1, count: 15 }],
      byType: [{ namespace: "weather", moduleId: 0, count: 15 }],
      refusals: [],
    });
  });

  it("stops at the first five that are busy, and leaves the others alone", async () => {
    for (const [name, running] of at.world.running) if (name >= nameOf(10)) running.buffered = 3;
    const life = at.open();
    const { jobId } = await at.start(life);
    await at.clock.advance(20_000);
    const { state, counts, note } = facts(life.runner, jobId) ?? {};
    expect(state).toBe("stopped");
    expect(counts?.failed).toBe(BUSY_MAX);
    expect(note).toMatch(/5 of them are busy/);
    expect(at.world.running.size).toBe(30 - (counts?.applied ?? 0));
    expect(at.kinds()).toContain("op.unverified");
  });

  it("leaves alone what was started anew, and what the register gives to another", async () => {
    const life = at.open();
    const { jobId } = await at.start(life);
    at.world.start(nameOf(28), 0);
    at.world.rows.set(nameOf(29), { name: nameOf(29), owner: OTHER, claimedAt: null });
    await at.clock.advance(20_000);
    expect(facts(life.runner, jobId)?.counts).toMatchObject({ applied: 28, moved: 2 });
    expect([...at.world.running.keys()].toSorted()).toEqual([nameOf(28), nameOf(29)]);
  });

  it("stops for good within 2 s when the node is another incarnation", async () => {
    for (let index = 30; index < 800; index += 1) at.world.start(nameOf(index), index % 2);
    const life = at.open();
    const { jobId } = await at.start(life);
    await at.clock.advance(500);
    at.world.state.identity = OTHER;
    await at.clock.advance(20_000);
    const { state, note, counts } = facts(life.runner, jobId) ?? {};
    expect([state, note]).toEqual(["stopped", expect.stringMatching(/incarnation 2000:-8 by now/)]);
    expect(counts?.applied).toBeLessThan(255);
    expect(at.world.sent).toHaveLength(counts?.applied ?? -1);
  });

  it("waits, saying why, while nobody answers, and sends what could not be sent", async () => {
    const life = at.open();
    at.world.state.faults.push("not-sent", "not-sent");
    const { jobId } = await at.start(life);
    await at.clock.advance(500);
    expect(facts(life.runner, jobId)).toMatchObject({
      state: "waiting",
      note: expect.stringMatching(/cannot be reached/),
    });
    await at.clock.advance(20_000);
    expect(facts(life.runner, jobId)).toMatchObject({ state: "done", counts: { applied: 30 } });
  });

  it("settles a lost answer by the registry and never sends it twice", async () => {
    at.world.state.faults.push("lost-done", "lost-undone");
    const life = at.open();
    const { jobId } = await at.start(life);
    await at.clock.advance(60_000);
    expect(facts(life.runner, jobId)?.counts).toMatchObject({ applied: 29, failed: 1, unknown: 0 });
    expect(new Set(at.world.sent).size).toBe(at.world.sent.length);
  });

  it("asks a second person about exactly what was listed: the same list has the same fingerprint for everybody", async () => {
    const life = at.open();
    const first = await at.preview(life);
    expect((await at.preview(life)).list).toBe(first.list);
    const part = await at.preview(life, 1);
    expect(part.list).not.toBe(first.list);
    const start = { source: "eu-1", expectedTotal: part.total, force: true, reason: "why", requestId: REQUEST };
    await life.many.start(caller, at.world.source, { ...start, token: part.token ?? "" });
    expect(at.termsOf("dna.actors.stopMany")).toEqual({
      partition: 1,
      type: null,
      list: part.list,
      expectedTotal: part.total,
      force: true,
    });
  });

  it("begins nothing beside another job of the cluster, also one that came while the request was journalled", async () => {
    const life = at.open();
    const { record } = at.memory.recorder;
    at.memory.recorder.record = async (stream, drafts) => {
      const made = await record(stream, drafts);
      if (drafts.some(({ kind }) => kind === "op.requested")) at.others.busy = true;
      return made;
    };
    await expect(at.start(life)).rejects.toMatchObject({ code: "refused", message: ANOTHER_JOB });
    expect(life.runner.list()).toEqual([]);
    expect(at.kinds()).toEqual(["op.requested", "op.failed"]);
    const preview = await at.preview(life);
    expect(preview).toMatchObject({ token: null, refusals: [ANOTHER_JOB] });
    expect(at.world.sent).toEqual([]);
  });

  it("refuses what was not listed by the same person, or has become another number", async () => {
    const life = at.open();
    const { token } = await at.preview(life);
    const asked = {
      source: "eu-1",
      token: token ?? "",
      expectedTotal: 30,
      force: false,
      reason: "why",
      requestId: REQUEST,
    };
    const other = { ...caller, principal: { ...caller.principal, id: "ann" } };
    await expect(life.many.start(other, at.world.source, asked)).rejects.toMatchObject({ code: "conflict" });
    await expect(life.many.start(caller, at.world.source, { ...asked, expectedTotal: 29 })).rejects.toMatchObject({
      code: "conflict",
    });
    at.world.state.evaluate = false;
    await expect(life.many.start(caller, at.world.source, asked)).rejects.toMatchObject({ code: "refused" });
    at.world.state.act = false;
    expect((await at.preview(life)).token).toBeNull();
    expect(at.world.sent).toEqual([]);
  });

  it("goes on where it was after a kill at each write, before and after: nothing is sent twice, every target has an end", async () => {
    const kinds: string[] = [];
    for (const after of [false, true])
      for (let dieAt = 2; dieAt <= 16; dieAt += 1) {
        const run = setUp();
        for (let index = 0; index < 6; index += 1) run.world.start(nameOf(index));
        const first = mortal(run.state, dieAt, after);
        const life = run.open(first.store);
        const started = run.start(life, true).catch(() => null);
        // The fingerprint of what was listed takes real time: the clock moves once the job has begun, or never will.
        await Promise.race([started, first.died]);
        await run.clock.advance(5_000);
        if (!first.isDead()) {
          kinds.push("lived");
          continue;
        }
        kinds.push("died");
        const next = run.open();
        await next.runner.recover();
        await run.clock.advance(60_000);
        const [job] = next.runner.list();
        if (job === undefined) {
          // It died before the job was there: nothing was sent.
          expect(run.world.sent).toEqual([]);
          continue;
        }
        expect(job.facts.state).toBe("done");
        expect(new Set(run.world.sent).size).toBe(run.world.sent.length);
        const told = await run.outcomes(job.id);
        expect(told).toHaveLength(6);
        for (const { outcome, key } of told) {
          const name = key.slice(key.indexOf("|") + 1);
          expect([outcome, run.world.running.has(name)]).toEqual(
            outcome === "failed" ? ["failed", true] : ["applied", false],
          );
        }
        // At most the one target that was in hand when it died is left standing.
        expect(told.filter(({ outcome }) => outcome === "failed").length).toBeLessThanOrEqual(1);
      }
    expect(kinds.filter((kind) => kind === "died").length).toBeGreaterThan(15);
  });
});
