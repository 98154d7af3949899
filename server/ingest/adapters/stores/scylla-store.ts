/** The table of points in ScyllaDB or Cassandra; any number of gateways write it. */
import type { Client, types } from "cassandra-driver";
import type { Envelope, MetricStore, PointQuery } from "#server/ingest/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import { dayOf, daysOf, dayText } from "./days.ts";
import { createClient, type ScyllaPlace, toOpsError } from "./scylla-client.ts";

export interface ScyllaStoreOptions extends ScyllaPlace {
  readonly ttlDays: number;
}

const KEYSPACE_NAME = /^[A-Za-z0-9_]{1,48}$/;
const DATA_CENTER_NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const DAY_SECONDS = 86_400;
/** Cassandra refuses a batch of 50 KiB (`batch_size_fail_threshold`); a statement alone has no such bound. */
const BATCH_CHARS_MAX = 16_000;
const BATCH_ROWS_MAX = 100;
const AT_ONCE = 16;
const PAGE_ROWS = 1_000;
/** Of a span that is asked for. */
const DAYS_MAX = 31;
/** Rows that are looked through for those of one kind. */
const LOOKED_AT_MAX = 50_000;

/**
 * Nothing is connected before the first call; keyspace and table are made then, where they are to be.
 *
 * @throws OpsError `invalid-input` for a name that is none
 */
export function openScyllaStore(options: ScyllaStoreOptions): MetricStore {
  const { keyspace, ttlDays } = options;
  if (!KEYSPACE_NAME.test(keyspace)) throw new OpsError("invalid-input", `Not the name of a keyspace: ${keyspace}`);
  const table = `"${keyspace}".metric_points`;
  const client = createClient(options);
  let ready: Promise<void> | null = null;

  async function prepared(): Promise<void> {
    ready ??= makeTable(client, options, table).catch((cause: unknown) => {
      ready = null;
      throw cause;
    });
    await ready;
  }

  // The same envelope again writes the same row over.
  const insert = `INSERT INTO ${table} (agent_id, type, day, at, seq, boot_id, kind, received_at, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ${Math.trunc(ttlDays * DAY_SECONDS)}`;
  const select = `SELECT agent_id, type, at, seq, boot_id, kind, received_at, body FROM ${table}
    WHERE agent_id = ? AND type = ? AND day = ? AND at >= ? AND at <= ?`;

  async function writeOne(points: readonly Envelope[]): Promise<void> {
    const [first] = points;
    if (first === undefined) return;
    if (points.length === 1) await client.execute(insert, rowOf(first), { prepare: true, isIdempotent: true });
    else {
      const queries = points.map((point) => ({ query: insert, params: rowOf(point) }));
      await client.batch(queries, { prepare: true, logged: false, isIdempotent: true });
    }
  }

  async function readDay(query: PointQuery, day: number, limit: number): Promise<readonly Envelope[]> {
    const found: Envelope[] = [];
    const params = [query.agentId, query.type, dayText(day), new Date(query.from), new Date(query.to)];
    let pageState: string | undefined;
    for (let looked = 0; looked < LOOKED_AT_MAX; looked += PAGE_ROWS) {
      const page: types.ResultSet = await client.execute(select, params, {
        prepare: true,
        fetchSize: PAGE_ROWS,
        isIdempotent: true,
        ...(pageState === undefined ? {} : { pageState }),
      });
      const points = page.rows.map(envelopeOf);
      found.push(...points.filter(({ kind }) => query.kind === null || kind === query.kind));
      pageState = page.pageState ?? undefined;
      if (found.length >= limit || pageState === undefined) break;
    }
    return found.slice(0, limit);
  }

  return {
    async write(points, signal) {
      try {
        await prepared();
        const batches = batchesOf(points);
        for (let start = 0; start < batches.length; start += AT_ONCE) {
          if (signal.aborted) throw new OpsError("cancelled", "The write was given up");
          await Promise.all(batches.slice(start, start + AT_ONCE).map(writeOne));
        }
      } catch (cause) {
        throw toOpsError(cause);
      }
    },
    async read(query) {
      try {
        await prepared();
        const found: Envelope[] = [];
        for (const day of daysOf(query.from, query.to, DAYS_MAX)) {
          found.push(...(await readDay(query, day, query.limit - found.length)));
          if (found.length >= query.limit) break;
        }
        return found;
      } catch (cause) {
        throw toOpsError(cause);
      }
    },
    // The database does so by itself, row by row.
    expire: async () => false,
    close: () => client.shutdown(),
  };
}

const rowOf = ({ agentId, type, at, seq, bootId, kind, receivedAt, body }: Envelope): readonly unknown[] => [
  agentId,
  type,
  dayText(dayOf(at)),
  new Date(at),
  BigInt(seq),
  bootId,
  kind,
  new Date(receivedAt),
  JSON.stringify(body),
];

function envelopeOf(row: types.Row): Envelope {
  return {
    agentId: String(row.agent_id),
    bootId: String(row.boot_id),
    seq: Number(row.seq),
    at: epochMs(Number(row.at)),
    receivedAt: epochMs(Number(row.received_at)),
    type: String(row.type),
    kind: String(row.kind),
    body: JSON.parse(String(row.body)) as JsonObject,
  };
}

/** Points of one partition together, as far as a batch may hold them. */
function batchesOf(points: readonly Envelope[]): readonly (readonly Envelope[])[] {
  const open = new Map<string, { points: Envelope[]; chars: number }>();
  const batches: Envelope[][] = [];
  for (const point of points) {
    const key = `${point.agentId}\n${point.type}\n${dayOf(point.at)}`;
    const chars = JSON.stringify(point.body).length;
    const batch = open.get(key);
    if (batch === undefined || batch.points.length >= BATCH_ROWS_MAX || batch.chars + chars > BATCH_CHARS_MAX) {
      const begun = { points: [point], chars };
      open.set(key, begun);
      batches.push(begun.points);
    } else {
      batch.points.push(point);
      batch.chars += chars;
    }
  }
  return batches;
}

/** Exactly what `GRANT CREATE` is needed for; with a table that is there, no right to make anything is asked for. */
async function makeTable(client: Client, { keyspace, replication }: ScyllaStoreOptions, table: string): Promise<void> {
  await client.connect();
  const found = await client.execute(
    "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'metric_points'",
    [keyspace],
    { prepare: true },
  );
  if (found.rowLength > 0) return;
  for (const statement of schemaStatements(keyspace, replication, table)) {
    await client.execute(statement, [], { prepare: false });
  }
}

/** What makes keyspace and table where they are missing. */
function schemaStatements(
  keyspace: string,
  replication: Readonly<Record<string, number>> | null,
  table: string,
): readonly string[] {
  const create = `CREATE TABLE IF NOT EXISTS ${table} (agent_id text, type text, day date, at timestamp, seq bigint,
    boot_id text, kind text, received_at timestamp, body text, PRIMARY KEY ((agent_id, type, day), at, seq, boot_id))
    WITH CLUSTERING ORDER BY (at DESC, seq DESC, boot_id ASC)
    AND compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': '1'}`;
  if (replication === null) return [create];
  const copies = Object.entries(replication).map(([dataCenter, count]) => {
    if (!DATA_CENTER_NAME.test(dataCenter)) {
      throw new OpsError("invalid-input", `Not the name of a data centre: ${dataCenter}`);
    }
    return `'${dataCenter}': ${Math.trunc(count)}`;
  });
  const map = `{'class': 'NetworkTopologyStrategy', ${copies.join(", ")}}`;
  return [`CREATE KEYSPACE IF NOT EXISTS "${keyspace}" WITH replication = ${map}`, create];
}
