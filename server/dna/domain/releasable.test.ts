import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIFECYCLE_STATES } from "#server/contract/diagram/dna-lifecycle.ts";
import type { BeamVerdict } from "./beam-evidence.ts";
import type { Flags } from "./flags.ts";
import { judgeReleasable, RELEASE_SILENCE_MS, type ReleasableInput } from "./releasable.ts";

const dead: ReleasableInput = {
  state: "silent",
  silentMs: RELEASE_SILENCE_MS,
  flags: {},
  skew: { kind: "estimated", ms: 120 },
  fresh: true,
};
const failing = (change: Partial<ReleasableInput>) =>
  judgeReleasable({ ...dead, ...change }).reasons.filter((reason) => !reason.holds).length;

it("holds for a silent incarnation after 75 s of counted silence, presumed dead", () => {
  expect(judgeReleasable(dead)).toMatchObject({ releasable: true, certainty: "presumed", readyInMs: 0 });
});

describe("each condition forbids alone", () => {
  it.each(LIFECYCLE_STATES.map((state) => [state, state === "silent" || state === "gone"] as const))(
    "state %s: %s",
    (state, releasable) => {
      expect(judgeReleasable({ ...dead, state }).releasable).toBe(releasable);
    },
  );
  it.each<[string, Partial<ReleasableInput>]>([
    ["too little silence", { silentMs: RELEASE_SILENCE_MS - 1 }],
    ["another incarnation beats under the name", { flags: { name_conflict: "1:2 beats" } }],
    ["no fresh read", { fresh: false }],
    ["coordinators apart", { skew: { kind: "estimated", ms: -5_000 } }],
    ["coordinators apart by nobody knows how much", { skew: { kind: "beyond", atLeastMs: 3_000 } }],
  ])("%s", (_name, change) => {
    expect(judgeReleasable({ ...dead, ...change }).releasable).toBe(false);
    expect(failing(change)).toBe(1);
  });
});

describe("what its own machine says", () => {
  const proof = { kind: "dead", ageMs: 900, detail: "its name is not registered at its host's port mapper" } as const;
  const life = (ageMs: number) => ({ kind: "alive", ageMs, fresh: ageMs <= 35_000, detail: "it answered" }) as const;

  it("stands in for the wait when it proves the death", () => {
    const judged = judgeReleasable({ ...dead, silentMs: 21_000, beam: proof });
    expect(judged).toMatchObject({ releasable: true, certainty: "proven", readyInMs: 0 });
    expect(judged.residualRisk).toContain("another machine");
  });
  it.each<[string, Partial<ReleasableInput>]>([
    ["a live state", { state: "alive" }],
    ["a late one", { state: "late" }],
    ["one that is not judged", { state: "observing" }],
    ["a returned one", { state: "returned" }],
    ["an old read", { fresh: false }],
    ["a name conflict", { flags: { name_conflict: "1:2 beats" } }],
    ["skewed coordinators", { skew: { kind: "estimated", ms: 5_000 } }],
    ["a zombie flag", { flags: { zombie: "it answers" } }],
  ])("proof or not, %s forbids", (_name, change) => {
    expect(judgeReleasable({ ...dead, silentMs: 21_000, beam: proof, ...change }).releasable).toBe(false);
  });
  it("forbids while it answers, and until 75 s after its last answer", () => {
    for (const ageMs of [0, 35_000, 35_001, RELEASE_SILENCE_MS - 1])
      expect(judgeReleasable({ ...dead, beam: life(ageMs) })).toMatchObject({ releasable: false, readyInMs: null });
    expect(judgeReleasable({ ...dead, beam: life(RELEASE_SILENCE_MS) }).releasable).toBe(true);
  });
  it("counts for nothing when it could not be told: the wait stays and the death stays presumed", () => {
    const unknown = { kind: "unknown", detail: "no answer within 2 s" } as const;
    const judged = judgeReleasable({ ...dead, beam: unknown });
    expect(judged).toMatchObject({ releasable: true, certainty: "presumed" });
    expect(judgeReleasable({ ...dead, silentMs: 74_999, beam: unknown }).releasable).toBe(false);
  });
  it("never lets go of any condition but the wait, whatever is found", () => {
    const verdict: fc.Arbitrary<BeamVerdict> = fc.oneof(
      fc.constant<BeamVerdict>({ kind: "not-configured" }),
      fc.constant<BeamVerdict>({ kind: "unknown", detail: "?" }),
      fc.nat(100_000).map(life),
      fc.nat(5_000).map((ageMs) => ({ ...proof, ageMs })),
    );
    const input = fc.record({
      state: fc.constantFrom(...LIFECYCLE_STATES),
      silentMs: fc.nat(200_000),
      flags: fc.constantFrom<Flags>({}, {}, { superseded: "x" }, { zombie: "x" }, { name_conflict: "x" }),
      skew: fc.integer({ min: -8_000, max: 8_000 }).map((ms) => ({ kind: "estimated" as const, ms })),
      fresh: fc.boolean(),
      beam: verdict,
    });
    fc.assert(
      fc.property(input, (given) => {
        const { state, silentMs, flags, skew, fresh, beam } = given;
        const judged = judgeReleasable(given);
        const lives = beam.kind === "alive" && beam.ageMs < RELEASE_SILENCE_MS;
        const allowed =
          fresh &&
          (state === "silent" || state === "gone") &&
          flags.name_conflict === undefined &&
          flags.zombie === undefined &&
          Math.abs(skew.ms) < 5_000 &&
          !lives &&
          (silentMs >= RELEASE_SILENCE_MS || beam.kind === "dead");
        expect(judged.releasable).toBe(allowed);
        expect(judged.certainty).toBe(beam.kind === "dead" ? "proven" : "presumed");
        if (judged.releasable) expect(judged.readyInMs).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the wait", () => {
  it.each([
    ["late", 12_000, 63_000],
    ["silent", 30_000, 45_000],
    ["gone", 75_000, 0],
  ] as const)("%s after %i ms ends in %i ms when only time is missing", (state, silentMs, readyInMs) => {
    expect(judgeReleasable({ ...dead, state, silentMs }).readyInMs).toBe(readyInMs);
  });
  it.each<[string, Partial<ReleasableInput>]>([
    ["alive", { state: "alive", silentMs: 3_000 }],
    ["not judged", { state: "observing", silentMs: 0 }],
    ["in conflict", { flags: { name_conflict: "x" } }],
    ["unread", { fresh: false }],
  ])("is not told for one that is %s", (_name, change) => {
    expect(judgeReleasable({ ...dead, ...change }).readyInMs).toBeNull();
  });
});

it("says that an unknown skew is unknown, and does not let it decide", () => {
  const judged = judgeReleasable({ ...dead, skew: { kind: "unknown" } });
  expect(judged.releasable).toBe(true);
  expect(judged.reasons.at(-1)?.detail).toMatch(/^Not known/);
});
it("is refused while another cluster lives in the keyspace, and waiting does not help", () => {
  const judged = judgeReleasable({ ...dead, otherClusters: ["staging", "old"] });
  expect(judged).toMatchObject({ releasable: false, readyInMs: null });
  expect(judged.reasons.find((reason) => !reason.holds)?.detail).toBe("Beside it: staging, old.");
});
it("is never shortened by superseded", () => {
  expect(judgeReleasable({ ...dead, silentMs: 74_000, flags: { superseded: "yes" } }).releasable).toBe(false);
});
it("names what the database cannot show", () => {
  expect(judgeReleasable(dead).residualRisk).toContain("cluster worker hangs");
});
