/**
 * A census through the door of the process, on a real Cassandra: killed (-9) while it walks, it goes on behind what it
 * had put down, and counts every row once; it reads no faster than it may.
 */
import { Client } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { type ConsoleApi, connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { seedRegister } from "#server/dna/adapters/scylla/testing/register.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";

const SOURCE = "eu-1";
const KEYSPACE = uniqueKeyspace("census");
const OWNERS = [
  { createdAt: 1_795_300_000_001, id: -9_007_199_254_740_993n },
  { createdAt: 1_795_300_000_002, id: 2n },
  { createdAt: 1_795_300_000_002, id: 3n },
];
const TYPES = [
  { namespace: "eu", moduleId: 0, rows: 13_000 },
  { namespace: "eu", moduleId: 7, rows: 5_000 },
  { namespace: "us", moduleId: 0, rows: 1 },
];
const ROWS = TYPES.reduce((sum, { rows }) => sum + rows, 0);
const ROWS_PER_SECOND = 2_000;

let database: Client;
let running: RunningConsole;
let api: ConsoleApi;

beforeAll(async () => {
  const cassandra = await sharedCassandra();
  const { contactPoints, localDataCenter } = cassandra;
  database = new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
  });
  await createDnaTables(database, { keyspace: KEYSPACE, dataCenter: localDataCenter, replicas: 1 });
  for (const type of TYPES)
    await seedRegister(database, KEYSPACE, type, type.rows, (index) => OWNERS[index % OWNERS.length] ?? null);
  running = await startConsole({
    configuration: `
limits: { census: { rowsPerSecond: ${ROWS_PER_SECOND} } }
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: ${SOURCE}, region: eu, title: Europe 1,
      scylla: { contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${localDataCenter}, keyspace: ${KEYSPACE} } }
`,
  });
  api = connectApi(running.url);
  await until("the source is up", async () => (await api.dna.types.list.query({ source: SOURCE })).types.length === 3);
});

afterAll(async () => {
  await running?.close();
  await database?.shutdown();
});

const censusOf = (censusId: string) => api.dna.census.get.query({ source: SOURCE, censusId });
const walkedOf = async (censusId: string): Promise<number> => {
  const { progress } = await api.jobs.get.query({ jobId: censusId });
  return progress?.walked ?? 0;
};

describe("a census of a real register", () => {
  it("says before it begins what it will cost, or that nobody knows", async () => {
    const cost = await api.dna.census.estimate.query({ source: SOURCE });
    expect(cost.rowsPerSecond).toBe(ROWS_PER_SECOND);
    expect(["size-estimates", "unknown"]).toContain(cost.from);
    expect(cost.rows === null).toBe(cost.from === "unknown");
  });

  it("killed twice on its way, counts every row of every owner once", async () => {
    const { censusId } = await api.dna.census.start.mutate({ source: SOURCE });
    for (const rows of [3_000, 9_000]) {
      await until(`${rows} rows are counted`, async () => (await walkedOf(censusId)) >= rows);
      await running.kill();
      await running.start();
    }
    const done = await until("it ends", async () => {
      const census = await censusOf(censusId);
      return census.state === "done" ? census : null;
    });
    expect(done).toMatchObject({ rows: ROWS, keys: ROWS, typesDone: 3, typesTotal: 3, unreadableRows: 0 });
    const events = await until("it is on record", async () => {
      const found = await api.journal.range.query({ kinds: ["dna.census.finished"] });
      return found.events.length > 0 ? found.events : null;
    });
    expect(events).toHaveLength(1);
    const [event] = events;
    if (event?.kind !== "dna.census.finished") throw new Error("no census was journalled");
    const keys = OWNERS.map(({ createdAt, id }) =>
      event.body.counts
        .filter(({ incarnationId }) => incarnationId === `${createdAt}:${id}`)
        .reduce((sum, count) => sum + count.keys, 0),
    );
    const expected = OWNERS.map((_, owner) =>
      TYPES.reduce((sum, { rows }) => sum + Math.floor((rows + OWNERS.length - 1 - owner) / OWNERS.length), 0),
    );
    expect(keys).toEqual(expected);
    expect(event.body.types?.map(({ rows }) => rows)).toEqual([13_000, 5_000, 1]);
  });

  it("tells its cost by the last census from then on", async () => {
    const cost = await api.dna.census.estimate.query({ source: SOURCE });
    expect(cost).toMatchObject({
      from: "last-census",
      rows: ROWS,
      durationMs: Math.round((ROWS / ROWS_PER_SECOND) * 1_000),
    });
    expect(cost.knownAt).not.toBeNull();
  });

  it("reads no faster than its pace, and nothing while it is paused", async () => {
    const { censusId } = await api.dna.census.start.mutate({ source: SOURCE });
    await until("it walks", async () => (await walkedOf(censusId)) > 0);
    const since = performance.now();
    const from = await walkedOf(censusId);
    await until("4,000 rows more", async () => (await walkedOf(censusId)) >= from + 4_000);
    // What was read before the first look and a page under way at either end are not told apart from it.
    const rows = (await walkedOf(censusId)) - from;
    const seconds = (performance.now() - since) / 1_000;
    expect(rows / seconds).toBeLessThanOrEqual(ROWS_PER_SECOND + (2 * ROWS_PER_SECOND) / seconds);
    expect((await api.dna.census.pause.mutate({ source: SOURCE, censusId })).state).toBe("paused");
    const { rows: paused } = await censusOf(censusId);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await censusOf(censusId)).rows).toBe(paused);
    expect((await api.dna.census.resume.mutate({ source: SOURCE, censusId })).state).toBe("running");
    expect((await api.dna.census.cancel.mutate({ source: SOURCE, censusId })).state).toBe("cancelled");
  });

  it("judges what it knows of the keyspace: no tablets, one data centre, conditional writes taken", async () => {
    const wanted = ["tablets", "data-centers", "wide-partition"];
    const checks = await until("the keyspace is judged, and its types by the census", async () => {
      const { checks: found } = await api.dna.nodes.health.query({ source: SOURCE });
      return found.filter(({ id, level }) => wanted.includes(id) && level === "ok").length === 3 ? found : null;
    });
    expect(checks.find(({ id }) => id === "doubles")).toMatchObject({ level: "not-known", ok: true });
  });
});
