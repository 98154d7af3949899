/** A thread's own end: writes that arrive while a transaction runs go into the next one together. */
import type { DatabaseSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { inTransaction } from "./sqlite-file.ts";
import type { ThreadReply, ThreadRequest } from "./thread-protocol.ts";

export interface ThreadWork {
  readonly database: DatabaseSync;
  /** Calls that write: they share commits. All others see what was written before them. */
  readonly writes: ReadonlySet<string>;
  perform(call: string, args: unknown): unknown;
  /** The transaction in which calls were performed did not become durable. */
  undone(): void;
}

/** Runs until told to `close`; what `open` throws is the answer to the start. */
export function serveThread(open: () => ThreadWork): void {
  const port = parentPort;
  if (port === null) throw new Error("This file runs as a worker thread");
  const reply = (message: ThreadReply) => port.postMessage(message);
  try {
    const work = open();
    const queue: ThreadRequest[] = [];
    const flush = () => {
      for (const message of settleAll(work, queue.splice(0))) reply(message);
    };
    port.on("message", (request: ThreadRequest) => {
      queue.push(request);
      if (queue.length === 1) setImmediate(flush);
    });
    reply({ id: 0, ok: true, answer: null });
  } catch (cause) {
    reply(failure(0, cause));
  }
}

function settleAll(work: ThreadWork, requests: readonly ThreadRequest[]): readonly ThreadReply[] {
  const writing = requests.filter(({ call }) => work.writes.has(call));
  const reading = requests.filter(({ call }) => !work.writes.has(call));
  return [...writeAll(work, writing), ...reading.map((request) => perform(work, request))];
}

function writeAll(work: ThreadWork, requests: readonly ThreadRequest[]): readonly ThreadReply[] {
  if (requests.length === 0) return [];
  try {
    return inTransaction(work.database, () =>
      requests.map(({ id, call, args }): ThreadReply => ({ id, ok: true, answer: work.perform(call, args) })),
    );
  } catch (cause) {
    work.undone();
    // One that cannot be written is not to take the others with it.
    const [only, ...others] = requests;
    if (only !== undefined && others.length === 0) return [failure(only.id, cause)];
    return requests.flatMap((request) => writeAll(work, [request]));
  }
}

function perform(work: ThreadWork, { id, call, args }: ThreadRequest): ThreadReply {
  try {
    if (call === "close") work.database.close();
    return { id, ok: true, answer: call === "close" ? null : work.perform(call, args) };
  } catch (cause) {
    return failure(id, cause);
  }
}

function failure(id: number, cause: unknown): ThreadReply {
  if (cause instanceof OpsError) return { id, ok: false, code: cause.code, message: cause.message };
  return { id, ok: false, code: "upstream-unavailable", message: messageOf(cause) };
}
