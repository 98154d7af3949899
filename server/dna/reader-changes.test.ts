import { describe, expect, it } from "vitest";
import { EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { FORGET_AFTER_MS, forgettable, NODES_KEPT_MAX, sourceChange } from "./reader-changes.ts";

const now = epochMs(1_795_300_000_000);
const node = (state: NodeFold["state"], sinceMs: number): NodeFold => ({
  cluster: "prod",
  node: "dna@a",
  createdAt: epochMs(1),
  nodeId: "1",
  state,
  since: epochMs(now - sinceMs),
  silentMsThen: 0,
  evidence: "",
  flags: {},
  firstSeenAt: epochMs(1),
});
const everything = () => true;
const nothingRemembered = new Map();

describe("forgetting", () => {
  it("takes only those gone for over a day", () => {
    const nodes = { a: node("gone", FORGET_AFTER_MS + 1), b: node("gone", FORGET_AFTER_MS), c: node("silent", 9e9) };
    const forgotten = forgettable({ ...EMPTY_DNA, nodes }, everything, nothingRemembered, now);
    expect(forgotten.map((draft) => draft.subject)).toEqual(["a"]);
  });
  it("goes by our own memory of when it went, which outlasts gaps in the reads", () => {
    const nodes = { a: node("gone", 1_000) };
    const goneSince = new Map([["a", epochMs(now - FORGET_AFTER_MS - 1)]]);
    expect(forgettable({ ...EMPTY_DNA, nodes }, everything, goneSince, now)).toHaveLength(1);
  });
  it("bounds the fold by those gone longest, even when they own keys", () => {
    const many = Array.from({ length: NODES_KEPT_MAX + 2 }, (_, index) => [`n${index}`, node("gone", 1_000 + index)]);
    const owned = { n5001: { asOf: now, counts: [{ incarnationId: "n5001", namespace: "n", moduleId: 0, keys: 3 }] } };
    const fold = { ...EMPTY_DNA, nodes: Object.fromEntries(many), owned };
    const forgotten = forgettable(fold, everything, nothingRemembered, now).map((draft) => draft.subject);
    expect(forgotten).toEqual([`n${NODES_KEPT_MAX + 1}`, `n${NODES_KEPT_MAX}`]);
  });
});

describe("the health of the source", () => {
  it("is recorded the first time and when it changes, not when its reason is worded otherwise", () => {
    const down = { state: "down", reason: "refused" } as const;
    expect(sourceChange(EMPTY_DNA, "eu-1", { state: "starting", reason: null }, now)).toHaveLength(1);
    const fold = { ...EMPTY_DNA, source: { ...down, since: now } };
    expect(sourceChange(fold, "eu-1", { state: "down", reason: "timed out" }, now)).toEqual([]);
    expect(sourceChange(fold, "eu-1", { state: "up", reason: null }, now)[0]?.body).toEqual({
      from: "down",
      to: "up",
      reason: null,
    });
  });
});
