import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "./clock.ts";
import { createFolderSize } from "./folder-size.ts";

it("counts the files below, and looks again only after a while", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "worldline-size-"));
  const clock = createManualClock();
  const size = createFolderSize(folder, clock, silentLogger);
  await writeFile(path.join(folder, "a"), "12345");
  await mkdir(path.join(folder, "deep"));
  await writeFile(path.join(folder, "deep", "b"), "123");
  expect(size.bytes()).toBeNull();
  await vi.waitFor(() => expect(size.bytes()).toBe(8));
  await writeFile(path.join(folder, "c"), "12");
  expect(size.bytes()).toBe(8);
  await clock.advance(10_000);
  size.bytes();
  await vi.waitFor(() => expect(size.bytes()).toBe(10));
  await rm(folder, { recursive: true });
});
