/** The table of points in an SQLite file. Runs in the store's thread. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { openFile } from "#server/ingest/adapters/sqlite-file.ts";
import type { ThreadWork } from "#server/ingest/adapters/thread-serve.ts";
import type { Envelope, PointQuery } from "#server/ingest/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import { dayOf } from "./days.ts";

export interface SqliteTableData {
  readonly file: string;
  readonly fileBytesMax: number | null;
}

/** One row each, whoever of several boots sent it at the same time with the same number. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS metric_points (agent_id TEXT NOT NULL, type TEXT NOT NULL, day INTEGER NOT NULL,
    at INTEGER NOT NULL, seq INTEGER NOT NULL, boot_id TEXT NOT NULL, kind TEXT NOT NULL, received_at INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (agent_id, type, day, at, seq, boot_id)) STRICT, WITHOUT ROWID;
  DROP INDEX IF EXISTS metric_points_by_day;
  CREATE INDEX IF NOT EXISTS metric_points_by_receipt ON metric_points (received_at);`;

const INSERT = `INSERT INTO metric_points (agent_id, type, day, at, seq, boot_id, kind, received_at, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

/** Newest first. The day bounds are what the key serves; the times cut off the ends. */
const SELECT = `SELECT * FROM metric_points
  WHERE agent_id = ? AND type = ? AND day BETWEEN ? AND ? AND at BETWEEN ? AND ? AND (?7 IS NULL OR kind = ?7)
  ORDER BY day DESC, at DESC, seq DESC LIMIT ?8`;

/** At once: writing is not to wait for long. */
export const EXPIRE_ROWS_MAX = 5_000;
/** By our own clock: an agent's may be of 1970, or of the year 9999. */
const EXPIRE = `DELETE FROM metric_points WHERE (agent_id, type, day, at, seq, boot_id) IN
  (SELECT agent_id, type, day, at, seq, boot_id FROM metric_points WHERE received_at < ? ORDER BY received_at
   LIMIT ${EXPIRE_ROWS_MAX})`;

export function openTableWork({ file, fileBytesMax }: SqliteTableData): ThreadWork {
  const database = openFile({ file, fileBytesMax, schema: SCHEMA });
  const perform = performer(database);
  return { database, writes: new Set(["write", "expire"]), perform, undone: () => undefined };
}

function performer(database: DatabaseSync) {
  const insert = database.prepare(INSERT);
  const select = database.prepare(SELECT);
  const expire = database.prepare(EXPIRE);
  return (call: string, args: unknown): unknown => {
    switch (call) {
      case "write":
        for (const { agentId, type, at, seq, bootId, kind, receivedAt, body } of args as readonly Envelope[]) {
          insert.run(agentId, type, dayOf(at), at, seq, bootId, kind, receivedAt, JSON.stringify(body));
        }
        return null;
      case "read": {
        const { agentId, type, kind, from, to, limit } = args as PointQuery;
        return select.all(agentId, type, dayOf(from), dayOf(to), from, to, kind, limit).map(envelopeOf);
      }
      case "expire":
        return Number(expire.run(Number(args)).changes);
      default:
        throw new OpsError("invalid-input", `The table has no call ${call}`);
    }
  };
}

const envelopeOf = (row: Record<string, SQLOutputValue>): Envelope => ({
  agentId: String(row.agent_id),
  bootId: String(row.boot_id),
  seq: Number(row.seq),
  at: epochMs(Number(row.at)),
  receivedAt: epochMs(Number(row.received_at)),
  type: String(row.type),
  kind: String(row.kind),
  body: JSON.parse(String(row.body)) as JsonObject,
});
