import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { hafStream } from "#server/contract/event.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHafDatabase, createRole, loadHafStep } from "./adapters/postgres/haf-database.test-kit.ts";
import { createPostgresHafStore } from "./adapters/postgres/postgres-haf-store.ts";
import { createHafReader } from "./reader.ts";

const PERIOD_MS = 2_000;

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** A console that reads this database. */
function consoleOf(url: string) {
  const clock = createManualClock(Date.now());
  const journal = createMemoryRecorder(clock);
  const store = createPostgresHafStore({ url }, clock);
  const reader = createHafReader({
    ...{ sourceId: "hive", store, engine: null, apps: [], recorder: journal.recorder, view: journal.recorder },
    ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
  });
  return {
    fold: () => journal.recorder.haf("hive"),
    blocks: () =>
      Object.fromEntries(
        Object.entries(journal.recorder.samples()[hafStream("hive")]?.haf?.apps ?? {}).map(([name, { block }]) => [
          name,
          block,
        ]),
      ),
    sample: () => journal.recorder.samples()[hafStream("hive")]?.haf,
    async look() {
      await clock.advance(PERIOD_MS);
      await reader.readNow();
    },
    close: () => store.close(),
  };
}

async function databaseOf(name: string) {
  const database = await createHafDatabase(server, name);
  return { ...database, console: consoleOf(database.readerUrl) };
}

describe("a HAF stack in a real PostgreSQL", () => {
  it("is busy, and not down, while indexes of blocks are changed, and goes on as before afterwards", async () => {
    const { url, console } = await databaseOf("busy");
    await loadHafStep(url, 19);
    await console.look();
    await execute(url, async (hived) => {
      await hived.query("begin; lock table hafd.blocks in access exclusive mode");
      await console.look();
      expect(console.sample()?.busy).toEqual(expect.any(String));
      expect(console.fold().source.state).toBe("up");
      expect(Object.keys(console.fold().apps)).toEqual(["app1", "app2", "app3"]);
      await hived.query("commit");
    });
    await console.look();
    expect(console.sample()?.busy).toBe(null);
    expect(console.fold().phases).toEqual(["api_serving"]);
    await console.close();
  });

  it("tells a role that row-level security hides every app from, instead of a stack without apps", async () => {
    const { url } = await createHafDatabase(server, "hidden");
    await loadHafStep(url, 19);
    const outsider = await createRole(url, "hidden_from", null);
    await execute(url, (client) =>
      client.query(
        "grant usage on schema hafd to hidden_from; grant select on all tables in schema hafd to hidden_from",
      ),
    );
    const console = consoleOf(outsider);
    await console.look();
    expect(console.fold().database?.seesApps).toBe(false);
    expect(console.fold().checks["sees-no-apps"]?.level).not.toBe("ok");
    expect(console.fold().source.state).toBe("up");
    await console.close();
  });

  it("tells that the database was rewound to an older block", async () => {
    const { url, console } = await databaseOf("rewound");
    await loadHafStep(url, 19);
    await console.look();
    await loadHafStep(url, 15);
    await console.look();
    expect(console.fold().checks["block-went-down"]?.level).toBe("warning");
    expect(console.blocks()).toMatchObject({ app1: 3_000 });
    await console.close();
  });
});
