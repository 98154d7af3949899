import type { types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { PLAIN_CQL, SCYLLA_CQL } from "#server/dna/domain/keyspace-facts.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { censusStatement, countOwners, createCensusReads } from "./census-reads.ts";
import type { ReadRequest } from "./session.ts";

describe("the statement of a census", () => {
  it("is plain CQL on Apache Cassandra, which takes no clause of ScyllaDB", () => {
    expect(censusStatement("dna", "after", PLAIN_CQL)).toBe(
      'SELECT name, node_created, node_id FROM "dna".actors WHERE namespace = ? AND module_id = ? AND name > ?',
    );
  });
  it("passes the cache by and bounds its time on ScyllaDB, in the order of its grammar", () => {
    expect(censusStatement("dna", "none", SCYLLA_CQL)).toBe(
      'SELECT name, node_created, node_id FROM "dna".actors WHERE namespace = ? AND module_id = ? ' +
        "BYPASS CACHE USING TIMEOUT 10s",
    );
  });
});

describe("the pages of a census", () => {
  /** Names 00 to 24, as a database pages them: short and empty pages too. */
  function open(shape: readonly number[] = []) {
    const asked: { readonly params: readonly unknown[]; readonly state: string | null }[] = [];
    const fault = { on: false };
    const readPage = async ({ params, pageRows = 0 }: ReadRequest, state: string | null) => {
      asked.push({ params, state });
      if (fault.on) throw new OpsError("upstream-unavailable", "no host answers");
      const from = state !== null ? Number(state) : params.length > 2 ? Number(params[2]) + 1 : 0;
      const length = Math.min(shape[asked.length - 1] ?? pageRows, 25 - from);
      const rows = Array.from({ length }, (_, at) => ({
        ...{ name: String(from + at).padStart(2, "0"), node_created: new Date(1), node_id: 1n },
      })) as unknown as types.Row[];
      return { rows, state: from + length < 25 ? String(from + length) : null };
    };
    const { censusPage } = createCensusReads({ readPage }, "dna", async () => PLAIN_CQL);
    const page = (after: string | null) => censusPage({ type: { namespace: "n", moduleId: 0 }, after, limit: 10 });
    return { page, asked, fault };
  }

  it("read one slice on to its end, by the state of the driver", async () => {
    const { page, asked } = open();
    const first = await page(null);
    const second = await page(first.nextAfter);
    const third = await page(second.nextAfter);
    expect([first, second, third].map(({ rows, nextAfter }) => [rows, nextAfter])).toEqual([
      [10, "09"],
      [10, "19"],
      [5, null],
    ]);
    expect(asked.map(({ params, state }) => [params.length, state])).toEqual([
      [2, null],
      [2, "10"],
      [2, "20"],
    ]);
  });

  it("begin anew behind any other name, and after a failure behind the same", async () => {
    const { page, asked, fault } = open();
    await page(null);
    await page("04");
    expect(asked.at(-1)).toEqual({ params: ["n", 0, "04"], state: null });
    fault.on = true;
    await expect(page("14")).rejects.toMatchObject({ code: "upstream-unavailable" });
    fault.on = false;
    expect(await page("14")).toMatchObject({ rows: 10, nextAfter: null });
    expect(asked.at(-1)).toEqual({ params: ["n", 0, "14"], state: null });
  });

  it("lose no row when the database gives short and empty pages with more to come", async () => {
    const { page } = open([0, 3, 0, 0, 10, 1]);
    let [rows, after] = [0, null as string | null];
    do {
      const read = await page(after);
      rows += read.rows;
      after = read.nextAfter;
    } while (after !== null);
    expect(rows).toBe(25);
  });
});

describe("countOwners", () => {
  const row = (created: unknown, id: unknown) => ({ node_created: created, node_id: id }) as unknown as types.Row;
  it("tells owners apart by both halves, rows without owner, and rows that make no sense", () => {
    const counted = countOwners([
      row(new Date(1), 1n),
      row(new Date(1), 2n),
      row(new Date(2), 1n),
      row(new Date(1 + 2 ** 32), 1n),
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
      rows: 12,
      ownerless: 2,
      unreadable: 5,
      owners: [
        { owner: { createdAt: 1, id: 1n }, keys: 2 },
        { owner: { createdAt: 1, id: 2n }, keys: 1 },
        { owner: { createdAt: 1 + 2 ** 32, id: 1n }, keys: 1 },
        { owner: { createdAt: 2, id: 1n }, keys: 1 },
      ],
    });
  });
});
