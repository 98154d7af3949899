import { Worker } from "node:worker_threads";
import { OpsError } from "#server/kernel/errors.ts";
import type { ChainVerdict, VerifyOptions } from "./verify.ts";

/** Millions of events take seconds; an hour means that something is stuck. */
const VERIFY_TIMEOUT_MS = 3_600_000;

/** `verifyJournal` in a thread of its own, so that nobody waits for it. */
export function verifyInThread(options: VerifyOptions): Promise<ChainVerdict> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./verify-worker.ts", import.meta.url), { workerData: options, name: "verify" });
    const timer = setTimeout(() => void worker.terminate(), VERIFY_TIMEOUT_MS);
    worker.on("message", (verdict: ChainVerdict) => resolve(verdict));
    worker.on("error", (cause) => {
      reject(new OpsError("journal-unavailable", "The journal could not be verified", { cause }));
    });
    worker.on("exit", () => {
      clearTimeout(timer);
      reject(new OpsError("journal-unavailable", "The verification ended without a verdict"));
    });
  });
}
