import { beforeEach, describe, expect, it } from "vitest";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { Moment, TimeMachine } from "./time-machine.ts";
import { createTraveller, type Traveller } from "./traveller.ts";

const momentAt = (at: EpochMs): Moment => ({
  at,
  folds: {},
  notKnown: [],
  horizon: null,
  recent: { events: [], knownFrom: at },
});
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

let loaded: Set<number>;
let asked: number[];
let answer: () => Promise<void>;
let shown: number[];
let frames: (() => void)[];
let beat: (() => void) | null;
let elapsed: number;
let now: EpochMs;
let traveller: Traveller;

const frame = () => {
  for (const call of frames.splice(0)) call();
};

beforeEach(() => {
  loaded = new Set();
  asked = [];
  shown = [];
  frames = [];
  beat = null;
  elapsed = 0;
  now = epochMs(1_000_000);
  answer = async () => {};
  const machine: TimeMachine = {
    peek: (at) => (loaded.has(at) || loaded.has(-1) ? momentAt(at) : null),
    async load(at) {
      asked.push(at);
      await answer();
      loaded.add(at);
    },
    async reach() {},
    around: () => null,
  };
  traveller = createTraveller({
    machine,
    show: ({ at }) => void shown.push(at),
    nextFrame: (call) => void frames.push(call),
    every(_, call) {
      beat = call;
      return () => {
        beat = null;
      };
    },
    elapsedMs: () => elapsed,
    liveNow: () => now,
  });
});

describe("a traveller", () => {
  it("says at once where the cursor stands, and shows the latest wish once a frame", () => {
    loaded.add(-1);
    for (const at of [1, 2, 3]) traveller.seek(epochMs(at));
    expect(traveller.travel()).toMatchObject({ wanted: 3, shown: null });
    expect(frames).toHaveLength(1);
    frame();
    expect(shown).toEqual([3]);
    expect(traveller.travel()).toMatchObject({ wanted: 3, shown: 3 });
  });

  it("asks for one instant at a time, and then for the latest wished", async () => {
    let come = () => {};
    answer = () => new Promise((resolve) => (come = resolve));
    for (const at of [10, 20, 30]) {
      traveller.seek(epochMs(at));
      frame();
    }
    expect(asked).toEqual([10]);
    come();
    await settle();
    frame();
    expect(asked).toEqual([10, 30]);
    come();
    await settle();
    frame();
    expect(shown).toEqual([30]);
  });

  it("keeps what it shows when the wished instant cannot be had, says why, and tries again when asked", async () => {
    loaded.add(5);
    traveller.seek(epochMs(5));
    frame();
    answer = () => Promise.reject(new Error("away"));
    traveller.seek(epochMs(6));
    frame();
    await settle();
    expect(traveller.travel()).toMatchObject({ wanted: 6, shown: 5, error: new Error("away") });
    frame();
    await settle();
    expect(asked).toEqual([6]);
    answer = async () => {};
    traveller.seek(epochMs(6));
    frame();
    await settle();
    frame();
    expect(traveller.travel()).toMatchObject({ shown: 6, error: null });
  });

  it("plays by the clock, waits for what is not loaded, and goes live at the present", () => {
    loaded.add(-1);
    traveller.seek(epochMs(900_000));
    frame();
    traveller.play(60);
    elapsed = 100;
    beat?.();
    expect(traveller.travel().wanted).toBe(906_000);
    elapsed = 200;
    beat?.();
    expect(traveller.travel().wanted, "the last one is not shown yet").toBe(906_000);
    frame();
    elapsed = 300;
    beat?.();
    expect(traveller.travel().wanted).toBe(912_000);
    frame();
    elapsed = 2_000;
    beat?.();
    expect(traveller.travel()).toMatchObject({ wanted: null, shown: null, speed: null });
    expect(beat).toBeNull();
  });

  it("does not play while live", () => {
    traveller.play(10);
    expect(traveller.travel().speed).toBeNull();
    expect(beat).toBeNull();
  });
});
