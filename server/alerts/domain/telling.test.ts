import { describe, expect, it } from "vitest";
import { OPERATOR_STREAM } from "#server/contract/event.ts";

import { type Telling, type Told, withinRoom } from "./telling.ts";

const TOLD: Told = {
  ...{ kind: "orphaned_lock", stream: OPERATOR_STREAM, target: "p1", title: "a lock", severity: "failed" },
  acknowledged: false,
};
const telling = (what: Telling["what"], finding: string): Telling => ({ what, finding, need: null, before: TOLD });
const mapOf = (...findings: readonly string[]) => new Map(findings.map((finding) => [finding, TOLD] as const));

describe("what is told while no more may be open", () => {
  it("is all but what would be one more: what may have been told has its place, and is told again", () => {
    const situation = { told: mapOf("a"), inDoubt: mapOf("b") };
    const due = [telling("opened", "c"), telling("opened", "b"), telling("resolved", "a")];
    expect(withinRoom(due, situation, 2).map(({ finding }) => finding)).toEqual(["b", "a"]);
    expect(withinRoom(due, situation, 3)).toEqual(due);
  });
});
