import { expect, it } from "vitest";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { EMPTY_SKEW_WATCH, observeSkew, skewOf } from "./coordinator-skew.ts";
import { toIncarnationId } from "./identity.ts";
import { emptyCluster, observeRead } from "./liveness.ts";

const incarnation = { createdAt: epochMs(1), id: 1n };

/** Beats every 5 s from 500 ms on, reads every 2 s of 20 ms each, the writer's clock ahead of the reader's. */
function watched(aheadMs: number, untilMs: number) {
  let cluster = emptyCluster("c");
  let watch = EMPTY_SKEW_WATCH;
  for (let at = 0; at <= untilMs; at += 2_000) {
    const beat = Math.max(0, Math.floor((at - 500) / 5_000));
    const writeAgeMs = Math.max(0, at + 10 - (500 + beat * 5_000) - aheadMs);
    const row = {
      id: toIncarnationId(incarnation),
      incarnation,
      node: "a",
      heartbeat: BigInt(beat),
      load: null,
      writeAgeMs,
    };
    const startedAt = monotonicMs(at);
    const after = observeRead(cluster, { startedAt, rows: [row], unreadIds: [], nameless: 0, loopLateMs: 0 });
    watch = observeSkew(watch, cluster, after, { startedAt, endedAt: monotonicMs(at + 20) });
    cluster = after;
  }
  return { watch, at: monotonicMs(untilMs) };
}

it("is unknown until a beat was seen", () => {
  const { watch, at } = watched(0, 4_000);
  expect(skewOf([watch], at)).toEqual({ kind: "unknown" });
});
it.each([0, -1_500, -7_000, -40_000])("estimates a writer that is %i ms ahead within 1.1 s", (aheadMs) => {
  const { watch, at } = watched(aheadMs, 30_000);
  const skew = skewOf([watch], at);
  expect(skew.kind).toBe("estimated");
  expect(Math.abs((skew.kind === "estimated" ? skew.ms : Number.NaN) + aheadMs)).toBeLessThanOrEqual(1_100);
});
it("says a writer that is far ahead is beyond what can be told", () => {
  const { watch, at } = watched(20_000, 30_000);
  expect(skewOf([watch], at).kind).toBe("beyond");
});
it("forgets a measure after a minute", () => {
  const { watch } = watched(-7_000, 30_000);
  expect(skewOf([watch], monotonicMs(90_001))).toEqual({ kind: "unknown" });
});
