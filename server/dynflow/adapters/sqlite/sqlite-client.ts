/** The main loop's side of the thread that owns a SQLite file. */
import { Worker } from "node:worker_threads";
import { SqliteFailure } from "./sqlite-errors.ts";
import {
  type SqliteParameter,
  type SqliteReply,
  type SqliteRequest,
  type SqliteWorkerData,
  STARTED_ID,
} from "./sqlite-protocol.ts";

/** A statement that takes longer is given up. SQLite cannot be interrupted from outside, so its thread goes with it. */
const ANSWER_TIMEOUT_MS = 2_000;
/** Until a new thread runs, on a machine that has other things to do. */
const START_TIMEOUT_MS = 10_000;
/** Less than an answer may take, so that a locked file is told as locked. */
const BUSY_TIMEOUT_MS = 1_500;

type Rows = readonly Readonly<Record<string, unknown>>[];

export interface SqliteClient {
  /** Rows of one statement, in order of the calls. Rejects with `SqliteFailure`. */
  all(sql: string, parameters: readonly SqliteParameter[]): Promise<Rows>;
  close(): Promise<void>;
}

interface Thread {
  ask(sql: string, parameters: readonly SqliteParameter[]): Promise<Rows>;
  end(): Promise<void>;
}

/**
 * A thread is started at the first statement, and anew after one was given up. Until the old one has really ended,
 * statements fail at once rather than pile up behind it.
 */
export function openSqliteClient(file: { readonly path: string; readonly readOnly: boolean }): SqliteClient {
  let thread: Thread | null = null;
  let ending: Promise<void> | null = null;
  let closed = false;

  const giveUp = (): void => {
    const old = thread;
    thread = null;
    if (old === null) return;
    ending = old.end().finally(() => {
      ending = null;
    });
  };

  return {
    async all(sql, parameters) {
      if (closed) throw new SqliteFailure("the file was closed", null);
      if (ending !== null) throw new SqliteFailure("an earlier statement has not ended yet", null);
      thread ??= startThread({ ...file, busyTimeoutMs: BUSY_TIMEOUT_MS }, giveUp);
      return thread.ask(sql, parameters);
    },
    async close() {
      closed = true;
      giveUp();
      await ending;
    },
  };
}

interface Waiting {
  resolve(rows: Rows): void;
  reject(cause: SqliteFailure): void;
  timer: NodeJS.Timeout;
}

function startThread(workerData: SqliteWorkerData, onDead: () => void): Thread {
  const worker = new Worker(new URL("./sqlite-thread.ts", import.meta.url), { workerData });
  const waiting = new Map<number, Waiting>();
  let lastId = STARTED_ID;
  let started = false;

  const fail = (reason: string): void => {
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new SqliteFailure(reason, null));
    }
    waiting.clear();
    onDead();
  };
  const patience = (): NodeJS.Timeout => {
    const ms = started ? ANSWER_TIMEOUT_MS : START_TIMEOUT_MS;
    return setTimeout(() => fail(`no answer within ${ms} ms`), ms);
  };
  const begin = (): void => {
    started = true;
    for (const call of waiting.values()) {
      clearTimeout(call.timer);
      call.timer = patience();
    }
  };
  worker.on("error", (cause) => fail(`the thread failed: ${cause.message}`));
  worker.on("exit", () => fail("the thread ended"));
  worker.on("message", (reply: SqliteReply) => {
    if (reply.id === STARTED_ID) return begin();
    const call = waiting.get(reply.id);
    if (call === undefined) return;
    waiting.delete(reply.id);
    clearTimeout(call.timer);
    if (reply.ok) call.resolve(reply.rows);
    else call.reject(new SqliteFailure(reply.message, reply.resultCode));
  });

  return {
    ask(sql, parameters) {
      return new Promise((resolve, reject) => {
        lastId += 1;
        const request: SqliteRequest = { id: lastId, sql, parameters };
        waiting.set(request.id, { resolve, reject, timer: patience() });
        worker.postMessage(request);
      });
    },
    async end() {
      worker.removeAllListeners("exit");
      fail("the file was closed");
      await worker.terminate();
    },
  };
}
