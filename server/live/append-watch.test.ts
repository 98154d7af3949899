import { expect, it } from "vitest";
import { monotonicMs } from "#server/kernel/clock.ts";
import { createAppendWatch } from "./append-watch.ts";

it("tells the median and the longest of the last hundred appends, and counts all", () => {
  let now = 0;
  const watch = createAppendWatch({ monotonic: () => monotonicMs(now) });
  expect(watch.counts()).toEqual({ appends: 0, appendMs: null });
  const took = (ms: number) => {
    const beganAt = monotonicMs(now);
    now += ms;
    watch.ended(beganAt);
  };
  took(900);
  for (let each = 0; each < 99; each += 1) took(5);
  expect(watch.counts()).toEqual({ appends: 100, appendMs: { median: 5, longest: 900 } });
  took(7);
  expect(watch.counts()).toEqual({ appends: 101, appendMs: { median: 5, longest: 7 } });
});
