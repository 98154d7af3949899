import { describe, expect, it } from "vitest";
import { judgeRowDeletion, type RowDeletionInput } from "./row-deletion.ts";

type One = RowDeletionInput["incarnations"][number];
const dead = (id: string, over: Partial<One> = {}): One => ({
  id,
  node: `dna@${id}`,
  state: "silent",
  silentMs: 60_001,
  answers: false,
  ...over,
});
const refusals = (over: Partial<RowDeletionInput> = {}) =>
  judgeRowDeletion({ incarnation: "a", fresh: true, incarnations: [dead("a"), dead("b")], unreadable: 0, ...over })
    .filter(({ holds }) => !holds)
    .map(({ text }) => text);

describe("deleting a row of a cluster", () => {
  it("is for one that is wholly dead and was read as a whole just now", () => {
    expect(refusals()).toEqual([]);
    expect(refusals({ incarnations: [dead("a"), dead("b", { state: "gone" })] })).toEqual([]);
  });

  it.each([
    ["the table was not read lately", { fresh: false }],
    ["its row is gone already", { incarnations: [dead("a", { state: "gone" })] }],
    ["it is not known", { incarnations: [dead("b")] }],
    ["a peer is alive", { incarnations: [dead("a"), dead("b", { state: "alive" })] }],
    ["a peer is not judged", { incarnations: [dead("a"), dead("b", { state: "observing" })] }],
    ["a peer is late", { incarnations: [dead("a"), dead("b", { state: "late" })] }],
    ["a peer has not been silent for over a minute", { incarnations: [dead("a"), dead("b", { silentMs: 60_000 })] }],
    ["the machine of a peer answers", { incarnations: [dead("a"), dead("b", { answers: true })] }],
    ["a row of the cluster cannot be read, and may be of a node that lives", { unreadable: 1 }],
  ] as const)("is refused while %s", (_, over) => {
    expect(refusals(over)).not.toEqual([]);
  });
});
