import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDER = "server/dynflow";
const DDL =
  /\b(create|drop|alter|rename|truncate|reindex|vacuum|optimize|analyze)\s+(unique\s+|temporary\s+|materialized\s+)?(index|table|view|sequence|trigger|schema|database)\b/i;

const sources = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !/\.(test|test-kit|contract)\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(FOLDER, file), "utf8") }));

it("never makes, changes or drops anything but rows in a Dynflow database: no index, no table", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter(({ text }) => DDL.test(text)).map(({ file }) => file)).toEqual([]);
});

it("would notice if it did", () => {
  expect(DDL.test("await sql`create index concurrently x on dynflow_execution_plans (state)`")).toBe(true);
  expect(DDL.test("await sql`create index x on dynflow_execution_plans (state)`")).toBe(true);
  expect(DDL.test("ALTER TABLE dynflow_steps")).toBe(true);
});
