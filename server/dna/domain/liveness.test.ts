import { describe, expect, it } from "vitest";
import {
  LIFECYCLE_EVENTS,
  LIFECYCLE_STATES,
  LIFECYCLE_TABLE,
  LIFECYCLE_TRANSITIONS,
  type LifecycleEvent,
  type LifecycleState,
  stepLifecycle,
} from "#server/contract/diagram/dna-lifecycle.ts";
import { INCARNATION_STATES } from "#server/contract/event.ts";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { toIncarnationId } from "./identity.ts";
import {
  type ClusterRead,
  type ClusterSightings,
  emptyCluster,
  INCARNATIONS_MAX,
  interrupt,
  observeRead,
  silenceOf,
} from "./liveness.ts";

const [O, A, L, S, G, R] = LIFECYCLE_STATES;

/** Written by hand from the specification, not derived from the table under test. */
const EXPECTED: Record<LifecycleEvent, readonly [LifecycleState, ...LifecycleState[]]> = {
  //            observing alive late silent gone returned
  gap: [O, O, O, O, O, O],
  present: [O, A, L, S, R, R],
  beat: [A, A, A, R, R, R],
  young_write: [A, A, L, S, G, R],
  old_write: [L, A, L, S, G, R],
  quiet_10s: [L, L, L, S, G, L],
  quiet_20s: [L, L, S, S, G, L],
  steady_30s: [O, A, L, S, G, A],
  absent: [G, G, G, G, G, G],
};

describe("the frozen table", () => {
  const pairs = LIFECYCLE_EVENTS.flatMap((event) =>
    LIFECYCLE_STATES.map((state, index) => ({ state, event, to: EXPECTED[event][index] })),
  );
  it.each(pairs)("$state on $event is $to", ({ state, event, to }) => {
    expect(stepLifecycle(state, event)).toBe(to);
  });
  it("has the states of the contract's events, in their order", () => {
    expect(LIFECYCLE_STATES).toEqual(INCARNATION_STATES);
  });
  it("cannot be changed", () => {
    expect(Object.isFrozen(LIFECYCLE_TABLE)).toBe(true);
    for (const state of LIFECYCLE_STATES) expect(Object.isFrozen(LIFECYCLE_TABLE[state])).toBe(true);
  });
  it("gives the diagram exactly the arrows that change a state", () => {
    const arrows = LIFECYCLE_TRANSITIONS.flatMap(({ from, to, events }) => events.map((e) => `${from} ${e} ${to}`));
    const changing = pairs
      .filter(({ state, to }) => state !== to)
      .map(({ state, event, to }) => `${state} ${event} ${to}`);
    expect([...arrows].sort()).toEqual([...changing].sort());
  });
});

const incarnation = { createdAt: epochMs(1_795_000_000_000), id: -614_071_350_123n };
const id = toIncarnationId(incarnation);

interface Seen {
  readonly beat?: bigint;
  readonly ageMs?: number | null;
  readonly loopLateMs?: number;
  readonly unread?: boolean;
  readonly nameless?: number;
}

function read(atMs: number, seen: Seen): ClusterRead {
  const row = { id, incarnation, node: "dna@a", load: 0.5, writeAgeMs: seen.ageMs ?? null };
  return {
    startedAt: monotonicMs(atMs),
    rows: seen.beat === undefined ? [] : [{ ...row, heartbeat: seen.beat }],
    unreadIds: seen.unread === true ? [id] : [],
    nameless: seen.nameless ?? 0,
    loopLateMs: seen.loopLateMs ?? 0,
  };
}

const seeing = (reads: readonly (readonly [number, Seen])[], from: ClusterSightings = emptyCluster("c")) =>
  reads.reduce((cluster, [at, seen]) => observeRead(cluster, read(at, seen)), from);

const stateOf = (cluster: ClusterSightings) => cluster.sightings.get(id)?.state;
const silentMs = (cluster: ClusterSightings) => {
  const sighting = cluster.sightings.get(id);
  return sighting === undefined ? null : silenceOf(sighting, cluster);
};
/** One read every 2 s of the same value, `fromMs` to `toMs` inclusive. */
const still = (fromMs: number, toMs: number, beat: bigint): [number, Seen][] =>
  Array.from({ length: (toMs - fromMs) / 2_000 + 1 }, (_, index) => [fromMs + index * 2_000, { beat }]);

describe("silence", () => {
  it("counts from the start of the read that saw the last change", () => {
    const cluster = seeing([
      [0, { beat: 1n }],
      [2_000, { beat: 2n }],
      [4_000, { beat: 2n }],
      [7_500, { beat: 2n }],
    ]);
    expect(silentMs(cluster)).toBe(5_500);
  });
  it.each([
    [5_000, 9_000],
    [5_001, 0],
  ])("continues over reads %i ms apart with %i ms", (gapMs, expectedMs) => {
    const cluster = seeing([
      [0, { beat: 2n }],
      [4_000, { beat: 2n }],
      [4_000 + gapMs, { beat: 2n }],
    ]);
    expect(silentMs(cluster)).toBe(expectedMs);
  });
  it.each([
    [1_000, 4_000],
    [1_001, 0],
  ])("with the main loop late by %i ms is %i ms", (loopLateMs, expectedMs) => {
    const cluster = seeing([
      [0, { beat: 2n }],
      [2_000, { beat: 2n }],
      [4_000, { beat: 2n, loopLateMs }],
    ]);
    expect(silentMs(cluster)).toBe(expectedMs);
  });
  it("goes on counting while the row is gone", () => {
    const cluster = seeing([...still(0, 12_000, 1n), [14_000, {}], [18_000, {}]]);
    expect(stateOf(cluster)).toBe("gone");
    expect(silentMs(cluster)).toBe(18_000);
  });
  it("is not ended by a row that comes back with the same value", () => {
    const cluster = seeing([...still(0, 12_000, 1n), [14_000, {}], [16_000, { beat: 1n }]]);
    expect(stateOf(cluster)).toBe("late");
    expect(silentMs(cluster)).toBe(16_000);
  });
});

describe("a life", () => {
  it("is alive on a change, late at 10 s, silent at 20 s", () => {
    const alive = seeing([
      [0, { beat: 1n }],
      [2_000, { beat: 2n }],
    ]);
    expect(stateOf(alive)).toBe("alive");
    expect(stateOf(seeing(still(4_000, 10_000, 2n), alive))).toBe("alive");
    expect(stateOf(seeing(still(4_000, 12_000, 2n), alive))).toBe("late");
    expect(stateOf(seeing(still(4_000, 20_000, 2n), alive))).toBe("late");
    expect(stateOf(seeing(still(4_000, 22_000, 2n), alive))).toBe("silent");
  });
  it("counts a value that went backwards as a beat: only change matters", () => {
    expect(
      stateOf(
        seeing([
          [0, { beat: 5n }],
          [2_000, { beat: -9n }],
        ]),
      ),
    ).toBe("alive");
  });
  it("of a silent one that beats again is returned, and alive after 30 s of beats", () => {
    const silent = seeing(still(0, 22_000, 1n));
    expect(stateOf(silent)).toBe("silent");
    const beats = (count: number): [number, Seen][] =>
      Array.from({ length: count }, (_, index) => [24_000 + index * 2_000, { beat: BigInt(index + 2) }]);
    expect(stateOf(seeing(beats(1), silent))).toBe("returned");
    expect(stateOf(seeing(beats(15), silent))).toBe("returned");
    expect(stateOf(seeing(beats(16), silent))).toBe("alive");
  });
  it("of a gone one whose row is back is returned", () => {
    expect(
      stateOf(
        seeing([
          [0, { beat: 1n }],
          [2_000, {}],
          [4_000, { beat: 2n }],
        ]),
      ),
    ).toBe("returned");
  });
  it("of an identity that was gone from the start counts its first sighting as a return", () => {
    const gone = seeing([
      [0, { beat: 1n }],
      [2_000, {}],
      [9_000, {}],
      [11_000, {}],
    ]);
    expect(stateOf(gone)).toBe("gone");
    expect(stateOf(seeing([[13_000, { beat: 1n }]], gone))).toBe("returned");
  });
});

describe("the write time", () => {
  it("declares alive early when young", () => {
    expect(stateOf(seeing([[0, { beat: 1n, ageMs: 9_999 }]]))).toBe("alive");
    expect(stateOf(seeing([[0, { beat: 1n, ageMs: 10_000 }]]))).toBe("observing");
  });
  it("starts as late when over 30 s old, but leaves silence to be observed", () => {
    const late = seeing([[0, { beat: 1n, ageMs: 30_001 }]]);
    expect(stateOf(late)).toBe("late");
    expect(silentMs(late)).toBe(0);
    expect(stateOf(seeing(still(2_000, 18_000, 1n), late))).toBe("late");
    expect(stateOf(seeing(still(2_000, 20_000, 1n), late))).toBe("silent");
    expect(stateOf(seeing([[0, { beat: 1n, ageMs: 30_000 }]]))).toBe("observing");
  });
  it("starts nothing after a gap, in which nobody may have been able to write", () => {
    const back = seeing([
      [0, { beat: 1n, ageMs: 1 }],
      [40_000, { beat: 1n, ageMs: 40_000 }],
    ]);
    expect(stateOf(back)).toBe("observing");
  });
  it("never declares death after the first sighting, however old", () => {
    expect(
      stateOf(
        seeing([
          [0, { beat: 1n, ageMs: 20_000 }],
          [2_000, { beat: 1n, ageMs: 3_600_000 }],
        ]),
      ),
    ).toBe("observing");
  });
  it("does not revive a late one", () => {
    expect(stateOf(seeing([...still(0, 8_000, 1n), [10_000, { beat: 1n, ageMs: 1 }]]))).toBe("late");
  });
});

describe("a gap", () => {
  const silent = seeing(still(0, 22_000, 1n));
  it("makes every state observing at once when the series is broken", () => {
    const broken = interrupt(silent, "the database does not answer");
    expect(stateOf(broken)).toBe("observing");
    expect(silentMs(broken)).toBe(0);
    expect(broken.sightings.get(id)?.evidence).toContain("the database does not answer");
  });
  it("does not let a change across it count as a beat", () => {
    expect(stateOf(seeing([[60_000, { beat: 2n }]], silent))).toBe("observing");
  });
  it("judges a deleted row gone again, with its silence from the fresh read on", () => {
    const gone = seeing([[24_000, {}]], silent);
    const fresh = seeing([[60_000, {}]], gone);
    expect(stateOf(fresh)).toBe("gone");
    expect(silentMs(fresh)).toBe(0);
  });
});

describe("what could not be read", () => {
  const silent = seeing(still(0, 22_000, 1n));
  it("is not gone: an unreadable row puts its own incarnation back to observing", () => {
    const unread = seeing([[24_000, { unread: true }]], silent);
    expect(stateOf(unread)).toBe("observing");
    expect(silentMs(unread)).toBe(0);
  });
  it("is not gone either when a row without an identity could be its row", () => {
    expect(stateOf(seeing([[24_000, { nameless: 1 }]], silent))).toBe("observing");
  });
});

it("follows a bounded number of incarnations and marks the others as unread", () => {
  const rows = Array.from({ length: INCARNATIONS_MAX + 1 }, (_, index) => {
    const one = { createdAt: incarnation.createdAt, id: BigInt(index) };
    return {
      id: toIncarnationId(one),
      incarnation: one,
      node: `n${index}`,
      heartbeat: 1n,
      load: null,
      writeAgeMs: null,
    };
  });
  const at = monotonicMs(0);
  const cluster = observeRead(emptyCluster("c"), { startedAt: at, rows, unreadIds: [], nameless: 0, loopLateMs: 0 });
  expect(cluster.sightings.size).toBe(INCARNATIONS_MAX);
  expect([...cluster.unread.keys()]).toEqual([rows.at(-1)?.id]);
});
