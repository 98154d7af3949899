import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { soakDna } from "./dna.ts";

const folder = mkdtempSync(path.join(tmpdir(), "worldline-soak-dna-"));
const bookmark = path.join(folder, "nested", "bookmark.json");
const at = () => JSON.parse(readFileSync(bookmark, "utf8"));
const quiet = () => vi.spyOn(process.stdout, "write").mockReturnValue(true);
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

it("goes on where its bookmark is, adding up its figures", async () => {
  quiet();
  expect(await soakDna(["--from", "1", "--to", "4", "--bookmark", bookmark])).toBe(true);
  expect(at()).toMatchObject({ from: 1, next: 5, failed: [], figures: { histories: 4 } });
  expect(await soakDna(["--to", "6", "--bookmark", bookmark])).toBe(true);
  expect(at()).toMatchObject({ from: 1, next: 7, failed: [], figures: { histories: 6 } });
});
it("plays one again by its number, and says what it is", async () => {
  const told = quiet();
  expect(await soakDna(["--seed", "42"])).toBe(true);
  expect(told.mock.calls.map(([text]) => String(text)).join("")).toContain('"seed":42');
});
it.each([["--from", "x"], ["--seed", "-1"], ["--minutes", "0"], ["--speed", "1"], ["extra"]])(
  "makes no sense of %s %s",
  async (...args: string[]) => {
    quiet();
    expect(await soakDna(args.filter((arg) => arg !== undefined))).toBeNull();
  },
);
