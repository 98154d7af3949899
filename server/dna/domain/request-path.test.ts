import { describe, expect, it } from "vitest";
import { LIFECYCLE_STATES, type LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import {
  REQUEST_EDGE_TABLE,
  REQUEST_EDGES,
  REQUEST_NODE_TABLE,
  REQUEST_NODES,
  type RequestEnd,
} from "#server/contract/diagram/request-path.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { PeerSight } from "./peer-verdict.ts";
import { explainRequest, type RequestPathInput } from "./request-path.ts";

const now = epochMs(1_795_000_100_000);
const owner = { createdAt: epochMs(1_795_000_000_000), id: -9n };
const entry = { createdAt: epochMs(1_795_000_000_001), id: 4n };
const sight = (state: LifecycleState | null, silentMs: number, incarnation = owner, node = "dna@a"): PeerSight => ({
  incarnation,
  node: state === null ? null : node,
  state,
  silentMs,
});
const explain = (change: Partial<RequestPathInput>) =>
  explainRequest({
    row: { kind: "owned", owner },
    owner: sight("alive", 3_200),
    entry: { kind: "any" },
    product: "scylla",
    now,
    ...change,
  });

describe("the table", () => {
  it("joins every node that is not an end to the next, and starts at the request", () => {
    for (const id of REQUEST_NODES) {
      const leaves = REQUEST_EDGES.some((edge) => REQUEST_EDGE_TABLE[edge].from === id);
      expect(leaves, id).toBe(REQUEST_NODE_TABLE[id].shape !== "end");
      expect(id === "request" || REQUEST_EDGES.some((edge) => REQUEST_EDGE_TABLE[edge].to === id), id).toBe(true);
    }
  });
  it("has the three ways back to the start", () => {
    expect(REQUEST_EDGES.filter((id) => REQUEST_EDGE_TABLE[id].loop)).toEqual([
      "insert_lost",
      "wait_over",
      "replace_lost",
    ]);
  });
});

it.each<[string, Partial<RequestPathInput>, RequestEnd, readonly string[]]>([
  ["no row", { row: { kind: "none" }, owner: null }, "claim", ["row_none", "insert_won", "started"]],
  ["an owner that beats", {}, "forward", ["row_found", "owner_other", "refresh_fresh", "verdict_alive"]],
  [
    "an owner that returned",
    { owner: sight("returned", 0) },
    "forward",
    ["row_found", "owner_other", "refresh_fresh", "verdict_alive"],
  ],
  [
    "a late owner",
    { owner: sight("late", 12_000) },
    "replace",
    ["row_found", "owner_other", "refresh_fresh", "verdict_dead", "replace_won", "started"],
  ],
  [
    "an owner whose row is gone",
    { owner: sight("gone", 40_000) },
    "replace",
    ["row_found", "owner_other", "refresh_fresh", "verdict_dead", "replace_won", "started"],
  ],
  [
    "an owner never seen, created long ago",
    { owner: sight(null, 0) },
    "replace",
    ["row_found", "owner_other", "refresh_fresh", "verdict_dead", "replace_won", "started"],
  ],
  [
    "an owner never seen, created just now",
    { owner: sight(null, 0), now: epochMs(owner.createdAt + 10_000) },
    "crash",
    ["row_found", "owner_other", "refresh_fresh", "verdict_unknown"],
  ],
  [
    "an owner that is not judged",
    { owner: sight("observing", 1_000) },
    "unknown",
    ["row_found", "owner_other", "refresh_fresh"],
  ],
  ["a row that cannot be read", { row: { kind: "malformed", reason: "no owner" }, owner: null }, "unknown", []],
  ["the owner itself", { entry: { kind: "chosen", sight: sight("alive", 100) } }, "deliver", ["row_found", "owner_me"]],
  [
    "an entry node that stopped beating",
    { entry: { kind: "chosen", sight: sight("late", 11_000, entry, "dna@b") } },
    "halt",
    ["row_found", "owner_other", "refresh_stale"],
  ],
  [
    "an entry node of the owner's name",
    { entry: { kind: "chosen", sight: sight("alive", 100, entry, "dna@a") } },
    "unknown",
    ["row_found", "owner_other", "refresh_fresh", "verdict_same_name"],
  ],
])("%s", (_name, change, end, edges) => {
  const path = explain(change);
  expect(path.end).toBe(end);
  expect(path.edges.map((edge) => edge.id)).toEqual(["lookup", "cache_miss", ...edges]);
});

it("walks only edges that follow one another, whatever the state of owner and entry node", () => {
  for (const state of [...LIFECYCLE_STATES, null]) {
    for (const entryState of [...LIFECYCLE_STATES, null]) {
      const path = explain({
        owner: sight(state, 0),
        entry: { kind: "chosen", sight: sight(entryState, 0, entry, "b") },
      });
      let at: string = "request";
      for (const { id } of path.edges) {
        expect(REQUEST_EDGE_TABLE[id].from).toBe(at);
        at = REQUEST_EDGE_TABLE[id].to;
      }
      expect(path.nodes).toContain(at);
    }
  }
});
it("writes the number that decided on its edge", () => {
  expect(explain({}).edges.at(-1)).toEqual({ id: "verdict_alive", note: "last change 3.2 s ago" });
});
it("marks the way back that a lost claim would take", () => {
  expect(explain({ owner: sight("silent", 30_000) }).possible).toEqual(["replace_lost"]);
  expect(explain({ row: { kind: "none" }, owner: null }).possible).toEqual(["insert_lost"]);
});
it("says what it takes for granted", () => {
  expect(explain({}).assumptions.join(" ")).toContain("no cached owner");
  expect(explain({ row: { kind: "none" }, product: "cassandra" }).assumptions.join(" ")).toContain("Apache Cassandra");
});
