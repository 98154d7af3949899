import type { types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { parseActorRow, parseActorType, parseCluster, parseHost, parseNodeRow, parseToldOwner } from "./rows.ts";

const T0 = 1_795_300_000_123;

/** The driver's rows hold their cells as properties. */
const row = (cells: Readonly<Record<string, unknown>>) => cells as unknown as types.Row;

const nodeCells = {
  created_at: new Date(T0),
  id: -7n,
  node: "dna@10.0.0.1",
  heartbeat: -576_460_752_000n,
  load: 0.5,
  draining: false,
  beat_us: 1_795_300_000_000_000n,
  database_ms: 1_795_300_003_500n,
};

describe("a row of nodes", () => {
  it("becomes a node row, with the age of its beat", () => {
    expect(parseNodeRow(row(nodeCells))).toEqual({
      incarnation: { createdAt: T0, id: -7n },
      node: "dna@10.0.0.1",
      heartbeat: -576_460_752_000n,
      load: 0.5,
      draining: false,
      writeAgeMs: 3_500,
      writtenAtMs: Number((nodeCells.beat_us ?? 0n) / 1_000n),
    });
  });

  it.each([
    [{ heartbeat: null }, "heartbeat is empty"],
    [{ node: null }, "node is empty"],
    [{ node: "" }, "node is empty"],
    [{ heartbeat: "12" }, "heartbeat is not a 64-bit integer"],
    [{ heartbeat: 12 }, "heartbeat is not a 64-bit integer"],
    [{ node: 5 }, "node is not text"],
    [{ load: "high" }, "load is not a number"],
    [{ draining: 1 }, "draining is not true or false"],
    [{ beat_us: 5 }, "beat_us is not a 64-bit integer"],
  ])("with %o is marked: %s", (cells, reason) => {
    expect(parseNodeRow(row({ ...nodeCells, ...cells }))).toEqual({ malformed: true, key: `${T0}:-7`, reason });
  });

  it("with a node that is far longer than any name of one is marked, so that no event carries it", () => {
    const long = { ...nodeCells, node: `dna@${"x".repeat(2_000_000)}` };
    const reason = "node is longer than any name of a node";
    expect(parseNodeRow(row(long))).toEqual({ malformed: true, key: `${T0}:-7`, reason });
    for (const name of ["😀".repeat(255), `dna@${"x".repeat(16_000)}`])
      expect(parseNodeRow(row({ ...nodeCells, node: name }))).toMatchObject({ node: name });
  });

  it("with a created_at that no date can hold is marked, and its key says so", () => {
    const marked = parseNodeRow(row({ ...nodeCells, created_at: new Date(Number.NaN) }));
    const reason = "created_at is beyond the range of a date";
    expect(marked).toEqual({ malformed: true, key: `unreadable (${reason})`, reason });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, null])("with the load %s shows none and stays a row", (load) => {
    expect(parseNodeRow(row({ ...nodeCells, load }))).toMatchObject({ load: null, node: "dna@10.0.0.1" });
  });

  it("has no age without a write time, and none below 0", () => {
    expect(parseNodeRow(row({ ...nodeCells, beat_us: null }))).toMatchObject({ writeAgeMs: null });
    expect(parseNodeRow(row({ ...nodeCells, database_ms: 0n }))).toMatchObject({ writeAgeMs: 0 });
  });
});

describe("a row of actors", () => {
  const actorCells = { name: "Rome", node_created: new Date(T0), node_id: 7n, claimed_at: new Date(T0 + 5) };

  it("becomes an actor row", () => {
    const owner = { createdAt: T0, id: 7n };
    expect(parseActorRow(row(actorCells))).toEqual({ name: "Rome", owner, claimedAt: T0 + 5 });
  });

  it.each([
    [{ node_id: null }, "only half of the owner is there"],
    [{ node_created: null }, "only half of the owner is there"],
    [{ node_created: new Date(Number.NaN) }, "node_created is beyond the range of a date"],
    [{ claimed_at: new Date(Number.NaN) }, "claimed_at is beyond the range of a date"],
    [{ claimed_at: 5n }, "claimed_at is not a timestamp"],
  ])("with %o is marked: %s", (cells, reason) => {
    expect(parseActorRow(row({ ...actorCells, ...cells }))).toEqual({ malformed: true, key: "Rome", reason });
  });
});

describe("partition keys of another type", () => {
  it("are no rows to mark but a table that is not DNA's", () => {
    expect(() => parseActorType(row({ namespace: "eu", module_id: "0" }))).toThrow(OpsError);
    expect(() => parseCluster(row({ cluster: 7 }))).toThrow(OpsError);
    expect(parseActorType(row({ namespace: "eu", module_id: 3 }))).toEqual({ namespace: "eu", moduleId: 3 });
  });
});

describe("the owner that a refusal tells", () => {
  it.each([
    [
      "Cassandra, row there",
      { "[applied]": false, node_created: new Date(T0), node_id: 7n },
      { createdAt: T0, id: 7n },
    ],
    ["Cassandra, row gone", { "[applied]": false }, "not-told"],
    ["ScyllaDB, row gone", { "[applied]": false, node_created: null, node_id: null }, null],
    ["half an owner", { "[applied]": false, node_created: null, node_id: 7n }, "not-told"],
  ])("%s", (_case, cells, owner) => {
    expect(parseToldOwner(row(cells))).toEqual(owner);
  });
});

describe("a host", () => {
  it("shows what is empty as unknown, and falls back to the address it is known by to its peers", () => {
    const cells = {
      peer: "10.0.0.2",
      data_center: null,
      rack: "r1",
      host_id: null,
      release_version: "5.0.9",
      rpc_address: null,
    };
    expect(parseHost(row(cells), () => null)).toEqual({
      address: "10.0.0.2",
      dataCenter: "unknown",
      rack: "r1",
      hostId: "unknown",
      version: "5.0.9",
      up: null,
    });
  });
});
