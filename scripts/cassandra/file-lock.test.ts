import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withFileLock } from "./file-lock.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "worldline-lock-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("lets one piece of work at a time in, and the waiting one after it", async () => {
  const path = join(directory, "order.lock");
  const order: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = withFileLock(path, 5_000, async () => {
    order.push("first in");
    await released;
    order.push("first out");
  });
  const second = withFileLock(path, 5_000, async () => void order.push("second in"));
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(["first in", "first out", "second in"]);
});

it("gives up, naming the file, when the lock is not freed in time", async () => {
  const path = join(directory, "held.lock");
  await withFileLock(path, 5_000, async () => {
    await expect(withFileLock(path, 0, async () => undefined)).rejects.toThrow(path);
  });
});

it("frees the lock when the work throws", async () => {
  const path = join(directory, "thrown.lock");
  await expect(withFileLock(path, 5_000, () => Promise.reject(new Error("work")))).rejects.toThrow("work");
  await expect(withFileLock(path, 0, async () => "in")).resolves.toBe("in");
});
