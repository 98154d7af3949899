import path from "node:path";
import type { IngestConfiguration, OverflowName, ReceiverConfiguration, ReceiverUseName } from "./ingest-model.ts";
import type { IngestDocument } from "./ingest-schema.ts";
import type { JournalConfiguration } from "./model.ts";
import type { SecretReader } from "./secret-reader.ts";
import { toTls } from "./tls-complete.ts";

const LEAST_PASSWORD = 8;
const LEAST_TOKEN = 20;
const LEAST_KEY = 32;
const TTL_DAYS = 30;
const WEBHOOK_TIMEOUT_MS = 5_000;
const MAX_SERIES = 5_000;
const POINTS_FILE = "points.sqlite";

const OVERFLOWS: Readonly<Record<ReceiverUseName, OverflowName>> = {
  "live-view": "keep-latest",
  "event-log": "block",
  "scylla-table": "block",
  "sqlite-table": "block",
  webhook: "drop-oldest",
  prometheus: "keep-latest",
};

export interface IngestContext {
  /** Folder that relative files start from. */
  readonly folder: string;
  readonly journal: JournalConfiguration;
  readonly secrets: SecretReader;
}

/** The gateway with everything filled in. What cannot be had of it is a fault of rules or secrets. */
export function toIngest(ingest: IngestDocument, context: IngestContext): IngestConfiguration {
  const { secrets } = context;
  const { id, title, listen, inactiveAfterMs, forgottenAfterHours, limits, poa } = ingest;
  return {
    ...{ id, title, listen, inactiveAfterMs, forgottenAfterHours, limits },
    users: ingest.users.flatMap((user, index) => {
      const password = secrets.read(user, "password", ["ingest", "users", index], LEAST_PASSWORD);
      return password === null ? [] : [{ name: user.name, password, agents: user.agents, types: user.types }];
    }),
    bootstrap: ingest.bootstrap.flatMap((one, index) => {
      const token = secrets.read(one, "token", ["ingest", "bootstrap", index], LEAST_TOKEN);
      return token === null ? [] : [{ name: one.name, token, agents: one.agents, types: one.types }];
    }),
    key: secrets.read(ingest, "key", ["ingest"], LEAST_KEY),
    types: Object.entries(ingest.types).map(([type, { kinds, schema }]) => ({ type, kinds, schema: schema ?? null })),
    receivers: Object.entries(ingest.receivers).flatMap(([name, one]) => toReceiver(name, one, context) ?? []),
    routes: ingest.routes,
    poa: poa.enabled ? { tokenSeconds: poa.tokenSeconds, admins: toAdmins(poa.admins, secrets) } : null,
  };
}

function toAdmins(admins: IngestDocument["poa"]["admins"], secrets: SecretReader) {
  return admins.flatMap(({ name, ...rest }, index) => {
    const password = secrets.read(rest, "password", ["ingest", "poa", "admins", index], LEAST_PASSWORD);
    return password === null ? [] : [{ name, password }];
  });
}

type ReceiverDocument = IngestDocument["receivers"][string];

function toReceiver(id: string, one: ReceiverDocument, context: IngestContext): ReceiverConfiguration | null {
  const queued = {
    id,
    queue: one.queue,
    overflow: one.overflow ?? OVERFLOWS[one.use],
    batch: one.batch,
    flushMs: one.flush_ms,
  };
  const ttlDays = one.ttl_days ?? TTL_DAYS;
  switch (one.use) {
    case "live-view":
    case "event-log":
      return { ...queued, use: one.use };
    case "scylla-table": {
      const database = toDatabase(id, one, context);
      return database === null ? null : { ...queued, use: one.use, database, ttlDays };
    }
    case "sqlite-table": {
      const file =
        one.path === undefined ? path.join(context.journal.path, POINTS_FILE) : path.resolve(context.folder, one.path);
      return { ...queued, use: one.use, path: file, ttlDays };
    }
    case "webhook": {
      const token = context.secrets.read(one, "token", ["ingest", "receivers", id]);
      if (one.url === undefined) return null;
      return { ...queued, use: one.use, url: one.url, token, timeoutMs: one.timeout_ms ?? WEBHOOK_TIMEOUT_MS };
    }
    case "prometheus":
      return { ...queued, use: one.use, maxSeries: one.max_series ?? MAX_SERIES };
  }
}

function toDatabase(id: string, one: ReceiverDocument, { journal, secrets }: IngestContext) {
  const { contactPoints, localDataCenter, keyspace, replication, username } = one;
  const password = secrets.read(one, "password", ["ingest", "receivers", id]);
  const tls = toTls(one.tls, ["ingest", "receivers", id, "tls"], secrets);
  if (contactPoints === undefined) return journal.scylla;
  if (localDataCenter === undefined || keyspace === undefined) return null;
  return {
    contactPoints: contactPoints.map((point) => (/:\d+$/.test(point) ? point : `${point}:9042`)),
    localDataCenter,
    keyspace,
    replication: replication ?? null,
    username: username ?? null,
    password,
    tls,
  };
}
