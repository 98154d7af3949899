import { describe, expect, it } from "vitest";
import { READER_MACHINE } from "#server/contract/diagram/reader-lifecycle.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, type ManualClock } from "./clock.ts";
import { STEADY_AFTER_MS } from "./restart-budget.ts";
import { createSupervisor, type PartStatus, type SupervisedPart } from "./supervisor.ts";

function setUp() {
  const clock = createManualClock();
  const told: PartStatus[] = [];
  const supervisor = createSupervisor({ clock, log: silentLogger, onChange: (status) => told.push(status) });
  const abort = new AbortController();
  const run = (...parts: SupervisedPart[]) => supervisor.run(parts, abort.signal);
  const of = (name: string) => supervisor.list().find((status) => status.name === name);
  return { clock, told, supervisor, abort, run, of };
}

const forever = (clock: ManualClock, signal: AbortSignal): Promise<void> =>
  clock.sleep(1_000_000_000, signal).catch(() => undefined);

/** Fails on each start of its list by then, and runs on otherwise. */
function failing(clock: ManualClock, name: string, isFailing: (start: number) => boolean, afterMs = 0) {
  const runs: AbortSignal[] = [];
  const part: SupervisedPart = {
    name,
    async run(signal) {
      runs.push(signal);
      if (!isFailing(runs.length)) return await forever(clock, signal);
      if (afterMs > 0) await clock.sleep(afterMs, signal);
      throw new Error(`${name} broke`);
    },
  };
  return { part, runs };
}

describe("a part that throws", () => {
  it("is started again, is told of once, and is well again when it has run for a while", async () => {
    const { clock, told, run, of, abort } = setUp();
    const { part, runs } = failing(clock, "a", (start) => start <= 3);
    const ended = run(part);
    await clock.advance(1_000);
    expect(runs).toHaveLength(4);
    expect(of("a")).toMatchObject({ state: "restarting", failures: 3, reason: "a broke", restarts: 3 });
    await clock.advance(STEADY_AFTER_MS);
    expect(of("a")).toMatchObject({ state: "running", failures: 0, reason: null });
    expect(told.map(({ state, failures }) => [state, failures])).toEqual([
      ["restarting", 1],
      ["running", 0],
    ]);
    abort.abort();
    await ended;
    expect(of("a")?.state).toBe("stopped");
  });

  it("has what is left of its run before aborted at its next start", async () => {
    const { clock, run, abort } = setUp();
    const { part, runs } = failing(clock, "a", (start) => start === 1);
    const ended = run(part);
    await clock.advance(1_000);
    expect(runs.map(({ aborted }) => aborted)).toEqual([true, false]);
    abort.abort();
    await ended;
    expect(runs[1]?.aborted).toBe(true);
  });
});

describe("a part that keeps throwing", () => {
  it("is parked after 50 failures in 5 s, and left alone", async () => {
    const { clock, told, run, of, abort } = setUp();
    const { part, runs } = failing(clock, "a", () => true);
    const ended = run(part);
    await clock.advance(5_000);
    expect(of("a")).toMatchObject({ state: "parked", failures: 50, reason: "a broke" });
    await clock.advance(3_600_000);
    expect(runs).toHaveLength(50);
    expect(told.map(({ state }) => state)).toEqual(["restarting", "parked"]);
    abort.abort();
    await ended;
  });

  it("is parked after 20 failures in 10 min as well, those of one second counted as one", async () => {
    const { clock, run, of, abort } = setUp();
    const { part, runs } = failing(clock, "slow", () => true, 20_000);
    const ended = run(part);
    await clock.advance(390_000);
    expect(of("slow")?.state).not.toBe("parked");
    await clock.advance(30_000);
    expect(of("slow")).toMatchObject({ state: "parked", failures: 20 });
    expect(runs).toHaveLength(20);
    abort.abort();
    await ended;
  });

  it("is not parked for failures that lie far apart", async () => {
    const { clock, run, of, abort } = setUp();
    const { part, runs } = failing(clock, "rare", () => true, 60_000);
    const ended = run(part);
    await clock.advance(7_200_000);
    expect(runs.length).toBeGreaterThan(100);
    expect(of("rare")?.state).not.toBe("parked");
    abort.abort();
    await ended;
  });

  it("harms no other: theirs is one run from beginning to end", async () => {
    const { clock, run, of, abort } = setUp();
    const bad = failing(clock, "bad", () => true);
    const good = failing(clock, "good", () => false);
    const ended = run(bad.part, good.part);
    await clock.advance(60_000);
    expect([of("bad")?.state, of("good")?.state]).toEqual(["parked", "running"]);
    expect(good.runs).toHaveLength(1);
    expect(good.runs[0]?.aborted).toBe(false);
    abort.abort();
    await ended;
    expect(good.runs[0]?.aborted).toBe(true);
  });
});

describe("restart", () => {
  it("takes a parked part up again, and says whether that has helped", async () => {
    const { clock, supervisor, run, of, abort } = setUp();
    let mended = false;
    const { part, runs } = failing(clock, "a", () => !mended);
    const ended = run(part);
    await clock.advance(10_000);
    const { steady: tried } = supervisor.restart("a");
    await clock.advance(10_000);
    expect(await tried).toBe(false);
    expect(of("a")?.state).toBe("parked");
    expect(runs).toHaveLength(100);
    mended = true;
    const { steady: again } = supervisor.restart("a");
    expect(of("a")?.state).toBe("running");
    await clock.advance(STEADY_AFTER_MS);
    expect(await again).toBe(true);
    expect(of("a")).toMatchObject({ state: "running", failures: 0 });
    abort.abort();
    await ended;
  });

  it("refuses what is not parked, and what is not there", async () => {
    const { clock, supervisor, run, abort } = setUp();
    const ended = run(failing(clock, "a", () => false).part);
    expect(() => supervisor.restart("a")).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => supervisor.restart("b")).toThrow(expect.objectContaining({ code: "not-found" }));
    abort.abort();
    await ended;
  });

  it("answers when the console stops meanwhile", async () => {
    const { clock, supervisor, run, abort } = setUp();
    let starts = 0;
    const ended = run({
      name: "a",
      async run(signal) {
        starts += 1;
        if (starts <= 50) throw new Error("broke");
        await forever(clock, signal);
      },
    });
    await clock.advance(10_000);
    const { steady: asked } = supervisor.restart("a");
    await clock.advance(1_000);
    abort.abort();
    await ended;
    expect(await asked).toBe(false);
  });
});

it("ends at once with parts parked and parts that wait, and lets one that is done rest", async () => {
  const { clock, run, of, abort } = setUp();
  const ended = run(failing(clock, "bad", () => true).part, { name: "once", run: async () => undefined });
  await clock.advance(10_000);
  expect(of("once")?.state).toBe("stopped");
  abort.abort();
  await ended;
  expect(of("bad")?.state).toBe("stopped");
});

it("moves by the frozen table and no other way", async () => {
  const { clock, told, supervisor, run, abort } = setUp();
  let mended = false;
  const ended = run(
    failing(clock, "a", () => !mended).part,
    failing(clock, "b", (start) => start % 3 === 1, 6_000).part,
  );
  await clock.advance(30_000);
  mended = true;
  supervisor.restart("a");
  await clock.advance(30_000);
  abort.abort();
  await ended;
  const ways = new Set(READER_MACHINE.transitions.map(({ from, to }) => `${from} ${to}`));
  const last = new Map<string, string>();
  for (const { name, state } of told) {
    expect(ways).toContain(`${last.get(name) ?? "running"} ${state}`);
    last.set(name, state);
  }
  expect(last.size).toBe(2);
});
