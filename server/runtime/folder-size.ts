/** How much a folder of this process takes on the disk, looked at now and then. */
import { promises as files } from "node:fs";
import path from "node:path";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";

const LOOK_EVERY_MS = 10_000;
const FILES_MAX = 5_000;

export interface FolderSize {
  /** As last looked at; `null` = not yet. Asking begins a look when the last is old. */
  bytes(): number | null;
}

export function createFolderSize(folder: string, clock: Pick<Clock, "monotonic">, log: Logger): FolderSize {
  let known: number | null = null;
  let lookedAt: MonotonicMs | null = null;

  async function look(): Promise<void> {
    const names = (await files.readdir(folder, { recursive: true })).slice(0, FILES_MAX);
    const sizes = await Promise.all(names.map((name) => sizeOf(path.join(folder, name))));
    known = sizes.reduce((sum, size) => sum + size, 0);
  }

  return {
    bytes() {
      const now = clock.monotonic();
      if (lookedAt === null || now - lookedAt >= LOOK_EVERY_MS) {
        lookedAt = now;
        look().catch((cause: unknown) => log.warn("console.folder.not_measured", { cause: messageOf(cause) }));
      }
      return known;
    },
  };
}

/** A file may be gone before it is looked at. */
async function sizeOf(file: string): Promise<number> {
  try {
    const found = await files.stat(file);
    return found.isFile() ? found.size : 0;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return 0;
    throw cause;
  }
}
