import { describe, expect, it } from "vitest";
import { type DnaFold, EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { censusResult } from "./census-view.ts";

const AT = epochMs(1_795_326_407_000);
const node = (name: string, state: NodeFold["state"]): NodeFold => ({
  ...{ cluster: "prod", node: name, createdAt: AT, nodeId: "1", state, since: AT, silentMsThen: 0 },
  ...{ evidence: "", flags: {}, firstSeenAt: AT },
});
const owned = (incarnationId: string, keys: number) => ({
  asOf: AT,
  counts: [{ incarnationId, namespace: "eu", moduleId: 0, keys }],
});
const fold = (over: Partial<DnaFold> = {}): DnaFold => ({
  ...EMPTY_DNA,
  nodes: { a: node("a", "alive"), b: node("b", "returned"), c: node("c", "alive"), d: node("d", "gone") },
  owned: { a: owned("a", 60), b: owned("b", 30), d: owned("d", 7), x: owned("x", 9) },
  census: {
    ...{ startedAt: AT, finishedAt: AT, rows: 120, unreadableRows: 2, otherKeys: 5 },
    types: [{ namespace: "eu", moduleId: 0, rows: 120 }],
  },
  ...over,
});

describe("the result of a census", () => {
  it("is none before the first", () => {
    expect(censusResult(EMPTY_DNA)).toBeNull();
  });

  it("tells live owners from those that are gone or were never seen, and loses no key", () => {
    const result = censusResult(fold());
    expect(result?.live.map(({ incarnation, keys }) => [incarnation, keys])).toEqual([
      ["a", 60],
      ["b", 30],
      ["c", 0],
    ]);
    expect(result?.orphans.map(({ incarnation, state }) => [incarnation, state])).toEqual([
      ["x", "never seen"],
      ["d", "gone"],
    ]);
    expect(result).toMatchObject({ keys: 60 + 30 + 7 + 9 + 5, orphanKeys: 16, otherKeys: 5, unreadableRows: 2 });
  });

  it("measures skew over live nodes, those without keys included", () => {
    expect(censusResult(fold())?.skew).toEqual({ mean: 30, max: 60, ratio: 2 });
    const alone = fold({ nodes: { a: node("a", "alive") }, owned: { a: owned("a", 1) } });
    expect(censusResult(alone)?.skew).toBeNull();
  });

  it("of an older version of the console adds up its types from the owners", () => {
    const census = { startedAt: AT, finishedAt: AT, rows: 106, unreadableRows: 0, types: [], otherKeys: 0 };
    expect(censusResult(fold({ census }))?.types).toEqual([{ id: "0/eu", namespace: "eu", moduleId: 0, keys: 106 }]);
  });
});
