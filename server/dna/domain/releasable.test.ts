import { describe, expect, it } from "vitest";
import { LIFECYCLE_STATES } from "#server/contract/diagram/dna-lifecycle.ts";
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
it("is never shortened by superseded", () => {
  expect(judgeReleasable({ ...dead, silentMs: 74_000, flags: { superseded: "yes" } }).releasable).toBe(false);
});
it("names what the database cannot show", () => {
  expect(judgeReleasable(dead).residualRisk).toContain("cluster worker hangs");
});
