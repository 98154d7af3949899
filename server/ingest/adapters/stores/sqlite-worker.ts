import { workerData } from "node:worker_threads";
import { serveThread } from "#server/ingest/adapters/thread-serve.ts";
import { openTableWork, type SqliteTableData } from "./sqlite-file-work.ts";

serveThread(() => openTableWork(workerData as SqliteTableData));
