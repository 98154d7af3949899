import { workerData } from "node:worker_threads";
import { serveThread } from "#server/ingest/adapters/thread-serve.ts";
import type { SpoolThreadData } from "./protocol.ts";
import { openSpoolWork } from "./spool-file.ts";

serveThread(() => openSpoolWork(workerData as SpoolThreadData));
