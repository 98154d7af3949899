import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { expectInTime, msOf } from "#scripts/testing/in-time.ts";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { readOf } from "#server/haf/haf-store.contract.ts";
import type { HafStore } from "#server/haf/ports.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openHafConnections } from "./haf-connections.ts";
import { createHafDatabase, type HafTestDatabase, loadHafStep } from "./haf-database.test-kit.ts";
import { createPostgresHafStore } from "./postgres-haf-store.ts";

const LOCKS = 300;
/** While it is held. */
const ANSWERS = 10;
/** A read that meets a lock gives up after 200 ms, and this machine may be slow. */
const GIVES_UP_MS = 2_000;
const SOON = { timeout: 30_000, interval: 50 };

let server: TestPostgres;
let database: HafTestDatabase;
let store: HafStore;
beforeAll(async () => {
  server = await startPostgres();
  database = await createHafDatabase(server, "gentle");
  await loadHafStep(database.url, 19);
  store = createPostgresHafStore({ url: database.readerUrl }, createSystemClock());
});
afterAll(async () => {
  await store.close();
  await server.remove();
});

const everything = (of: HafStore) =>
  Promise.all([
    ...[of.database(), of.instance(), of.apps(), of.indexes(), of.appLog("0"), of.forks("0"), of.hivedConnections("0")],
    ...[of.vacuum(), of.eventQueue(), of.indexBuilds(), of.connections(), of.databaseBytes()],
  ]);

describe("reading a HAF database does no harm", () => {
  it("never refuses hived its lock on attachments, which it takes without waiting at every irreversible block", async () => {
    let reading = true;
    let reads = 0;
    const reader = (async () => {
      while (reading) {
        await everything(store);
        reads += 1;
      }
    })();
    await execute(database.url, async (hived) => {
      for (let block = 0; block < LOCKS; block += 1) {
        await hived.query("begin");
        await hived.query("lock table hafd.contexts_attachment in exclusive mode nowait");
        await hived.query("update hafd.contexts set current_block_num = current_block_num");
        await hived.query("commit");
      }
    });
    reading = false;
    await reader;
    expect(reads).toBeGreaterThan(0);
  });

  it("says busy while indexes of blocks are changed, reads the rest meanwhile, and all of it afterwards", async () => {
    const hived = new Client({ connectionString: database.url });
    await hived.connect();
    await hived.query("begin");
    await hived.query("lock table hafd.blocks in access exclusive mode");
    for (let answers = 0; answers < ANSWERS; answers += 1) {
      const busy = { kind: "busy", reason: expect.stringContaining("locks") };
      await expectInTime(GIVES_UP_MS, () => msOf(async () => expect(await store.instance()).toMatchObject(busy)));
      expect((await readOf(store.indexes())).length).toBe(28);
      expect((await readOf(store.database())).seesApps).toBe(true);
    }
    await hived.query("commit");
    await hived.end();
    expect((await readOf(store.instance())).consistentBlock).toBe(12_001);
  });

  it("stands in nobody's way for longer than a fifth of a second while it waits for a lock", async () => {
    // Whoever comes after a waiting reader waits behind it: so a reader must not wait for long.
    const settings = z.object({ name: z.string(), setting: z.string() });
    const connections = openHafConnections({ url: database.readerUrl });
    const rows = await connections.ask(
      `select name, setting from pg_settings where name in
        ('lock_timeout', 'statement_timeout', 'default_transaction_read_only', 'application_name', 'TimeZone')
        order by name`,
      settings,
    );
    expect(rows.map(({ name, setting }) => `${name}=${setting}`)).toEqual([
      "application_name=worldline",
      "default_transaction_read_only=on",
      "lock_timeout=200",
      "statement_timeout=2000",
      "TimeZone=UTC",
    ]);
    await connections.close();
  });

  it("cannot write, not even as a superuser", async () => {
    for (const url of [database.readerUrl, database.url]) {
      const connections = openHafConnections({ url });
      for (const write of [
        "update hafd.contexts set current_block_num = 1",
        "delete from hafd.vacuum_requests",
        "insert into hafd.fork (block_num, time_of_fork) values (1, now())",
        "select * from hafd.contexts for update",
        "truncate hafd.contexts_log",
      ]) {
        await expect(connections.ask(write, z.unknown())).rejects.toMatchObject({ code: "25006" });
      }
      await connections.close();
    }
  });

  it("takes two connections, whatever is read at once, and leaves no transaction open", async () => {
    await Promise.all(Array.from({ length: 5 }, () => everything(store)));
    await execute(database.url, async (client) => {
      const ours = async () => {
        const { rows } = await client.query(
          "select state, xact_start from pg_stat_activity where application_name = 'worldline' and datname = 'gentle'",
        );
        return rows;
      };
      // Connections of the tests before may be on their way out, and one that has answered ends its transaction.
      await expect.poll(async () => (await ours()).length, SOON).toBeLessThanOrEqual(2);
      expect((await ours()).length).toBeGreaterThan(0);
      const rest = async () =>
        (await ours()).filter(({ state, xact_start }) => state !== "idle" || xact_start !== null);
      await expect.poll(rest, SOON).toEqual([]);
    });
  });
});
