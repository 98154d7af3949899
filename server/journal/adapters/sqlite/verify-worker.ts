import { parentPort, workerData } from "node:worker_threads";
import { type VerifyOptions, verifyJournal } from "./verify.ts";

parentPort?.postMessage(verifyJournal(workerData as VerifyOptions));
