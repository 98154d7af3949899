import { describe, expect, it } from "vitest";
import type { NodeRow } from "#components/topology/node-rows.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { nodeLines, noteOf, orderOf, orderText, sortedLines, turnedOrder, WORST_FIRST } from "./node-lines.ts";

const row = (id: string, more: Partial<NodeFold> = {}): NodeRow => ({
  id,
  source: "eu-1",
  stream: "dna:eu-1",
  cluster: "prod",
  word: more.state ?? "alive",
  owned: null,
  old: false,
  node: {
    cluster: "prod",
    node: `dna@${id}`,
    createdAt: epochMs(1),
    nodeId: "1",
    state: "alive",
    since: epochMs(1_000),
    silentMsThen: 0,
    evidence: "its heartbeat changed",
    flags: {},
    firstSeenAt: epochMs(1),
    ...more,
  },
});
const NOW = 10_000_000;

describe("what a line says", () => {
  it("is that rows of the long dead are normal", () => {
    expect(noteOf(row("1:1", { state: "gone" }), null, NOW)).toContain("normal");
    expect(noteOf(row("1:1", { state: "gone", since: epochMs(NOW - 1_000) }), null, NOW)).not.toContain("normal");
    const superseded = "1795311820417:-6140123412340123, created later, beats under the same node name";
    expect(noteOf(row("1:1", { state: "gone", flags: { superseded } }), null, NOW)).toMatch(/^restarted, normal: 1795/);
  });

  it("is the evidence of a flag, whatever the state", () => {
    expect(noteOf(row("1:1", { flags: { name_conflict: "2:2 beats too" } }), null, NOW)).toContain("2:2 beats too");
    expect(noteOf(row("1:1", { state: "gone", flags: { zombie: "it answers" } }), null, NOW)).toBe("it answers");
  });

  it("is a slow clock that a beat in time would hide, and nothing of who is well", () => {
    expect(noteOf(row("1:1"), 0.5, NOW)).toContain("0.50");
    expect(noteOf(row("1:1"), 1, NOW)).toBeNull();
    expect(noteOf(row("1:1", { state: "late", evidence: "no change for 12 s" }), null, NOW)).toBe("no change for 12 s");
  });
});

describe("the order of lines", () => {
  const lines = nodeLines(
    [row("10.0.0.9"), row("10.0.0.10"), row("10.0.0.1")],
    {
      "dna:eu-1": {
        asOf: epochMs(NOW),
        readMs: 1,
        nodes: {
          "10.0.0.9": { silentMs: 4, load: 2, writeAgeMs: null },
          "10.0.0.10": { silentMs: 1, load: null, writeAgeMs: null },
          "10.0.0.1": { silentMs: 9, load: 5, writeAgeMs: null },
        },
        beam: { "10.0.0.9": { asOf: epochMs(NOW), running: 7, refreshMs: null } },
      },
    },
    NOW,
  );
  const ids = (text: string) => sortedLines(lines, orderOf(text)).map(({ id }) => id);

  it("counts numbers in names as numbers", () => {
    expect(ids("node")).toEqual(["10.0.0.1", "10.0.0.9", "10.0.0.10"]);
  });
  it("puts what is not known last, in both directions", () => {
    expect(ids("-load")).toEqual(["10.0.0.1", "10.0.0.9", "10.0.0.10"]);
    expect(ids("load")).toEqual(["10.0.0.9", "10.0.0.1", "10.0.0.10"]);
    expect(ids("-running")[0]).toBe("10.0.0.9");
  });
  it("stands in the address, and anything else means worst first", () => {
    expect(orderText(orderOf("-load"))).toBe("-load");
    expect([orderOf("nonsense"), orderOf(null)]).toEqual([WORST_FIRST, WORST_FIRST]);
    expect(orderText(WORST_FIRST)).toBeNull();
  });
  it("turns with each press and is worst first after the third", () => {
    const first = turnedOrder(WORST_FIRST, "load");
    const second = turnedOrder(first, "load");
    expect([first, second, turnedOrder(second, "load")]).toEqual([
      { by: "load", descending: true },
      { by: "load", descending: false },
      WORST_FIRST,
    ]);
  });
});
