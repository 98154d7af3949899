import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REQUEST_EDGE_TABLE, type RequestEnd } from "#server/contract/diagram/request-path.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { PeerEntry } from "./peer-verdict.ts";
import { explainRequest } from "./request-path.ts";
import type { AskedEntry } from "./request-path-asked.ts";
import type { OwnerRow } from "./request-walk.ts";

const now = epochMs(1_795_000_100_000);
const me = { createdAt: epochMs(1_795_000_000_001), id: 4n };
const other = { createdAt: epochMs(1_795_000_000_000), id: -9n };
const third = { createdAt: epochMs(1_794_000_000_000), id: 11n };
const peer = (lastChangeMs: number, change: Partial<PeerEntry> = {}): PeerEntry => ({
  incarnation: other,
  node: "dna@b",
  local: false,
  lastChangeMs,
  ...change,
});
const owned = (owner = other): OwnerRow => ({ kind: "owned", owner });
const asked = (change: Partial<AskedEntry>): AskedEntry => ({
  incarnation: me,
  node: "dna@a",
  cached: null,
  lastRefreshMs: 2_100,
  peers: [peer(3_200)],
  runs: false,
  ...change,
});
const explain = (entry: Partial<AskedEntry>, row: OwnerRow = owned()) =>
  explainRequest({ row, owner: null, entry: { kind: "asked", ...asked(entry) }, product: "scylla", now });

const MISS = ["lookup", "cache_miss"];
const HIT = ["lookup", "cache_hit"];
const OTHER = ["owner_other", "refresh_fresh"];

describe("an entry node that told of itself", () => {
  it.each<[string, Partial<AskedEntry>, OwnerRow, RequestEnd, readonly string[]]>([
    ["has the instance", { runs: true }, owned(me), "deliver", [...MISS, "row_found", "owner_me", "instance_running"]],
    [
      "owns and does not run it",
      {},
      owned(me),
      "start",
      [...MISS, "row_found", "owner_me", "instance_absent", "started"],
    ],
    [
      "has itself cached, whatever the register says",
      { cached: { owner: me, ttlMs: 41_000 } },
      owned(other),
      "start",
      [...HIT, "owner_me", "instance_absent", "started"],
    ],
    ["finds no row", {}, { kind: "none" }, "claim", [...MISS, "row_none", "insert_won", "started"]],
    ["sees a living owner", {}, owned(), "forward", [...MISS, "row_found", ...OTHER, "verdict_alive"]],
    [
      "sees a living owner that it has cached",
      { cached: { owner: other, ttlMs: 9 } },
      owned(),
      "forward",
      [...HIT, ...OTHER, "verdict_alive"],
    ],
    [
      "sees a dead owner",
      { peers: [peer(10_001)] },
      owned(),
      "replace",
      [...MISS, "row_found", ...OTHER, "verdict_dead", "replace_won", "started"],
    ],
    [
      "sees its cached owner dead, and the register names a living one",
      { cached: { owner: third, ttlMs: 1_000 } },
      owned(),
      "forward",
      [...HIT, ...OTHER, "verdict_dead", "replace_lost", ...MISS, "row_found", ...OTHER, "verdict_alive"],
    ],
    [
      "sees its cached owner dead, and the key was released",
      { cached: { owner: third, ttlMs: 1_000 } },
      { kind: "none" },
      "claim",
      [...HIT, ...OTHER, "verdict_dead", "replace_lost", ...MISS, "row_none", "insert_won", "started"],
    ],
    [
      "has not refreshed for 10 s",
      { lastRefreshMs: 10_000 },
      owned(),
      "halt",
      [...MISS, "row_found", "owner_other", "refresh_stale"],
    ],
    [
      "has never refreshed",
      { lastRefreshMs: null },
      owned(),
      "halt",
      [...MISS, "row_found", "owner_other", "refresh_stale"],
    ],
    [
      "has not refreshed, but serves its own",
      { lastRefreshMs: 99_000 },
      owned(me),
      "start",
      [...MISS, "row_found", "owner_me", "instance_absent", "started"],
    ],
    [
      "does not list an owner created just now",
      { peers: [] },
      owned({ ...other, createdAt: epochMs(now - 10_000) }),
      "crash",
      [...MISS, "row_found", ...OTHER, "verdict_unknown"],
    ],
    [
      "is named like the owner",
      { peers: [peer(100, { node: "dna@a" })] },
      owned(),
      "unknown",
      [...MISS, "row_found", ...OTHER, "verdict_same_name"],
    ],
    ["finds a row that cannot be read", {}, { kind: "malformed", reason: "half an owner" }, "unknown", MISS],
  ])("%s", (_name, entry, row, end, edges) => {
    const path = explain(entry, row);
    expect(path.edges.map(({ id }) => id)).toEqual(edges);
    expect(path.end).toBe(end);
  });

  it("stands by its numbers: they are on the edges", () => {
    const path = explain({ cached: { owner: other, ttlMs: 41_000 } });
    expect(path.edges).toEqual([
      { id: "lookup", note: null },
      { id: "cache_hit", note: "ttl 41.0 s" },
      { id: "owner_other", note: "dna@b" },
      { id: "refresh_fresh", note: "2.1 s ago" },
      { id: "verdict_alive", note: "last change 3.2 s ago" },
    ]);
  });

  it("warns, with the window that is left, exactly when it goes by another owner than the register's", () => {
    expect(explain({ cached: { owner: other, ttlMs: 41_000 } }).warning).toBeNull();
    expect(explain({}).warning).toBeNull();
    expect(explain({ cached: { owner: me, ttlMs: 41_000 } }).warning).toMatch(/itself .* 41\.0 s.* may run twice/);
    expect(explain({ cached: { owner: other, ttlMs: 5_000 } }, owned(third)).warning).toMatch(
      /dna@b .* 5\.0 s.*another/,
    );
    expect(explain({ cached: { owner: other, ttlMs: null } }, { kind: "none" }).warning).toMatch(/60\.0 s.*nobody/);
  });

  it("walks only edges that follow one another and ends at its last node, whatever was read", () => {
    const incarnation = fc.constantFrom(me, other, third);
    const age = fc.oneof(fc.constantFrom(0, 9_999, 10_000, 10_001), fc.nat(100_000));
    const entry = fc.record({
      cached: fc.option(fc.record({ owner: incarnation, ttlMs: fc.option(fc.nat(60_000)) })),
      lastRefreshMs: fc.option(age),
      peers: fc.array(
        fc.record({ incarnation, node: fc.constantFrom("dna@a", "dna@b"), local: fc.boolean(), lastChangeMs: age }),
      ),
      runs: fc.option(fc.boolean()),
    });
    const row: fc.Arbitrary<OwnerRow> = fc.oneof(
      fc.constant({ kind: "none" } as const),
      fc.constant({ kind: "malformed", reason: "x" } as const),
      incarnation.map((owner) => ({ kind: "owned", owner }) as const),
    );
    fc.assert(
      fc.property(entry, row, (told, found) => {
        const path = explain(told, found);
        let at: string = "request";
        for (const { id } of path.edges) {
          expect(REQUEST_EDGE_TABLE[id].from).toBe(at);
          at = REQUEST_EDGE_TABLE[id].to;
        }
        expect(path.nodes.at(-1)).toBe(at);
        expect(new Set(path.nodes).size).toBe(path.nodes.length);
      }),
    );
  });
});
