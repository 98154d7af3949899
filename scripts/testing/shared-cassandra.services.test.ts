import { expect, it } from "vitest";
import { singleNodeClient } from "#scripts/cassandra/ready.ts";
import { sharedCassandra, uniqueKeyspace } from "./shared-cassandra.ts";

it("hands the same ready Cassandra to everyone who asks", async () => {
  const [one, other] = await Promise.all([sharedCassandra(), sharedCassandra()]);
  expect(one).toEqual(other);
  const [address = "", port] = (one.contactPoints[0] ?? "").split(":");
  const client = singleNodeClient(address, Number(port), one.localDataCenter);
  try {
    const result = await client.execute("SELECT data_center FROM system.local");
    expect(result.first()?.get("data_center")).toBe(one.localDataCenter);
  } finally {
    await client.shutdown();
  }
});

it("names keyspaces so that two files never share one", () => {
  expect(uniqueKeyspace("dna")).toMatch(/^dna_[0-9a-f]{10}$/);
  expect(uniqueKeyspace("dna")).not.toBe(uniqueKeyspace("dna"));
});
