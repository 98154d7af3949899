import { expect, it } from "vitest";
import { monotonicMs } from "#server/kernel/clock.ts";
import { createManualClock } from "./clock.ts";
import { createLoopDelay } from "./loop-delay.ts";

/** A clock whose sleepers wake late by what is set: a main loop that stands still. */
function createLateClock() {
  const clock = createManualClock();
  let lateMs = 0;
  return {
    advance: clock.advance,
    late(ms: number) {
      lateMs = ms;
    },
    clock: { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms + lateMs, signal) },
  };
}

it.each([1, 4])("tells in real time how late the loop was, at speed %i", async (speed) => {
  const world = createLateClock();
  const delay = createLoopDelay(world.clock, speed);
  const abort = new AbortController();
  const done = delay.run(abort.signal);
  await world.advance(5_000 * speed);
  expect(delay.maxLateSince(monotonicMs(0))).toBe(0);
  world.late(1_500 * speed);
  await world.advance(2_500 * speed);
  world.late(0);
  const since = world.clock.monotonic();
  await world.advance(2_000 * speed);
  expect(delay.maxLateSince(monotonicMs(0))).toBe(1_500);
  await world.advance(2_000 * speed);
  expect(delay.maxLateSince(monotonicMs(since + 2_001 * speed))).toBe(0);
  expect(delay.recentMaxMs()).toBe(1_500);
  abort.abort();
  await done;
});
it("counts a lateness that still goes on", async () => {
  const world = createLateClock();
  const delay = createLoopDelay(world.clock);
  world.late(60_000);
  const abort = new AbortController();
  const done = delay.run(abort.signal);
  await world.advance(3_000);
  expect(delay.maxLateSince(monotonicMs(2_999))).toBe(2_500);
  abort.abort();
  await done;
});
