import { describe, expect, it } from "vitest";
import { parseReplication, refusesLwt } from "./keyspace-facts.ts";

describe("refusesLwt", () => {
  it.each([
    ["on", "2025.3.4", true],
    ["on", "6.2.0", true],
    ["on", "2024.2.1-rc1", true],
    ["on", "2025.4.0", false],
    ["on", "2026.1.0~dev", false],
    ["off", "2025.1.0", false],
    ["none", "5.0.4", false],
    ["on", null, null],
    ["on", "something", null],
    ["not-told", "6.2.0", null],
    ["not-told", "2025.4.1", false],
  ] as const)("tablets %s, version %s: %s", (tablets, version, refused) => {
    expect(refusesLwt({ tablets, version })).toBe(refused);
  });
});

describe("parseReplication", () => {
  it("tells copies by data centre, sorted, and leaves out those without any", () => {
    const options = { class: "org.apache.cassandra.locator.NetworkTopologyStrategy", dc2: "3", dc1: "2", dc3: "0" };
    expect(parseReplication(options)).toEqual({
      strategy: "NetworkTopologyStrategy",
      byDataCenter: { dc1: 2, dc2: 3 },
    });
  });
  it("tells no data centre of a strategy that knows none", () => {
    expect(parseReplication({ class: "SimpleStrategy", replication_factor: "3" })).toEqual({
      strategy: "SimpleStrategy",
      byDataCenter: {},
    });
  });
});
