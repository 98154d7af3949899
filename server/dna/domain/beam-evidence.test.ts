import { describe, expect, it } from "vitest";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { type BeamLook, judgeBeam, LIFE_FRESH_MS, NO_EVIDENCE, observeLook, PROOF_FRESH_MS } from "./beam-evidence.ts";
import type { Incarnation } from "./identity.ts";

const mine: Incarnation = { createdAt: epochMs(1_000_000), id: -7n };
const later: Incarnation = { createdAt: epochMs(1_000_001), id: 3n };
const earlier: Incarnation = { createdAt: epochMs(999_999), id: 3n };
const twin: Incarnation = { createdAt: epochMs(1_000_000), id: 3n };

const who = (incarnation: Incarnation): BeamLook => ({ kind: "identity", incarnation });
const unregistered: BeamLook = { kind: "unregistered" };
const nothing: BeamLook = { kind: "nothing", why: "no answer within 2 s" };

/** Looks at instants in ms; judged at the last number. */
function judged(looks: readonly (readonly [number, BeamLook])[], now: number) {
  const evidence = looks.reduce((known, [at, look]) => observeLook(known, look, monotonicMs(at)), NO_EVIDENCE);
  return judgeBeam(mine, evidence, monotonicMs(now));
}

describe("death is proven", () => {
  it("by two looks at the port mapper, 3 s apart, that both miss the name", () => {
    expect(
      judged(
        [
          [0, unregistered],
          [3_000, unregistered],
        ],
        3_500,
      ),
    ).toMatchObject({ kind: "dead", ageMs: 500 });
  });
  it("by a later incarnation that answers under the name", () => {
    expect(judged([[0, who(later)]], 100)).toMatchObject({ kind: "dead", ageMs: 100 });
  });
  it.each<[string, readonly (readonly [number, BeamLook])[], number]>([
    ["one look: the mapper itself may just have started", [[0, unregistered]], 100],
    [
      "two looks too close",
      [
        [0, unregistered],
        [2_999, unregistered],
      ],
      3_000,
    ],
    [
      "looks with nothing told between them",
      [
        [0, unregistered],
        [2_000, nothing],
        [4_000, unregistered],
      ],
      4_000,
    ],
    [
      "an old proof",
      [
        [0, unregistered],
        [3_000, unregistered],
      ],
      3_000 + PROOF_FRESH_MS + 1,
    ],
    ["an old answer of another", [[0, who(later)]], PROOF_FRESH_MS + 1],
    [
      "a time-out",
      [
        [0, nothing],
        [5_000, nothing],
      ],
      5_000,
    ],
    ["an earlier incarnation", [[0, who(earlier)]], 0],
    ["another of the same instant", [[0, who(twin)]], 0],
    ["never having been asked", [], 0],
  ])("but not by %s", (_name, looks, now) => {
    expect(judged(looks, now).kind).toBe("unknown");
  });
});

describe("a sign of life", () => {
  it("is an answer under the very identity, fresh for one period", () => {
    expect(judged([[0, who(mine)]], LIFE_FRESH_MS)).toMatchObject({ kind: "alive", fresh: true });
    expect(judged([[0, who(mine)]], LIFE_FRESH_MS + 1)).toMatchObject({ kind: "alive", fresh: false });
  });
  it("outlasts silence, which tells nothing", () => {
    expect(
      judged(
        [
          [0, who(mine)],
          [10_000, nothing],
        ],
        20_000,
      ),
    ).toMatchObject({ kind: "alive", ageMs: 20_000 });
  });
  it("is overruled by a later proof of death alone", () => {
    const looks = [
      [0, who(mine)],
      [10_000, unregistered],
      [13_000, unregistered],
    ] as const;
    expect(judged(looks, 13_000).kind).toBe("dead");
    expect(judged(looks.slice(0, 2), 10_000).kind).toBe("alive");
  });
  it("takes back that the name was missing", () => {
    expect(
      judged(
        [
          [0, unregistered],
          [1_000, who(mine)],
          [4_000, unregistered],
        ],
        4_000,
      ).kind,
    ).toBe("alive");
  });
});
