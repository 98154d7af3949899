import { afterEach, describe, expect, it } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createMemoryDynflow, createMemoryJournal, planOf } from "./follower.test-kit.ts";
import { createDynflowFollower } from "./follower.ts";
import { createReadGovernor, IDLE_SHARE_MAX, LOOK_INTERVAL_MS } from "./follower-governor.ts";
import { createDatabaseShare } from "./follower-share.ts";
import type { DynflowStore } from "./ports.ts";

let stop: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stop?.();
  stop = null;
});

/** A follower of a database in which each statement takes as long as is told. */
function follow(costMs: { readonly lap: number; readonly look: number }) {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  const dynflow = createMemoryDynflow(clock);
  let spent = 0;
  let cost = costMs;
  /** Work that is done for free here and paid on the clock: the database is busy, and so are we. */
  const dear =
    <A extends readonly unknown[], T>(kind: "lap" | "look", read: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      spent += cost[kind];
      await clock.sleep(cost[kind]);
      return read(...args);
    };
  const { store } = dynflow;
  const paid: DynflowStore = {
    ...store,
    lap: dear("lap", store.lap),
    recordKeys: dear("look", store.recordKeys),
    heads: dear("look", store.heads),
    spentMs: () => spent,
  };
  const follower = createDynflowFollower({
    sourceId: "foreman",
    store: paid,
    recorder: journal.recorder,
    view: journal.view,
    clock,
    log: silentLogger,
    lapRows: 10,
  });
  const abort = new AbortController();
  const ended = follower.run(abort.signal);
  stop = async () => {
    abort.abort();
    await clock.advance(5_000);
    await ended;
  };
  for (let index = 0; index < 100; index += 1) {
    dynflow.setPlan(planOf(`p${index}`, { state: index === 0 ? "paused" : "stopped" }));
  }
  const sample = () => journal.view.samples()["dynflow:foreman"];
  /** What it takes of the database's time over so long. */
  const shareOver = async (ms: number) => {
    const before = spent;
    await clock.advance(ms);
    return (spent - before) / ms;
  };
  const become = (next: typeof costMs) => {
    cost = next;
  };
  return { clock, dynflow, sample, shareOver, become };
}

describe("an idle follower", () => {
  it.each([
    ["cheap", { lap: 1, look: 1 }],
    ["with a large plan table", { lap: 40, look: 1 }],
    ["with many unfinished plans", { lap: 2, look: 15 }],
    ["on a database that is slow in all things", { lap: 60, look: 60 }],
  ])("takes less than a hundredth of the database's time: %s", async (_what, cost) => {
    const { clock, shareOver } = follow(cost);
    await clock.advance(300_000);
    expect(await shareOver(600_000)).toBeLessThan(IDLE_SHARE_MAX);
  });

  it("keeps its pace where it is cheap, and tells what it takes", async () => {
    const { clock, sample } = follow({ lap: 1, look: 1 });
    await clock.advance(120_000);
    expect(sample()?.lookMs).toBe(LOOK_INTERVAL_MS);
    expect(sample()?.databaseShare).toBeGreaterThan(0.0005);
    expect(sample()?.databaseShare).toBeLessThan(0.003);
  });

  it("slows the lap down first, and says how long it takes now", async () => {
    const { clock, sample, become } = follow({ lap: 1, look: 1 });
    await clock.advance(120_000);
    const before = sample()?.lapMs ?? 0;
    become({ lap: 100, look: 1 });
    await clock.advance(600_000);
    expect(sample()?.lookMs).toBe(LOOK_INTERVAL_MS);
    expect(sample()?.lapMs).toBeGreaterThan(2 * before);
  });

  it("slows the looks down only where they alone cost too much, and never stops the lap", async () => {
    const { clock, dynflow, sample } = follow({ lap: 1, look: 30 });
    await clock.advance(300_000);
    expect(sample()?.lookMs).toBeGreaterThan(2 * LOOK_INTERVAL_MS);
    dynflow.setPlan(planOf("fresh", { state: "planned" }));
    await clock.advance((sample()?.lapMs ?? 0) + (sample()?.lookMs ?? 0));
    expect(dynflow.reads.some((read) => read.startsWith("follow") && read.includes("fresh"))).toBe(true);
  });

  it("is back to its pace within two minutes of a database that was slow", async () => {
    const { clock, sample, become } = follow({ lap: 2, look: 80 });
    await clock.advance(120_000);
    expect(sample()?.lookMs).toBeGreaterThan(LOOK_INTERVAL_MS);
    become({ lap: 1, look: 1 });
    await clock.advance(120_000);
    expect(sample()?.lookMs).toBe(LOOK_INTERVAL_MS);
  });
});

describe("the governor", () => {
  it("is not moved by one look that stood still", () => {
    const clock = createManualClock();
    const governor = createReadGovernor({ clock });
    for (let look = 0; look < 10; look += 1) governor.paid("records", look === 7 ? 2_000 : 2);
    expect(governor.lookIntervalMs()).toBe(LOOK_INTERVAL_MS);
  });

  it("is not moved by our own machine being busy now and then, nor by how it starts", () => {
    const clock = createManualClock();
    const governor = createReadGovernor({ clock });
    for (let look = 0; look < 3; look += 1) governor.paid("records", 400);
    expect(governor.lookIntervalMs()).toBe(LOOK_INTERVAL_MS);
    for (let look = 0; look < 10; look += 1) governor.paid("records", look % 2 === 0 ? 2 : 300);
    expect(governor.lookIntervalMs()).toBe(LOOK_INTERVAL_MS);
  });

  it("is moved by a database that is slow in every look, but never so far that it follows no more", () => {
    const governor = createReadGovernor({ clock: createManualClock() });
    for (let look = 0; look < 6; look += 1) governor.paid("records", 35);
    expect(governor.lookIntervalMs()).toBeCloseTo(5_000);
    for (let look = 0; look < 30; look += 1) governor.paid("records", 5_000);
    expect(governor.lookIntervalMs()).toBe(20_000);
  });

  it("lets the first lap over a table hurry, but not without bound", () => {
    const governor = createReadGovernor({ clock: createManualClock() });
    governor.paid("lap", 20);
    expect(governor.lapIntervalMs(200, "first")).toBe(400);
    expect(governor.lapIntervalMs(200, "later")).toBeGreaterThan(2_000);
  });
});

describe("the share of the database's time", () => {
  it("is not known before ten seconds, and is that of the last minute", async () => {
    const clock = createManualClock();
    const share = createDatabaseShare({ clock });
    let spentMs = 0;
    const pass = async (seconds: number, msPerSecond: number) => {
      for (let second = 0; second < seconds; second += 1) {
        share.noted(spentMs);
        await clock.advance(1_000);
        spentMs += msPerSecond;
      }
      share.noted(spentMs);
    };
    await pass(5, 100);
    expect(share.share()).toBe(null);
    await pass(10, 100);
    expect(share.share()).toBeCloseTo(0.1);
    await pass(70, 10);
    expect(share.share()).toBeCloseTo(0.01);
  });
});
