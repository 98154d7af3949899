import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { EMPTY_DNA, reduceDna } from "./dna.ts";

const DEAD = "1000:1";
const HEIR = "2000:2";
const CITY = { namespace: "eu", moduleId: 0 };

const event = (kind: string, subject: string, body: unknown): JournalEvent =>
  ({ kind, subject, body, stream: "dna:a", observedAt: epochMs(9) }) as unknown as JournalEvent;

const count = (incarnationId: string | null, counts: readonly { id: string; keys: number }[]) =>
  event("dna.census.finished", "c1", {
    startedAt: epochMs(1),
    finishedAt: epochMs(2),
    rows: 10,
    unreadableRows: 0,
    incarnationId,
    counts: counts.map(({ id, keys }) => ({ ...CITY, incarnationId: id, keys })),
  });
const adjust = (changes: readonly { to: string | null; keys: number }[]) =>
  event("dna.census.adjusted", DEAD, { jobId: "j", changes: changes.map((change) => ({ ...CITY, ...change })) });

const keysOf = (events: readonly JournalEvent[], id: string): number | null => {
  const owned = events.reduce((state, each) => reduceDna(state, each), EMPTY_DNA).owned[id];
  return owned === undefined ? null : owned.counts.reduce((sum, { keys }) => sum + keys, 0);
};

describe("counts of keys that the console itself changed", () => {
  it("go from the dead node to whom they were given, and nowhere when they were released", () => {
    const counted = count(null, [
      { id: DEAD, keys: 100 },
      { id: HEIR, keys: 7 },
    ]);
    const events = [counted, adjust([{ to: HEIR, keys: 60 }]), adjust([{ to: null, keys: 30 }])];
    expect(keysOf(events, DEAD)).toBe(10);
    expect(keysOf(events, HEIR)).toBe(67);
  });

  it("never fall below nothing, and stay unknown where nobody ever counted", () => {
    const events = [count(DEAD, [{ id: DEAD, keys: 5 }]), adjust([{ to: HEIR, keys: 50 }])];
    expect(keysOf(events, DEAD)).toBe(0);
    expect(keysOf(events, HEIR)).toBeNull();
  });
});
