import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectInTime, msOf } from "#scripts/testing/in-time.ts";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { readOf } from "#server/haf/haf-store.contract.ts";
import type { HafStore } from "#server/haf/ports.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHafDatabase, createRole, type HafTestDatabase, loadHafStep } from "./haf-database.test-kit.ts";
import { createPostgresHafStore } from "./postgres-haf-store.ts";

const SOON_MS = 60_000;
/** A silent server is given up after 2.3 s; this machine may be slow. */
const GIVES_UP_MS = 8_000;
const REASK_MS = 61_000;

let server: TestPostgres;
let database: HafTestDatabase;
beforeAll(async () => {
  server = await startPostgres();
  database = await createHafDatabase(server, "faults");
});
afterAll(() => server.remove());
beforeEach(async () => {
  await loadHafStep(database.url, 19);
});

const clock = createManualClock();
const storeOf = (url: string): HafStore => createPostgresHafStore({ url }, clock);

/** Until the store reads again. */
async function recovered(store: HafStore): Promise<number | null> {
  const deadline = performance.now() + SOON_MS;
  for (;;) {
    const answer = await store.instance().catch((cause: unknown) => cause);
    if (answer instanceof Error) {
      if (performance.now() > deadline) throw answer;
      continue;
    }
    return (await readOf(store.instance())).consistentBlock;
  }
}

describe("a HAF database with faults", () => {
  it("that was killed is not available, and is read again once it is back", async () => {
    const store = storeOf(database.readerUrl);
    await readOf(store.instance());
    await execute(database.url, (client) => client.query("checkpoint")); // a test's server forgets its last writes
    await server.kill();
    await expect(store.instance()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await expect(store.apps()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await server.start();
    await loadHafStep(database.url, 19);
    expect(await recovered(store)).toBe(12_001);
    await store.close();
  });

  it("that stands still is not available within bounds, and is read again once it goes on", async () => {
    const store = storeOf(database.readerUrl);
    await readOf(store.instance());
    await expectInTime(GIVES_UP_MS, async () => {
      server.pause();
      try {
        return await msOf(() => expect(store.instance()).rejects.toMatchObject({ code: "upstream-unavailable" }));
      } finally {
        server.resume();
        expect(await recovered(store)).toBe(12_001);
      }
    });
    await store.close();
  });

  it("that was made read-only is read on", async () => {
    const store = storeOf(database.readerUrl);
    await execute(database.url, (client) =>
      client.query("alter database faults set default_transaction_read_only = on"),
    );
    try {
      expect((await readOf(store.instance())).syncState).toBe("LIVE");
    } finally {
      await execute(server.superuserUrl, (client) =>
        client.query("alter database faults reset default_transaction_read_only"),
      );
      await store.close();
    }
  });

  it("that was rewound to an older block says so: lower numbers, no rows behind the ids that were", async () => {
    const store = storeOf(database.readerUrl);
    expect((await readOf(store.instance())).consistentBlock).toBe(12_001);
    await loadHafStep(database.url, 5);
    expect(await readOf(store.instance())).toMatchObject({ consistentBlock: 9_000, syncState: "REINDEX" });
    expect(await readOf(store.apps())).toEqual([]);
    expect(await readOf(store.appLog("19"))).toEqual([]);
    expect(await readOf(store.appLog("0"))).toEqual([]);
    await store.close();
  });

  it("that got another release under the reader is read as that one, within a minute or at its first refusal", async () => {
    const old = await createHafDatabase(server, "upgraded", "before-status");
    const store = storeOf(old.readerUrl);
    await loadHafStep(old.url, 12);
    expect((await readOf(store.database())).has.indexStatus).toBe(false);
    await execute(old.url, (client) =>
      client.query(
        "alter table hafd.indexes_constraints add column status hafd.index_status not null default 'creating'",
      ),
    );
    await clock.advance(REASK_MS);
    expect((await readOf(store.indexes()))[0]?.status).toBe("creating");
    await execute(old.url, (client) => client.query("alter table hafd.indexes_constraints drop column status"));
    await expect(store.indexes()).rejects.toMatchObject({ code: "upstream-malformed" });
    expect((await readOf(store.indexes()))[0]?.status).toBe("missing");
    await store.close();
  });

  it("whose role was let into the group meanwhile shows its apps", async () => {
    const url = await createRole(database.url, "newcomer", null);
    await execute(database.url, (client) =>
      client.query("grant usage on schema hafd to newcomer; grant select on all tables in schema hafd to newcomer"),
    );
    const store = storeOf(url);
    expect((await readOf(store.database())).seesApps).toBe(false);
    await execute(database.url, (client) => client.query("grant hive_applications_group to newcomer"));
    await clock.advance(REASK_MS);
    expect((await readOf(store.database())).seesApps).toBe(true);
    expect(await readOf(store.apps())).toHaveLength(3);
    await store.close();
  });

  it("with a row that is not understood is told so, with the column", async () => {
    await execute(database.url, (client) =>
      client.query("update hafd.contexts set last_active_at = 'infinity' where id = 1"),
    );
    const store = storeOf(database.readerUrl);
    await expect(store.apps()).rejects.toMatchObject({
      code: "upstream-malformed",
      message: expect.stringContaining("last_active_at"),
    });
    await store.close();
  });
});
