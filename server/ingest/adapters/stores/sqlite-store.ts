/** The table of points on this machine, in a thread of its own. */
import { startThread } from "#server/ingest/adapters/thread.ts";
import type { Envelope, MetricStore } from "#server/ingest/ports.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { DAY_MS } from "./days.ts";
import { EXPIRE_ROWS_MAX, type SqliteTableData } from "./sqlite-file-work.ts";

export interface SqliteStoreOptions {
  readonly file: string;
  readonly ttlDays: number;
  /** Bound of the file, as a full disk sets one; `null` = none. */
  readonly fileBytesMax?: number | null;
  readonly log: Logger;
}

/** @throws OpsError `refused` when another process has the file */
export async function openSqliteStore({ file, ttlDays, fileBytesMax, log }: SqliteStoreOptions): Promise<MetricStore> {
  const data: SqliteTableData = { file, fileBytesMax: fileBytesMax ?? null };
  const module = new URL("./sqlite-worker.ts", import.meta.url);
  const thread = await startThread({ module, name: "metric-points", data, log });
  return {
    async write(points) {
      await thread.call("write", points);
    },
    read: async (query) => (await thread.call("read", query)) as readonly Envelope[],
    async expire(now) {
      return Number(await thread.call("expire", now - ttlDays * DAY_MS)) >= EXPIRE_ROWS_MAX;
    },
    close: () => thread.close(),
  };
}
