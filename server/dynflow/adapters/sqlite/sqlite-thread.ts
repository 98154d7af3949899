/**
 * The thread that owns one SQLite file. Node's SQLite is synchronous, so it never runs on the main loop.
 *
 * The file is opened when first needed and again when another file has taken its place: an open handle would go on
 * showing the old one for ever.
 */
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { type SqliteReply, type SqliteRequest, type SqliteWorkerData, STARTED_ID } from "./sqlite-protocol.ts";

const data: SqliteWorkerData = workerData;

/** SQLite's SQLITE_CANTOPEN, for a file that is not there. */
const CANTOPEN = 14;

let open: { readonly database: DatabaseSync; readonly file: string } | null = null;

function database(): DatabaseSync {
  const stat = statSync(data.path, { throwIfNoEntry: false });
  if (stat === undefined) throw Object.assign(new Error(`no such file: ${data.path}`), { errcode: CANTOPEN });
  const file = `${stat.dev}:${stat.ino}`;
  if (open !== null && open.file === file) return open.database;
  open?.database.close();
  open = null;
  const opened = new DatabaseSync(data.path, { readOnly: data.readOnly, timeout: data.busyTimeoutMs });
  open = { database: opened, file };
  return opened;
}

function answer(request: SqliteRequest): SqliteReply {
  try {
    return { id: request.id, ok: true, rows: rowsOf(request) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { id: request.id, ok: false, message, resultCode: resultCodeOf(cause) };
  }
}

/** An integer beyond 2^53 fails a whole answer: it is read again, with every integer as a bigint. A write runs once. */
function rowsOf({ sql, parameters }: SqliteRequest) {
  const statement = database().prepare(sql);
  try {
    return statement.all(...parameters);
  } catch (cause) {
    if (!data.readOnly || !isTooLarge(cause)) throw cause;
    statement.setReadBigInts(true);
    return statement.all(...parameters);
  }
}

const isTooLarge = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_OUT_OF_RANGE";

/** The low byte is the primary code; the rest tells variants that nobody here tells apart. */
function resultCodeOf(cause: unknown): number | null {
  if (!(cause instanceof Error) || !("errcode" in cause)) return null;
  return typeof cause.errcode === "number" ? cause.errcode & 0xff : null;
}

parentPort?.on("message", (request: SqliteRequest) => parentPort?.postMessage(answer(request)));

const started: SqliteReply = { id: STARTED_ID, ok: true, rows: [] };
parentPort?.postMessage(started);
