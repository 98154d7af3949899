import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { referenceRows, referenceTable } from "./reference.ts";

const DOCUMENT = path.resolve(import.meta.dirname, "../../docs/operations.md");

it("every key has its meaning written down", () => {
  expect(referenceRows().filter((row) => row.meaning === "")).toEqual([]);
  expect(referenceRows().length).toBeGreaterThan(50);
});

it("docs/operations.md holds exactly this schema (node scripts/docs/configuration-reference.ts writes it)", async () => {
  expect(await readFile(DOCUMENT, "utf8")).toContain(referenceTable());
});
