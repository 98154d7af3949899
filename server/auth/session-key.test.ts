import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readSessionKey, SESSION_KEY_FILE } from "./session-key.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "worldline-key-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("the key is made once, for its owner alone, and stays the same", async () => {
  const first = readSessionKey(folder, randomBytes);
  expect(first).toMatch(/^[0-9A-Za-z_-]{43}$/);
  expect(readSessionKey(folder, randomBytes)).toBe(first);
  expect((await stat(path.join(folder, SESSION_KEY_FILE))).mode & 0o777).toBe(0o600);
});

it("a key that others could read is closed to them", async () => {
  readSessionKey(folder, randomBytes);
  await chmod(path.join(folder, SESSION_KEY_FILE), 0o644);
  readSessionKey(folder, randomBytes);
  expect((await stat(path.join(folder, SESSION_KEY_FILE))).mode & 0o777).toBe(0o600);
});

it("a file that is no key is refused, not replaced", async () => {
  await writeFile(path.join(folder, SESSION_KEY_FILE), "short", { mode: 0o600 });
  expect(() => readSessionKey(folder, randomBytes)).toThrow("is not a session key");
});
