import { describe, expect, it } from "vitest";
import { dnaStream } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { BY_ANN, createTestCensus, registerOf } from "./census.test-kit.ts";
import type { Census } from "./census.ts";
import { type Incarnation, toIncarnationId } from "./domain/identity.ts";
import type { CensusPageQuery } from "./ports.ts";

const A: Incarnation = { createdAt: epochMs(1_000), id: -1n };
const B: Incarnation = { createdAt: epochMs(2_000), id: 2n };
const TYPES = [
  { namespace: "eu", moduleId: 0, keys: 30_000 },
  { namespace: "eu", moduleId: 1, keys: 12_345 },
  { namespace: "us", moduleId: 0, keys: 0 },
  { namespace: "us", moduleId: 7, keys: 5 },
];
const ALL = TYPES.reduce((sum, { keys }) => sum + keys, 0);

function setUp(options: { rowsPerSecond?: number; expectedRows?: number } = {}) {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const asked: CensusPageQuery[] = [];
  const fault: { next: OpsError | null } = { next: null };
  const register = registerOf(
    () => TYPES,
    (index) => (index % 3 === 0 ? B : A),
  );
  const store: typeof register = {
    ...register,
    async censusPage(query) {
      asked.push(query);
      const { next } = fault;
      if (next !== null) throw next;
      return register.censusPage(query);
    },
  };
  const shared = { sourceId: "eu-1", store, recorder: memory.recorder, clock, rowsPerSecond: 10_000, ...options };
  const first = createTestCensus(shared);
  const until = async (holds: () => boolean) => {
    for (let round = 0; round < 2_000 && !holds(); round += 1) await clock.advance(50);
    expect(holds()).toBe(true);
  };
  const finished = () => memory.events.filter((event) => event.kind === "dna.census.finished");
  return { clock, memory, asked, fault, shared, ...first, until, finished };
}

const stateOf = (census: Census | null) => census?.state;

describe("a census", () => {
  it("counts every key of every owner once, and journals it with rows by type", async () => {
    const at = setUp();
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => stateOf(at.census.get(id)) === "done");
    expect(at.census.get(id)).toMatchObject({ rows: ALL, typesDone: 4, typesTotal: 4, expectedRows: ALL });
    const fold = at.memory.recorder.dna("eu-1");
    const keysOf = (owner: Incarnation) =>
      fold.owned[toIncarnationId(owner)]?.counts.reduce((sum, { keys }) => sum + keys, 0) ?? 0;
    expect(keysOf(A) + keysOf(B)).toBe(ALL);
    expect(keysOf(B)).toBe(10_000 + 4_115 + 2);
    expect(fold.census).toMatchObject({ rows: ALL, otherKeys: 0 });
    expect(fold.census?.types.map(({ rows }) => rows)).toEqual([30_000, 12_345, 5, 0]);
  });

  it("reads no faster than its pace, over every second of the walk", async () => {
    const at = setUp({ rowsPerSecond: 5_000 });
    const { id } = await at.census.start(BY_ANN(null));
    let before = 0;
    for (let second = 0; stateOf(at.census.get(id)) === "running"; second += 1) {
      await at.clock.advance(1_000);
      const rows = at.runner.progress(id)?.walked ?? 0;
      // A page may be under way at either end of the second.
      expect(rows - before).toBeLessThanOrEqual(5_000 + 5_000);
      expect(rows).toBeLessThanOrEqual((second + 1) * 5_000 + 5_000);
      before = rows;
    }
    expect(before).toBe(ALL);
  });

  it("paused, it reads nothing; resumed, it goes on behind the last row, and counts none twice", async () => {
    const at = setUp();
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => (at.runner.progress(id)?.walked ?? 0) >= 15_000);
    const paused = await at.census.pause(id);
    expect(paused.state).toBe("paused");
    const pages = at.asked.length;
    await at.clock.advance(60_000);
    expect(at.asked).toHaveLength(pages);
    await at.census.resume(id);
    await at.until(() => stateOf(at.census.get(id)) === "done");
    expect(at.census.get(id)?.rows).toBe(ALL);
    expect(at.finished()).toHaveLength(1);
    // No page is asked for twice.
    const names = at.asked.map(({ type, after }) => `${type.namespace}/${type.moduleId}/${after}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it("whose journal is away at its end waits to tell its counts, and walks nothing again", async () => {
    const at = setUp();
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => (at.runner.progress(id)?.walked ?? 0) >= 40_000);
    at.memory.fail();
    await at.until(() => (at.runner.progress(id)?.walked ?? 0) === ALL);
    await at.clock.advance(10_000);
    const pages = at.asked.length;
    expect(at.finished()).toEqual([]);
    await at.clock.advance(60_000);
    at.memory.mend();
    await at.until(() => stateOf(at.census.get(id)) === "done");
    expect(at.finished()).toHaveLength(1);
    expect(at.memory.recorder.dna("eu-1").census).toMatchObject({ rows: ALL });
    expect(at.asked).toHaveLength(pages);
  });

  it("killed at any page, the next life of the console ends with the same counts", async () => {
    for (const pages of [1, 2, 5, 7, 8]) {
      const at = setUp({ rowsPerSecond: 5_000 });
      const { id } = await at.census.start(BY_ANN(null));
      await at.until(() => at.asked.length >= pages);
      // A kill: nothing of that life is written any more. What it had put down is all there is.
      const disk = structuredClone(await at.state.list("jobs"));
      const state = createTestCensus(at.shared).state;
      await state.putAll("jobs", disk);
      await at.runner.stop();
      const next = createTestCensus({ ...at.shared, state });
      await next.runner.recover();
      await at.until(() => stateOf(next.census.get(id)) === "done");
      expect(next.census.get(id)).toMatchObject({ rows: ALL, typesDone: 4 });
      const { owned } = at.memory.recorder.dna("eu-1");
      const counted = Object.values(owned).flatMap(({ counts }) => counts);
      expect(counted.reduce((sum, { keys }) => sum + keys, 0)).toBe(ALL);
    }
  });

  it("waits while the database does not answer, saying so, and loses nothing by it", async () => {
    const at = setUp();
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => (at.runner.progress(id)?.walked ?? 0) >= 5_000);
    at.fault.next = new OpsError("upstream-unavailable", "no host answers");
    await at.until(() => stateOf(at.census.get(id)) === "waiting");
    expect(at.census.get(id)?.note).toContain("no host answers");
    at.fault.next = null;
    await at.until(() => stateOf(at.census.get(id)) === "done");
    expect(at.census.get(id)?.rows).toBe(ALL);
  });

  it("fails when the table is not DNA's, and then journals no counts", async () => {
    const at = setUp();
    at.fault.next = new OpsError("upstream-malformed", "no such column");
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => stateOf(at.census.get(id)) === "failed");
    expect(at.finished()).toEqual([]);
  });

  it("cancelled, it stops for good and tells no part of the register for the whole", async () => {
    const at = setUp();
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => (at.runner.progress(id)?.walked ?? 0) >= 5_000);
    expect((await at.census.cancel(id)).state).toBe("cancelled");
    expect((await at.census.cancel(id)).state).toBe("cancelled");
    await at.clock.advance(60_000);
    expect(at.finished()).toEqual([]);
    expect(at.memory.recorder.dna("eu-1").census).toBeNull();
  });

  it("is one at a time: the same again is the one under way, another is refused, also while it is paused", async () => {
    const at = setUp();
    const both = await Promise.allSettled([at.census.start(BY_ANN(null)), at.census.start(BY_ANN(null))]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [{ id = "" } = {}] = at.census.list(10);
    expect((await at.census.start(BY_ANN(null))).id).toBe(id);
    await expect(at.census.start(BY_ANN(toIncarnationId(A)))).rejects.toMatchObject({ code: "conflict" });
    await at.census.pause(id);
    await expect(at.census.start(BY_ANN(toIncarnationId(A)))).rejects.toMatchObject({ code: "conflict" });
    await at.census.cancel(id);
    expect((await at.census.start(BY_ANN(toIncarnationId(A)))).incarnationId).toBe(toIncarnationId(A));
  });

  it("keeps no mutating job from its source: it only reads", async () => {
    const at = setUp();
    await at.census.start(BY_ANN(null));
    expect(at.runner.busy(dnaStream("eu-1"))).toBe(false);
  });

  it("of one incarnation replaces its counts only", async () => {
    const at = setUp();
    const all = await at.census.start(BY_ANN(null));
    await at.until(() => stateOf(at.census.get(all.id)) === "done");
    const before = at.memory.recorder.dna("eu-1").owned[toIncarnationId(B)];
    const one = await at.census.start(BY_ANN(toIncarnationId(A)));
    await at.until(() => stateOf(at.census.get(one.id)) === "done");
    const fold = at.memory.recorder.dna("eu-1");
    expect(fold.owned[toIncarnationId(B)]).toEqual(before);
    expect(fold.owned[toIncarnationId(A)]?.asOf).toBeGreaterThan(before?.asOf ?? 0);
    expect(at.census.latest(null)?.id).toBe(all.id);
    expect(at.census.latest(toIncarnationId(A))?.id).toBe(one.id);
  });

  it("tells how far it is and when it will end, and drops its counters from the disk when it is journalled", async () => {
    const at = setUp({ expectedRows: 40_000 });
    const { id } = await at.census.start(BY_ANN(null));
    await at.until(() => (at.census.get(id)?.rows ?? 0) > 20_000);
    const going = at.census.get(id);
    expect(going).toMatchObject({ expectedRows: 40_000, requestedBy: "ann" });
    expect((going?.endsAt ?? 0) - at.clock.now()).toBeLessThanOrEqual(4_000);
    await at.until(() => stateOf(at.census.get(id)) === "done");
    const record = at.runner.get(id);
    expect(record?.facts.counts).toMatchObject({ total: ALL, applied: ALL });
    expect(JSON.stringify(record?.bookmark)).not.toContain(toIncarnationId(A));
  });
});
