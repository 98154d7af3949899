import { expect, test } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { jitteredBackOff } from "./back-off.ts";
import { startDeadline } from "./deadline.ts";
import { createPlaces } from "./places.ts";

test("attempts are a second apart, then twice as long each, never over thirty, and never all at once", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 500].map((failures) => jitteredBackOff(failures, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
  ]);
  expect(jitteredBackOff(3, 0)).toBe(4_000);
  expect(jitteredBackOff(3, 0.5)).toBe(6_000);
});

test("who comes first has a place first; a spared one is taken from who does not use it", async () => {
  const order: string[] = [];
  let spare = false;
  const places = createPlaces(1, () => {
    if (!spare) return false;
    spare = false;
    places.leave();
    return true;
  });
  await places.take();
  const waiting = ["a", "b"].map((name) => places.take().then(() => order.push(name)));
  await Promise.resolve();
  expect(order).toEqual([]);
  spare = true;
  places.spared();
  await waiting[0];
  expect(order).toEqual(["a"]);
  places.leave();
  await waiting[1];
  expect(order).toEqual(["a", "b"]);
  const late = places.take();
  places.close(new OpsError("cancelled", "over"));
  await expect(late).rejects.toThrow("over");
});

test("a line that is too long turns away, and says that nothing was sent", async () => {
  const places = createPlaces(0, () => false);
  const line = Array.from({ length: 2_000 }, () => places.take().catch(() => "closed"));
  await expect(places.take()).rejects.toMatchObject({ code: "limit-exceeded", details: { sent: false } });
  places.close(new OpsError("cancelled", "over"));
  expect(new Set(await Promise.all(line))).toEqual(new Set(["closed"]));
});

test("a deadline says whether time was up or the caller left, and keeps no timer once it is cleared", async () => {
  const clock = createManualClock();
  const timed = startDeadline(clock, 100);
  await clock.advance(100);
  expect(timed.signal.aborted).toBe(true);
  expect(timed.error("dna@h", "x:y/0", true)).toMatchObject({ code: "upstream-unavailable", details: { sent: true } });
  const caller = new AbortController();
  const left = startDeadline(clock, 100, caller.signal);
  caller.abort();
  expect(left.error("dna@h", "x:y/0", false)).toMatchObject({ code: "cancelled", details: { sent: false } });
  const cleared = startDeadline(clock, 100);
  cleared.clear();
  await clock.advance(200);
  expect(cleared.signal.aborted).toBe(false);
  expect(startDeadline(clock, 100, AbortSignal.abort()).signal.aborted).toBe(true);
});
