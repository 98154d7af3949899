import { expect, it } from "vitest";
import { expectInTime, msOf } from "./in-time.ts";

it("is content with one attempt in time, and tries no further", async () => {
  const took = [5_000, 900, 1];
  await expectInTime(1_000, async () => took.shift() ?? Number.NaN);
  expect(took).toEqual([1]);
});

it("fails when every attempt is late, with what each took", async () => {
  const took = [5_000, 1_000, 2_000.4];
  await expect(expectInTime(1_000, async () => took.shift() ?? 0)).rejects.toThrow("it took 5000, 1000, 2000 ms");
});

it("fails with what an attempt fails with", async () => {
  await expect(expectInTime(1_000, () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
});

it("measures what was settled, and not what was not", async () => {
  let settled = false;
  const ms = await msOf(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    settled = true;
  });
  expect([settled, ms >= 0]).toEqual([true, true]);
});
