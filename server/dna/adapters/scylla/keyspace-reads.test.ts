import type { types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { createKeyspaceReads, registerSizeOf, tabletsOf } from "./keyspace-reads.ts";
import type { ReadRequest } from "./session.ts";

const rowsOf = (...rows: readonly object[]) => rows as unknown as types.Row[];

/** Answers by a piece of the statement; one that no piece is of is refused, as a table that is not there. */
function database(answers: Readonly<Record<string, readonly object[]>>) {
  const asked: string[] = [];
  const read = async ({ statement }: ReadRequest) => {
    asked.push(statement);
    const found = Object.entries(answers).find(([piece]) => statement.includes(piece));
    if (found === undefined) throw new OpsError("upstream-malformed", `no such table: ${statement}`);
    return rowsOf(...found[1]);
  };
  const reads = createKeyspaceReads(
    { read, readFromEachHost: async (request) => [await read(request), null] },
    { keyspace: "dna", localDataCenter: "dc1" },
  );
  return { reads, asked };
}

const NTS = { class: "org.apache.cassandra.locator.NetworkTopologyStrategy", dc1: "3" };
const COMMON = {
  "system_schema.keyspaces": [{ replication: NTS }],
  "SELECT gc_grace_seconds": [{ gc_grace_seconds: 864_000 }],
};

describe("the facts of a keyspace", () => {
  it("on ScyllaDB: its own version, its tablets, its clauses; the product is asked for once", async () => {
    const { reads, asked } = database({
      ...COMMON,
      "table_name = 'versions'": [{ table_name: "versions" }],
      "system.versions": [{ version: "2025.1.3" }],
      scylla_keyspaces: [{ initial_tablets: 8 }],
    });
    expect(await reads.keyspaceFacts()).toEqual({
      keyspace: "dna",
      product: "scylla",
      version: "2025.1.3",
      capabilities: { bypassCache: true, usingTimeout: true },
      tablets: "on",
      replication: { strategy: "NetworkTopologyStrategy", byDataCenter: { dc1: 3 } },
      gcGraceSec: 864_000,
    });
    await reads.keyspaceFacts();
    await reads.capabilities();
    expect(asked.filter((statement) => statement.includes("'versions'"))).toHaveLength(1);
  });

  it("on Apache Cassandra: no tablets, plain CQL, and nothing of ScyllaDB is asked", async () => {
    const { reads, asked } = database({
      ...COMMON,
      "table_name = 'versions'": [],
      release_version: [{ version: "5.0.4" }],
    });
    expect(await reads.keyspaceFacts()).toMatchObject({ product: "cassandra", version: "5.0.4", tablets: "none" });
    expect(await reads.capabilities()).toEqual({ bypassCache: false, usingTimeout: false });
    expect(asked.join()).not.toContain("scylla_keyspaces");
  });

  it("an older ScyllaDB without the table of tablets has none", async () => {
    const { reads } = database({
      ...COMMON,
      "table_name = 'versions'": [{ table_name: "versions" }],
      "system.versions": [{ version: "5.4.1" }],
    });
    expect(await reads.keyspaceFacts()).toMatchObject({ tablets: "off" });
  });

  it("are an error when the database does not answer, not a keyspace without tablets", async () => {
    const { reads } = database({});
    await expect(reads.keyspaceFacts()).rejects.toMatchObject({ code: "upstream-malformed" });
  });
});

describe("tablets", () => {
  it.each([
    [undefined, "off"],
    [{}, "not-told"],
    [{ initial_tablets: null }, "off"],
    [{ initial_tablets: 0 }, "on"],
  ] as const)("%j is %s", (row, tablets) => {
    expect(tabletsOf(row as unknown as types.Row | undefined)).toBe(tablets);
  });
});

describe("the size of the register", () => {
  it("is the sum over ranges and hosts, with those that did not answer counted", () => {
    const estimates = [
      rowsOf({ mean_partition_size: 1_000n, partitions_count: 2n }, { mean_partition_size: 5n, partitions_count: 1n }),
      null,
      rowsOf({ mean_partition_size: 100n, partitions_count: 1n }),
    ];
    expect(registerSizeOf(estimates, [rowsOf({ mebibytes: 2n }), null, rowsOf({ partition_size: 7n })])).toEqual({
      rows: null,
      bytes: 2_105,
      largestPartitionBytes: 2_097_152,
      hostsAsked: 3,
      hostsAnswered: 2,
    });
  });
  it("is not known where no host has estimates yet", () => {
    expect(registerSizeOf([rowsOf(), null], [null, null])).toMatchObject({ bytes: null, largestPartitionBytes: null });
  });
});
