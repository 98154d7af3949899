import { describe, expect, it } from "vitest";
import { createMemoryJournal, createMemoryStateStore } from "#server/dynflow/follower.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createJobStore, type TargetPage } from "./job-store.ts";
import type { JobKind, JobRecord, JobWork, TargetOutcome } from "./ports.ts";
import { createJobRunner } from "./runner.ts";

const AT = epochMs(1_795_326_407_000);
const outcome = (key: string, kind: TargetOutcome["outcome"]): TargetOutcome => ({
  key,
  outcome: kind,
  note: null,
  at: AT,
});

function setUp(run: JobKind["run"]) {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  let samples = 0;
  const recorder = {
    ...journal.recorder,
    sample(...args: Parameters<typeof journal.recorder.sample>) {
      samples += 1;
      journal.recorder.sample(...args);
    },
  };
  const store = createJobStore(createMemoryStateStore());
  const kinds = [{ kind: "dynflow.plans.resume", run } as const];
  const runner = createJobRunner({ store, kinds, recorder, view: journal.view, clock, log: silentLogger });
  const start = (id: string, total: number, frozen?: readonly string[]) =>
    runner.start({
      id,
      facts: {
        kind: "dynflow.plans.resume",
        title: "Resume",
        stream: "dynflow:foreman",
        target: "foreman",
        requestedBy: "ann",
        requestId: `request of ${id}`,
      },
      total,
      params: {},
      bookmark: null,
      ...(frozen === undefined ? {} : { frozen }),
    });
  return { clock, journal, store, runner, start, samples: () => samples };
}

describe("the job runner", () => {
  it("carries 100,000 targets with a small record, and tells its progress four times a second at most", async () => {
    const TARGETS = 100_000;
    const ROUND = 500;
    const { clock, runner, start, store, samples } = setUp(async (work: JobWork) => {
      for (let done = 0; done < TARGETS; done += ROUND) {
        const keys = Array.from({ length: ROUND }, (_, index) => `key-${done + index}`);
        await work.checkpoint({ outcomes: keys.map((key) => outcome(key, "applied")), bookmark: { done } });
        work.pace({ walked: done + ROUND, walkedAll: false });
        await clock.sleep(10, work.signal);
      }
      return { state: "done", note: null };
    });
    await start("j", TARGETS);
    const begun = clock.monotonic();
    for (let round = 0; round < 400 && runner.get("j")?.facts.state !== "done"; round += 1) await clock.advance(10);
    const tookMs = clock.monotonic() - begun;
    const record = runner.get("j");
    expect(record?.facts).toMatchObject({ state: "done", counts: { total: TARGETS, applied: TARGETS } });
    expect(JSON.stringify(record).length).toBeLessThan(2_000);
    // The first, the last, and one every quarter of a second.
    expect(samples()).toBeLessThanOrEqual(tookMs / 250 + 3);
    expect((await store.targets("j", "failed", null, 100)).targets).toEqual([]);
  });

  it("counts anew what a kill had left uncounted between the outcomes and the record", async () => {
    const state = createMemoryStateStore();
    const clock = createManualClock();
    const journal = createMemoryJournal(clock);
    const life = (store: ReturnType<typeof createMemoryStateStore>) =>
      createJobRunner({
        store: createJobStore(store),
        kinds: [
          {
            kind: "dynflow.plans.resume",
            async run(work) {
              await work.checkpoint({ outcomes: [outcome("a", "applied"), outcome("b", "failed")], bookmark: null });
              await clock.sleep(1_000_000, work.signal);
              return { state: "done", note: null };
            },
          },
        ],
        recorder: journal.recorder,
        view: journal.view,
        clock,
        log: silentLogger,
      });
    let records = 0;
    const first = life({
      ...state,
      // The first record is that of the start; the one that would count the outcomes is never written.
      put: (...args) => (args[0] === "jobs" && ++records > 1 ? new Promise(() => undefined) : state.put(...args)),
    });
    const facts = { title: "t", stream: "dynflow:f", target: "f", requestedBy: "ann", requestId: "r" };
    await first.start({
      id: "j",
      facts: { kind: "dynflow.plans.resume", ...facts },
      total: 2,
      params: {},
      bookmark: null,
    });
    await clock.advance(10);
    const second = life(state);
    await second.recover();
    expect(second.get("j")?.facts.counts).toEqual({ total: 2, applied: 1, moved: 0, failed: 1, unknown: 0 });
    await clock.advance(10);
    expect(second.get("j")?.facts.counts).toEqual({ total: 2, applied: 1, moved: 0, failed: 1, unknown: 0 });
  });

  it("finds the few failed among many in one look", async () => {
    const { store, runner, start, clock } = setUp(async (work) => {
      const keys = Array.from({ length: 30_000 }, (_, index) => `k-${String(index).padStart(6, "0")}`);
      const outcomes = keys.map((key, index) => outcome(key, index % 10_000 === 9_999 ? "failed" : "applied"));
      await work.checkpoint({ outcomes, bookmark: null });
      return { state: "done", note: null };
    });
    await start("j", 30_000);
    for (let round = 0; round < 20 && runner.get("j")?.facts.state !== "done"; round += 1) await clock.advance(10);
    const failed = await store.targets("j", "failed", null, 2);
    expect(failed.targets.map((target) => target.key)).toEqual(["k-009999", "k-019999"]);
    const rest = await store.targets("j", "failed", failed.nextAfter, 2);
    expect(rest).toMatchObject({ targets: [{ key: "k-029999" }], nextAfter: null });
  });

  it("keeps targets whose keys are longer than a database takes for a key, each whole and apart", async () => {
    const memory = createMemoryStateStore();
    const bounded = createJobStore({
      ...memory,
      putAll: (namespace, entries) =>
        entries.some(({ key }) => Buffer.byteLength(key) > 65_535)
          ? Promise.reject(new OpsError("journal-unavailable", "Key length is longer than maximum of 65535"))
          : memory.putAll(namespace, entries),
    });
    const keys = ["a", "b", "😀"].map((end) => `0/game|${"😀".repeat(16_383)}${end}`);
    await bounded.checkpoint(
      { id: "j" } as JobRecord,
      [...keys, "0/game|z"].map((key) => outcome(key, "applied")),
    );
    for (const key of keys) expect((await bounded.outcome("j", key))?.key).toBe(key);
    const found: string[] = [];
    for (let after: string | null = null, pages = 0; pages < 9; pages += 1) {
      const page: TargetPage = await bounded.targets("j", null, after, 1);
      found.push(...page.targets.map(({ key }) => key));
      after = page.nextAfter;
      if (after === null) break;
    }
    expect(found.toSorted()).toEqual([...keys, "0/game|z"].toSorted());
  });

  it("freezes targets in their order and reads any stretch of them", async () => {
    const frozen = Array.from({ length: 1_234 }, (_, index) => `plan ${index}`);
    const read: unknown[] = [];
    const { start, clock } = setUp(async (work) => {
      for (const [from, limit] of [
        [0, 3],
        [99, 2],
        [1_200, 100],
        [1_234, 10],
      ] as const) {
        read.push(await work.frozen(from, limit));
      }
      return { state: "done", note: null };
    });
    await start("j", frozen.length, frozen);
    await clock.advance(10);
    expect(read).toEqual([frozen.slice(0, 3), frozen.slice(99, 101), frozen.slice(1_200), []]);
  });

  it("settles a target while the job checkpoints, and after its end, without losing a count", async () => {
    const { start, runner, clock, journal } = setUp(async (work) => {
      for (let index = 0; index < 50; index += 1) {
        await work.checkpoint({ outcomes: [outcome(`k-${index}`, "unknown")], bookmark: { index } });
        await clock.sleep(1, work.signal);
      }
      return { state: "done", note: null };
    });
    await start("j", 50);
    const settles: Promise<void>[] = [];
    for (let round = 0; round < 80; round += 1) {
      if (round < 25) settles.push(runner.settle("j", outcome(`k-${round}`, "applied")));
      await clock.advance(1);
    }
    await Promise.all(settles);
    const counts = runner.get("j")?.facts.counts;
    expect((counts?.applied ?? 0) + (counts?.unknown ?? 0)).toBe(50);
    for (let index = 0; index < 50; index += 1) await runner.settle("j", outcome(`k-${index}`, "applied"));
    expect(runner.get("j")?.facts).toMatchObject({ state: "done", counts: { applied: 50, unknown: 0 } });
    expect(journal.view.operator().jobs.j?.counts).toMatchObject({ applied: 50, unknown: 0 });
    const told = journal.events.length;
    await runner.settle("j", outcome("k-1", "applied"));
    expect(journal.events).toHaveLength(told);
    await runner.settle("another", outcome("k-1", "applied"));
  });

  it("lets one job at a time change what is on a stream, also while one is being started", async () => {
    const { start, runner, clock } = setUp(async (work) => {
      await clock.sleep(1_000, work.signal);
      return { state: "done", note: null };
    });
    const first = start("first", 1);
    expect(runner.busy("dynflow:foreman")).toBe(true);
    await expect(start("second", 1)).rejects.toMatchObject({ code: "refused" });
    await first;
    await expect(start("third", 1)).rejects.toMatchObject({ code: "refused" });
    expect(runner.list().map(({ id }) => id)).toEqual(["first"]);
    await clock.advance(2_000);
    expect(runner.busy("dynflow:foreman")).toBe(false);
    await start("fourth", 1);
  });

  it("frees the stream again where a start could not be journalled", async () => {
    const { start, runner, journal } = setUp(async () => ({ state: "done", note: null }));
    journal.unavailable = true;
    await expect(start("first", 1)).rejects.toMatchObject({ code: "journal-unavailable" });
    expect(runner.busy("dynflow:foreman")).toBe(false);
  });

  it("knows a stream as busy from the journal before an earlier life's jobs are read from disk", async () => {
    const { start, runner, clock, journal } = setUp(async (work) => {
      await clock.sleep(1_000_000, work.signal);
      return { state: "done", note: null };
    });
    await start("j", 1);
    const { view, recorder } = journal;
    const store = createJobStore(createMemoryStateStore());
    const kinds = [
      { kind: "dynflow.plans.resume", run: async () => ({ state: "done", note: null }) as const } as const,
    ];
    const next = createJobRunner({ store, kinds, recorder, view, clock, log: silentLogger });
    expect(next.list()).toEqual([]);
    expect(next.busy("dynflow:foreman")).toBe(true);
    expect(next.busy("dynflow:other")).toBe(false);
    expect(runner.busy("dynflow:foreman")).toBe(true);
  });
});

describe("a job whose journal is away for a while", () => {
  const WRITES = ["outcomes", "record"] as const;

  function setUpAway(run: (work: JobWork) => ReturnType<JobKind["run"]>) {
    const clock = createManualClock();
    const journal = createMemoryJournal(clock);
    const state = createMemoryStateStore();
    /** What of the state store fails at present. */
    const away = { outcomes: false, record: false };
    const refuse = () => Promise.reject(new OpsError("journal-unavailable", "the database did not answer in time"));
    const store = createJobStore({
      ...state,
      put: (...args) => (away.record ? refuse() : state.put(...args)),
      putAll: (...args) => (away.outcomes ? refuse() : state.putAll(...args)),
    });
    const kinds = [{ kind: "dynflow.plans.resume", run } as const];
    const { recorder, view } = journal;
    const runner = createJobRunner({ store, kinds, recorder, view, clock, log: silentLogger });
    const facts = { title: "t", stream: "dynflow:f", target: "f", requestedBy: "ann", requestId: "r" } as const;
    const start = () =>
      runner.start({
        id: "j",
        facts: { kind: "dynflow.plans.resume", ...facts },
        total: 4,
        params: {},
        bookmark: null,
      });
    return { clock, journal, away, runner, start, facts: () => runner.get("j")?.facts };
  }

  const fourTargets =
    (sleep: (work: JobWork) => Promise<void>) =>
    async (work: JobWork): Promise<{ state: "done"; note: null }> => {
      const from = typeof work.bookmark === "number" ? work.bookmark : 0;
      for (let index = from; index < 4; index += 1) {
        await sleep(work);
        await work.checkpoint({ outcomes: [outcome(`k-${index}`, "applied")], bookmark: index + 1 });
      }
      return { state: "done", note: null };
    };

  it.each(WRITES)(
    "stands still where its %s cannot be written, and goes on with every outcome counted once",
    async (what) => {
      const at = setUpAway(fourTargets((work) => at.clock.sleep(1_000, work.signal)));
      await at.start();
      await at.clock.advance(1_500);
      at.away[what] = true;
      await at.clock.advance(30_000);
      expect(at.facts()).toMatchObject({ state: "running", counts: { applied: 1 } });
      at.away[what] = false;
      await at.clock.advance(10_000);
      expect(at.facts()).toMatchObject({ state: "done", counts: { applied: 4 } });
    },
  );

  it("ends when its end can be journalled, and waits when that can be said", async () => {
    const at = setUpAway(async (work) => {
      await at.clock.sleep(1_000, work.signal);
      await work.setWaiting("for the database");
      return { state: "done", note: "well" };
    });
    await at.start();
    at.journal.unavailable = true;
    await at.clock.advance(30_000);
    expect(at.facts()).toMatchObject({ state: "running" });
    at.journal.unavailable = false;
    await at.clock.advance(5_000);
    expect(at.facts()).toMatchObject({ state: "done", note: "well" });
  });

  it("can be paused meanwhile, and counts anew what came to disk by half when it is resumed", async () => {
    const at = setUpAway(fourTargets((work) => at.clock.sleep(1_000, work.signal)));
    await at.start();
    await at.clock.advance(1_500);
    at.away.record = true;
    await at.clock.advance(10_000);
    const paused = at.runner.pause("j");
    at.away.record = false;
    await paused;
    expect(at.facts()).toMatchObject({ state: "paused", counts: { applied: 1 } });
    await at.runner.resume("j");
    await at.clock.advance(10_000);
    expect(at.facts()).toMatchObject({ state: "done", counts: { applied: 4, total: 4 } });
  });

  it("goes on from its bookmark where what it journals itself was refused", async () => {
    const begun: unknown[] = [];
    const at = setUpAway(async (work) => {
      begun.push(work.bookmark);
      if (work.bookmark === null) {
        await work.checkpoint({ outcomes: [outcome("k", "applied")], bookmark: "half" });
        throw new OpsError("journal-unavailable", "the database did not answer in time");
      }
      return { state: "done", note: null };
    });
    await at.start();
    await at.clock.advance(5_000);
    expect(begun).toEqual([null, "half"]);
    expect(at.facts()).toMatchObject({ state: "done", counts: { applied: 1 } });
  });

  it("fails of anything else", async () => {
    const at = setUpAway(async () => {
      throw new OpsError("upstream-malformed", "no such table");
    });
    await at.start();
    await at.clock.advance(10);
    expect(at.facts()).toMatchObject({ state: "failed", note: "no such table" });
  });
});
