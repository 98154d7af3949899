import { beforeEach, describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import type { PlanOutline } from "./domain/plan-outline.ts";
import { createPlanReads, type PlanReads, SHARED_MS } from "./plan-reads.ts";

let clock: ManualClock;
let reads: PlanReads;
let asked: { readonly id: string; readonly answer: PromiseWithResolvers<PlanOutline | null> }[];

beforeEach(() => {
  clock = createManualClock();
  asked = [];
  reads = createPlanReads({
    clock,
    store: {
      outline(id) {
        const answer = Promise.withResolvers<PlanOutline | null>();
        asked.push({ id, answer });
        return answer.promise;
      },
    },
  });
});

const answer = (index: number) => asked[index]?.answer.resolve(null);

describe("reads of a plan", () => {
  it("are one for those who ask together, also for who comes when it has answered", async () => {
    const first = reads.read("p1");
    const second = reads.read("p1");
    answer(0);
    expect(await first).toBe(await second);
    await clock.advance(SHARED_MS - 1);
    expect(await reads.read("p1")).toBe(await first);
    expect(asked).toHaveLength(1);
  });

  it("say of when they are by their beginning", async () => {
    const began = clock.now();
    const first = reads.read("p1");
    await clock.advance(100);
    const late = reads.read("p1");
    answer(0);
    expect((await first).asOf).toBe(began);
    expect((await late).asOf).toBe(began);
  });

  it("begin anew a quarter of a second later, answered or not", async () => {
    void reads.read("p1");
    await clock.advance(SHARED_MS);
    const second = reads.read("p1");
    expect(asked).toHaveLength(2);
    answer(1);
    await second;
    await clock.advance(SHARED_MS);
    void reads.read("p1");
    expect(asked).toHaveLength(3);
  });

  it("are of one plan each", () => {
    void reads.read("p1");
    void reads.read("p2");
    expect(asked.map(({ id }) => id)).toEqual(["p1", "p2"]);
  });

  it("that fail are told to everybody who waits, and to nobody else", async () => {
    const failure = new OpsError("upstream-unavailable", "gone");
    const both = [reads.read("p1"), reads.read("p1")];
    asked[0]?.answer.reject(failure);
    for (const one of both) await expect(one).rejects.toBe(failure);
    const next = reads.read("p1");
    expect(asked).toHaveLength(2);
    answer(1);
    expect(await next).toMatchObject({ outline: null });
  });

  it("begun before an action answer nobody who asks after it", async () => {
    const before = reads.read("p1");
    reads.forget("p1");
    const after = reads.read("p1");
    expect(asked).toHaveLength(2);
    answer(0);
    answer(1);
    expect(await before).not.toBe(await after);
    expect(await reads.read("p1")).toBe(await after);
  });
});
