import type { types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { PLAIN_CQL, SCYLLA_CQL } from "#server/dna/domain/keyspace-facts.ts";
import { censusStatement, countOwners } from "./census-reads.ts";

describe("the statement of a census", () => {
  it("is plain CQL on Apache Cassandra, which takes no clause of ScyllaDB", () => {
    expect(censusStatement("dna", "after", PLAIN_CQL)).toBe(
      'SELECT name, node_created, node_id FROM "dna".actors WHERE namespace = ? AND module_id = ? AND name > ? LIMIT ?',
    );
  });
  it("passes the cache by and bounds its time on ScyllaDB, in the order of its grammar", () => {
    expect(censusStatement("dna", "none", SCYLLA_CQL)).toBe(
      'SELECT name, node_created, node_id FROM "dna".actors WHERE namespace = ? AND module_id = ? LIMIT ? ' +
        "BYPASS CACHE USING TIMEOUT 10s",
    );
  });
});

describe("countOwners", () => {
  const row = (created: unknown, id: unknown) => ({ node_created: created, node_id: id }) as unknown as types.Row;
  it("tells owners apart by both halves, rows without owner, and rows that make no sense", () => {
    const counted = countOwners([
      row(new Date(1), 1n),
      row(new Date(1), 2n),
      row(new Date(2), 1n),
      row(new Date(1), 1n),
      row(null, null),
      row(undefined, undefined),
      row(new Date(Number.NaN), 1n),
      row(new Date(1), null),
      row(null, 1n),
      row("1", 1n),
      row(new Date(1), 1),
    ]);
    expect(counted).toEqual({
      rows: 11,
      ownerless: 2,
      unreadable: 5,
      owners: [
        { owner: { createdAt: 1, id: 1n }, keys: 2 },
        { owner: { createdAt: 1, id: 2n }, keys: 1 },
        { owner: { createdAt: 2, id: 1n }, keys: 1 },
      ],
    });
  });
});
