/** The table of points on this machine, in a thread of its own. */
import { startThread } from "#server/ingest/adapters/thread.ts";
import type { Envelope, MetricStore } from "#server/ingest/ports.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { dayOf } from "./days.ts";
import type { SqliteTableData } from "./sqlite-file-work.ts";

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
      await thread.call("expire", dayOf(now) - ttlDays);
    },
    close: () => thread.close(),
  };
}
