/** The journal's thread. Appends that arrive while a transaction runs go into the next one together. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, OpsError, unreachable } from "#server/kernel/errors.ts";
import type { AppendArgs, JournalReply, JournalRequest, JournalThreadData } from "./protocol.ts";
import { readRange } from "./range.ts";
import { acknowledge, retain } from "./retention.ts";
import { type JournalStore, type Notice, openStore } from "./store.ts";

const AFTER_LIMIT_MAX = 10_000;
const STATE_PAGE_MAX = 100_000;

type Append = { readonly id: number; readonly args: AppendArgs };
type Reading = Exclude<JournalRequest, { readonly call: "append" | "abandon" }>;

function serve(data: JournalThreadData, reply: (message: JournalReply) => void, onRequest: (take: Take) => void): void {
  const notice: Notice = (level, event, fields) => reply({ notice: "log", level, event, fields });
  const store = openStore(data, notice);
  for (const { chain, position, hash } of store.chainHeads()) notice("info", "journal.head", { chain, position, hash });
  const queue: Append[] = [];
  const flush = () => {
    const appends = queue.splice(0);
    const settled = appends.length === 0 ? [] : store.appendAll(appends.map(({ args }) => args));
    for (const [index, result] of settled.entries()) {
      const id = appends[index]?.id ?? 0;
      reply("error" in result ? failure(id, result.error) : { id, ok: true, answer: result.texts });
    }
  };
  onRequest((request) => {
    if (request.call === "append") {
      queue.push(request);
      if (queue.length === 1) setImmediate(flush);
    } else if (request.call === "abandon") {
      const index = queue.findIndex(({ id }) => id === request.id);
      if (index >= 0) queue.splice(index, 1);
    } else {
      flush();
      reply(answerOf(store, data.directory, request));
    }
  });
  reply({ id: 0, ok: true, answer: null });
}

type Take = (request: JournalRequest) => void;

function answerOf(store: JournalStore, directory: string, request: Reading): JournalReply {
  try {
    return { id: request.id, ok: true, answer: perform(store, directory, request) };
  } catch (cause) {
    return failure(request.id, cause);
  }
}

function perform(store: JournalStore, directory: string, { call, args }: Reading): unknown {
  switch (call) {
    case "heads":
      return store.heads();
    case "after":
      return store.chainOf(args.stream).after(args.stream, args.seq, bounded(args.limit, AFTER_LIMIT_MAX));
    case "range":
      return readRange(store.chains(), args);
    case "byId":
      return store.chainOf(args.stream).byId(args.stream, args.id);
    case "positionAt":
      return store.chainOf(args.stream).positionAt(args.stream, args.at);
    case "snapshot": {
      // One beyond the head is of another journal, or of one that was restored from a back-up.
      const head = store.chainOf(args.stream).heads().get(args.stream)?.seq ?? 0;
      return store.snapshots.latest(args.stream, args.foldVersion, Math.min(args.seq ?? head, head));
    }
    case "writeSnapshot":
      return answerNull(() => store.snapshots.write(args, store.chainOf(args.stream).keptAfter(args.stream)));
    case "chainHeads":
      return store.chainHeads();
    case "stateGet":
      return store.state.get(args.namespace, args.key);
    case "statePage":
      return store.state.page(args.namespace, args.after, bounded(args.limit, STATE_PAGE_MAX));
    case "statePutAll":
      return answerNull(() => store.state.putAll(args.namespace, args.entries));
    case "stateIncrement":
      return store.state.increment(args.namespace, args.key);
    case "retain":
      return retain(store, directory, args);
    case "acknowledge":
      return answerNull(() => acknowledge(store.state, args));
    case "close":
      return answerNull(() => store.close());
    default:
      return unreachable(call);
  }
}

function answerNull(work: () => void): null {
  work();
  return null;
}

function bounded(limit: number, max: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new OpsError("invalid-input", `The limit is to be from 1 to ${max}`);
  }
  return limit;
}

function failure(id: number, cause: unknown): JournalReply {
  if (!(cause instanceof OpsError)) return { id, ok: false, code: "journal-unavailable", message: messageOf(cause) };
  const message = cause.cause === undefined ? cause.message : `${cause.message}: ${messageOf(cause.cause)}`;
  return { id, ok: false, code: cause.code, message };
}

const port = parentPort;
if (port === null) throw new Error("This file runs as a worker thread");
try {
  serve(
    workerData as JournalThreadData,
    (message) => port.postMessage(message),
    (take) => port.on("message", take),
  );
} catch (cause) {
  port.postMessage(failure(0, cause));
}
