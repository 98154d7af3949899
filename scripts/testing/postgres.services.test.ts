import { afterAll, beforeAll, expect, it } from "vitest";
import { execute, loadDump, startPostgres, type TestPostgres } from "./postgres.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

it("holds the recorded Dynflow database once its dump was loaded", async () => {
  const url = await server.createDatabase("v25 with a blank");
  await loadDump(url, "fixtures/dynflow/v25.pg.sql");
  const result = await execute(url, (client) => client.query("SELECT count(*) AS plans FROM dynflow_execution_plans"));
  expect(result.rows).toEqual([{ plans: "74" }]);
});

it("says nothing while paused, to old connections and new ones, and goes on when resumed", async () => {
  const url = await server.createDatabase("paused");
  await execute(url, async (client) => {
    server.pause();
    let answered = false;
    const asked = client.query("SELECT 1").then(() => {
      answered = true;
    });
    await expect(execute(url, (other) => other.query("SELECT 1"))).rejects.toThrow();
    expect(answered).toBe(false);
    server.resume();
    await asked;
    expect(answered).toBe(true);
  });
});

it("refuses connections while stopped, and has its data again when started", async () => {
  const url = await server.createDatabase("kept");
  await execute(url, (client) => client.query("CREATE TABLE kept AS SELECT 7 AS number"));
  await server.stop();
  await expect(execute(url, (client) => client.query("SELECT 1"))).rejects.toThrow(/ECONNREFUSED/);
  await server.start();
  const result = await execute(url, (client) => client.query("SELECT number FROM kept"));
  expect(result.rows).toEqual([{ number: 7 }]);
});

it("orders text unlike bytes, so that a test sees who relies on the server's order", async () => {
  const result = await execute(server.superuserUrl, (client) => client.query("SELECT 'a' < 'B' AS by_language"));
  expect(result.rows).toEqual([{ by_language: true }]);
});
