import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { neighbourOf } from "./use-steps.ts";

const around = {
  from: 0,
  to: 100,
  events: [10, 20, 20, 30].map((observedAt) => ({ observedAt }) as unknown as JournalEvent),
};

describe("the event beside an instant", () => {
  it("is never at the instant itself, so that a step always moves", () => {
    expect([neighbourOf(around, 20, "next"), neighbourOf(around, 20, "previous")]).toEqual([30, 10]);
    expect([neighbourOf(around, 25, "next"), neighbourOf(around, 25, "previous")]).toEqual([30, 20]);
  });

  it("is not told where what is loaded ends: the journal is asked then", () => {
    expect([neighbourOf(around, 30, "next"), neighbourOf(around, 10, "previous")]).toEqual([null, null]);
    expect(neighbourOf(null, 20, "next")).toBeNull();
  });
});
