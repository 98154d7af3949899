import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SERVER = join(import.meta.dirname, "..");
const CHANGES_EVENTS = /\b(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|DROP\s+TABLE(\s+IF\s+EXISTS)?|TRUNCATE)\s+events\b/i;

const CQL_CHANGES_EVENTS = /\b(UPDATE|DELETE\s+FROM|TRUNCATE|DROP\s+TABLE)\s+(IF\s+EXISTS\s+)?\$\{\w+\}\.events\b/i;

/** Removing a file, by any of the names that Node has for it. */
const REMOVES_FILES = /\b(rm|unlink|rmdir|f?truncate|rename)(Sync)?\(/;

/** Who removes files besides, and which: never a segment. */
const REMOVERS = [
  // The folder of a demo without configuration, at its end.
  "compose-demo.ts",
  // The demo's own Dynflow database.
  "demo/dynflow/demo.ts",
  // A file of snapshots that cannot be read.
  "journal/adapters/sqlite/snapshot-file.ts",
];
const SEGMENT_REMOVER = "journal/adapters/sqlite/segment-removal.ts";

const sources = readdirSync(SERVER, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".ts") && !/\.(test|contract|test-kit)\.ts$/.test(name),
);
const matching = (pattern: RegExp) => sources.filter((name) => pattern.test(readFileSync(join(SERVER, name), "utf8")));

describe("the journal", () => {
  it("is only ever added to: no statement of the server changes, drops or deletes events", () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(matching(CHANGES_EVENTS)).toEqual([]);
    expect(CHANGES_EVENTS.test("DELETE FROM events WHERE seq < 5")).toBe(true);
  });

  it("loses segments to one module alone, which only the chain that writes them down asks", () => {
    expect(matching(REMOVES_FILES).sort()).toEqual([...REMOVERS, SEGMENT_REMOVER].sort());
    expect(matching(/from "[^"]*segment-removal\.ts"/).sort()).toEqual([
      "journal/adapters/scylla/retention.ts",
      "journal/adapters/sqlite/chain-file.ts",
    ]);
    expect(["unlinkSync(file)", "rm(file)"].every((text) => REMOVES_FILES.test(text))).toBe(true);
  });

  it("in CQL only adds rows too: one statement removes them, which that module alone sends, and updates are of statics", () => {
    const [statements, ...others] = matching(CQL_CHANGES_EVENTS);
    expect([statements, others]).toEqual(["journal/adapters/scylla/event-statements.ts", []]);
    const text = readFileSync(join(SERVER, "journal/adapters/scylla/event-statements.ts"), "utf8");
    expect(text.match(/DELETE[^`]*\.events\b/g)).toHaveLength(1);
    expect(matching(/\bdropEvents\(/)).toEqual(["journal/adapters/scylla/segment-removal.ts"]);
    const updates = text.match(/UPDATE \$\{ks\}\.events SET[^`]*`/g) ?? [];
    expect(updates.length).toBeGreaterThan(2);
    // Without the number of a row CQL lets only what the whole partition has in common be set.
    for (const update of updates) expect(update.split("WHERE")[1]?.split(" IF ")[0]).not.toMatch(/\bseq\b/);
  });
});
