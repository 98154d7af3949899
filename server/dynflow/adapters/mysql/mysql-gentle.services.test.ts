import { sql } from "kysely";
import type { RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectInTime, msOf } from "#scripts/testing/in-time.ts";
import { executeMariadb, startMariadb, type TestMariadb } from "#scripts/testing/mariadb.ts";
import { encodePayload } from "#server/dynflow/codec/payload.ts";
import { planCells, stepCells, uuid } from "#server/dynflow/dynflow-tables.contract.ts";
import { openMysqlConnections } from "./mysql-connections.ts";
import { emptyMysqlDatabase, insertMysqlRow } from "./mysql-database.test-kit.ts";
import { createMysqlMailbox, createMysqlStore } from "./mysql-store.ts";

let server: TestMariadb;

beforeAll(async () => {
  server = await startMariadb();
});
afterAll(() => server.remove());

describe("reading from MariaDB", () => {
  it("cannot write, though the account could", async () => {
    const connections = openMysqlConnections({ url: await emptyMysqlDatabase(server, "25") }, "read-only", 1);
    for (const write of ["delete from dynflow_schema_info", "create table x (a int)", "truncate dynflow_steps"]) {
      await expect(sql.raw(write).execute(connections.db)).rejects.toMatchObject({ errno: 1792 });
    }
    await connections.close();
  });

  it("gives up a statement after two seconds, on the server, and goes on", async () => {
    const connections = openMysqlConnections({ url: await emptyMysqlDatabase(server, "25") }, "read-only", 1);
    const slept = () => expect(sql`select sleep(30)`.execute(connections.db)).rejects.toMatchObject({ errno: 1969 });
    await expectInTime(3_000, () => msOf(slept));
    expect((await sql<{ n: number }>`select 1 as n`.execute(connections.db)).rows).toEqual([{ n: 1 }]);
    const running = await executeMariadb(server.rootUrl, (connection) =>
      connection.query<RowDataPacket[]>(
        "select id from information_schema.processlist where info like '%sleep(30)%' and id <> connection_id()",
      ),
    );
    expect(running[0]).toEqual([]);
    await connections.close();
  });

  it("is asked nothing that a server without backslashes, or of another zone, would take otherwise", async () => {
    const url = await emptyMysqlDatabase(server, "25");
    await executeMariadb(url, (connection) =>
      insertMysqlRow(
        connection,
        "dynflow_execution_plans",
        planCells(1, { label: "a\\", started_at: "2026-03-29 02:30:00.123" }),
      ),
    );
    await executeMariadb(server.rootUrl, (connection) =>
      connection.query("set global sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ORACLE', global time_zone = '+09:00'"),
    );
    const store = createMysqlStore({ url });
    const filter = { ids: [], states: [], results: [], startedFrom: null, startedTo: null };
    const exact = { kind: "exact", text: "a\\" } as const;
    const query = {
      sort: "startedAt",
      descending: true,
      limit: 5,
      from: null,
      filter: { ...filter, label: exact },
    } as const;
    const { rows } = await store.plans(query);
    expect(rows.map((row) => row.startedAt)).toEqual(["2026-03-29T02:30:00.123000Z"]);
    await store.close();
    await executeMariadb(server.rootUrl, (connection) =>
      connection.query("set global sql_mode = default, global time_zone = '-03:30'"),
    );
  });

  it("says of a wrong password and of an unknown database that it cannot be had", async () => {
    const url = new URL(await emptyMysqlDatabase(server, "25"));
    const wrong = createMysqlStore({ url: url.href, password: "wrong" });
    await expect(wrong.capabilities()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await wrong.close();
    url.pathname = "/nowhere";
    const nowhere = createMysqlStore({ url: url.href });
    await expect(nowhere.capabilities()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await nowhere.close();
  });

  it("knows of no notifications and of no counter, and says so", async () => {
    const store = createMysqlStore({ url: await emptyMysqlDatabase(server, "25") });
    expect(await store.capabilities()).toMatchObject({ dialect: "mysql", notify: false, insertCount: false });
    expect(await store.insertCount()).toBeNull();
    await store.close();
  });

  it("reads instants as the migrations' own columns hold them: to the millisecond, chunks to the second", async () => {
    const url = await emptyMysqlDatabase(server, "25");
    await executeMariadb(url, async (connection) => {
      await connection.query("set foreign_key_checks = 0");
      await insertMysqlRow(
        connection,
        "dynflow_execution_plans",
        planCells(1, { started_at: "2026-11-22 05:45:46.995" }),
      );
      await insertMysqlRow(connection, "dynflow_steps", stepCells(1, 1, { started_at: "2026-11-22 05:45:46.123" }));
      await connection.query("insert into dynflow_actions (execution_plan_uuid, id) values (?, 1)", [uuid(1)]);
      await insertMysqlRow(connection, "dynflow_output_chunks", {
        execution_plan_uuid: uuid(1),
        action_id: 1,
        chunk: encodePayload("x"),
        timestamp: "2026-11-22 05:45:55",
      });
    });
    const store = createMysqlStore({ url });
    const plan = await store.plan(uuid(1));
    expect(plan?.head.startedAt).toBe("2026-11-22T05:45:46.995000Z");
    expect(plan?.steps[0]?.startedAt).toBe("2026-11-22T05:45:46.123000Z");
    expect((await store.action(uuid(1), 1))?.chunks[0]?.timestamp).toBe("2026-11-22T05:45:55.000000Z");
    await store.close();
  });

  it("goes all the way round a table that was cleaned and rebuilt", async () => {
    const url = await emptyMysqlDatabase(server, "25");
    const states = (number: number) => (number % 10 === 0 ? "paused" : "stopped");
    await executeMariadb(url, async (connection) => {
      for (let number = 1; number <= 2_000; number += 1) {
        await insertMysqlRow(connection, "dynflow_execution_plans", planCells(number, { state: states(number) }));
      }
      await connection.query("delete from dynflow_execution_plans where state = 'stopped' and rand(7) < 0.8");
      await connection.query("optimize table dynflow_execution_plans");
      for (let number = 2_001; number <= 2_200; number += 1) {
        await insertMysqlRow(connection, "dynflow_execution_plans", planCells(number * 97, { state: "running" }));
      }
    });
    const store = createMysqlStore({ url });
    const found = new Set<string>();
    let at: string | null = null;
    do {
      const slice: Awaited<ReturnType<typeof store.lap>> = await store.lap(at, 150);
      for (const id of slice.unfinished) found.add(id);
      at = slice.next;
    } while (at !== null);
    expect(found.size).toBe(200 + 200);
    await store.close();
  });
});

describe("a MariaDB that goes away", () => {
  const DETECTED_WITHIN_MS = 3_000;

  it.each([
    ["is paused", async () => server.pause(), async () => server.resume()],
    ["is stopped", () => server.stop(), () => server.start()],
    ["is killed", () => server.kill(), () => server.start()],
  ])(
    "is told as unavailable soon when it %s, and read again when it is back",
    async (_how, down, up) => {
      const url = await emptyMysqlDatabase(server, "25");
      const store = createMysqlStore({ url });
      const mailbox = createMysqlMailbox({ url });
      const options = { timeout: 60_000, interval: 100 };
      const refused = async () => {
        await expect(store.recordKeys()).rejects.toMatchObject({ code: "upstream-unavailable" });
        await expect(mailbox.send(uuid(1), encodePayload("x"))).rejects.toMatchObject({ code: "upstream-unavailable" });
      };
      await Promise.all([store.recordKeys(), store.heads([uuid(1)]), mailbox.pull(uuid(1))]);
      await expectInTime(2 * DETECTED_WITHIN_MS, async () => {
        await down();
        try {
          return Math.max(await msOf(refused), await msOf(refused));
        } finally {
          await up(); // the next test uses it too
          await expect.poll(() => store.recordKeys().catch(() => null), options).toEqual([]);
          await expect.poll(() => mailbox.pull(uuid(1)).catch(() => null), options).toEqual([]);
        }
      });
      await Promise.all([store.close(), mailbox.close()]);
    },
    400_000,
  );

  it("does not keep the store from closing", async () => {
    const url = await emptyMysqlDatabase(server, "25");
    await expectInTime(1_500, async () => {
      const store = createMysqlStore({ url });
      await store.recordKeys();
      server.pause();
      try {
        return await msOf(() => store.close());
      } finally {
        server.resume();
      }
    });
  });
});
