import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectInTime } from "#scripts/testing/in-time.ts";
import { loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createPlanSearch, type Question } from "./plan-search.ts";
import type { DynflowStore } from "./ports.ts";

const GONE_WITHIN_MS = 1_000;
const SEEN = { timeout: 30_000, interval: 20 };
const QUESTION: Question = {
  filter: { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null },
  needle: { errorText: "a", inputText: null, actionClass: null, worldId: null },
  shown: { payload: (value) => value, text: (text) => text },
};

describe("a search on PostgreSQL", () => {
  let server: TestPostgres;
  let url: string;
  let store: DynflowStore;
  beforeAll(async () => {
    server = await startPostgres();
    url = await server.createDatabase("search");
    await loadDump(url, "fixtures/dynflow/v25.pg.sql");
    store = createPostgresStore({ url });
  });
  afterAll(async () => {
    await store.close();
    await server.remove();
  });

  it("finds what is there, to the last plan", async () => {
    const part = await createPlanSearch({ store, clock: createSystemClock() }).part(QUESTION, null, undefined);
    expect(part).toMatchObject({ plans: 74, next: null });
    expect(part.hits.length).toBeGreaterThan(5);
  });

  it("is gone from the database within a second of its cancelling, whatever it waits for there", async () => {
    const blocker = new Client({ connectionString: url });
    // Connected before: a connection that is made while it counts would be counted.
    const watcher = new Client({ connectionString: url });
    await Promise.all([blocker.connect(), watcher.connect()]);
    await blocker.query("BEGIN; LOCK TABLE dynflow_steps IN ACCESS EXCLUSIVE MODE");
    const busy = async () => {
      const { rows } = await watcher.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'worldline' AND state = 'active'",
      );
      return Number(rows[0]?.n);
    };
    await expectInTime(GONE_WITHIN_MS, async () => {
      const controller = new AbortController();
      const search = createPlanSearch({ store, clock: createSystemClock() });
      const asked = search.part(QUESTION, null, controller.signal);
      const ended = asked.then(
        () => "found",
        (cause: { code?: string }) => cause.code,
      );
      await expect.poll(busy, SEEN).toBe(1);
      const cancelledAt = performance.now();
      controller.abort();
      const end = await ended;
      await expect.poll(busy, SEEN).toBe(0);
      const goneMs = performance.now() - cancelledAt;
      // What is not cancelled is given up by the database in its own time.
      return end === "cancelled" ? goneMs : Math.max(goneMs, GONE_WITHIN_MS);
    });
    await blocker.query("ROLLBACK");
    await Promise.all([blocker.end(), watcher.end()]);
  });
});
