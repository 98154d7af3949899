import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { joinRecent, journalBegan } from "./recent-join.ts";

const at = (...instants: readonly number[]) =>
  instants.map((observedAt) => ({ id: `e${observedAt}`, observedAt })) as unknown as readonly JournalEvent[];
const instants = (recent: { readonly events: readonly JournalEvent[] }) =>
  recent.events.map(({ observedAt }) => observedAt);

describe("joinRecent", () => {
  it("puts the news first, each once", () => {
    const joined = joinRecent({ events: at(3, 2), knownFrom: 1 }, { events: at(5, 4, 3), knownFrom: 3 });
    expect(instants(joined)).toEqual([5, 4, 3, 2]);
    expect(joined.knownFrom).toBe(1);
  });
  it("keeps what it had when there is nothing new", () => {
    const before = { events: at(3, 2), knownFrom: 1 };
    expect(joinRecent(before, { events: at(3), knownFrom: 3 })).toBe(before);
  });
  it("does not claim to know what lies in a hole", () => {
    const joined = joinRecent({ events: at(3, 2), knownFrom: 1 }, { events: at(90, 80), knownFrom: 80 });
    expect(instants(joined)).toEqual([90, 80]);
    expect(joined.knownFrom).toBe(80);
  });
  it("stays bounded, and says from when on it knows", () => {
    const many = Array.from({ length: 2_100 }, (_, index) => 5_000 - index);
    const joined = joinRecent({ events: at(10), knownFrom: 1 }, { events: at(...many), knownFrom: 10 });
    expect(joined.events).toHaveLength(2_000);
    expect(joined.knownFrom).toBe(3_001);
  });
});

describe("journalBegan", () => {
  const started = (seq: string) => ({ kind: "console.started", seq, observedAt: 7 }) as unknown as JournalEvent;
  it("knows the first start of all from a later one", () => {
    expect(journalBegan([started("1")])).toBe(7);
    expect(journalBegan([started("12")])).toBeNull();
  });
});
