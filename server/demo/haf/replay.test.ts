import { describe, expect, it } from "vitest";
import { readOf } from "#server/haf/haf-store.contract.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { recordedSteps } from "./recording.ts";
import { createHafReplay } from "./replay.ts";

const LONG_MS = 24 * 3_600_000;

function opened() {
  const clock = createManualClock();
  const replay = createHafReplay({ steps: recordedSteps(), clock });
  const abort = new AbortController();
  const ended = replay.run(abort.signal);
  return {
    ...{ clock, replay },
    block: async () => (await readOf(replay.store.instance())).consistentBlock ?? Number.NaN,
    state: async () => (await readOf(replay.store.instance())).syncState,
    async end() {
      abort.abort();
      await ended;
    },
  };
}

describe("a replayed HAF stack", () => {
  it("lives through every step in order, and begins again", async () => {
    const { clock, state, end } = opened();
    const seen: string[] = [];
    for (let second = 0; second < 1_000; second += 1) {
      const now = await state();
      if (seen.at(-1) !== now) seen.push(now);
      await clock.advance(1_000);
    }
    expect(seen).toEqual(["START", "REINDEX_WAIT", "REINDEX", "P2P", "LIVE", "START", ...seen.slice(6)]);
    await end();
  });

  it("replays block after block between two steps", async () => {
    const { clock, replay, block, end } = opened();
    replay.hold(4);
    expect(await block()).toBe(3_000);
    await clock.advance(LONG_MS);
    expect(await block()).toBe(3_000);
    replay.play();
    await clock.advance(10_000);
    expect(await block()).toBe(6_000);
    await clock.advance(10_000);
    expect(await block()).toBeGreaterThanOrEqual(9_000);
    await end();
  });

  it("never has an app in sync before the recording has", async () => {
    const { clock, replay, end } = opened();
    replay.hold(15);
    replay.play();
    await clock.advance(19_999);
    const [app] = await readOf(replay.store.apps());
    expect(app).toMatchObject({ currentBlock: 11_998, attached: false });
    await end();
  });

  it("goes to any step and back, and ids only grow", async () => {
    const { replay, end } = opened();
    replay.hold(24);
    const last = async () => BigInt((await readOf(replay.store.appLog("0"))).at(-1)?.id ?? 0);
    const before = await last();
    expect(replay.hold(15)).toContain("apps-massive-3000");
    expect(await last()).toBeGreaterThan(before);
    const pending = (await readOf(replay.store.indexes())).flatMap(({ contexts }) => contexts).filter((id) => id !== 0);
    const [app] = await readOf(replay.store.apps());
    expect(pending).toEqual([app?.id]);
    expect(() => replay.hold(25)).toThrow("24 steps");
    await end();
  });
});
