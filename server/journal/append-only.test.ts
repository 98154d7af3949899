import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SERVER = join(import.meta.dirname, "..");
const CHANGES_EVENTS = /\b(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|DROP\s+TABLE(\s+IF\s+EXISTS)?|TRUNCATE)\s+events\b/i;

it("is only ever added to: no statement of the server changes, drops or deletes events", () => {
  const sources = readdirSync(SERVER, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !/\.(test|contract)\.ts$/.test(name),
  );
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter((name) => CHANGES_EVENTS.test(readFileSync(join(SERVER, name), "utf8")))).toEqual([]);
  expect(CHANGES_EVENTS.test("DELETE FROM events WHERE seq < 5")).toBe(true);
});
