/** Puts the way to the receivers together: the spool, the receivers by their kinds, and what the screens ask of them. */
import path from "node:path";
import { type EventDraft, ingestStream } from "#server/contract/event.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { createWebhook } from "#server/ingest/adapters/receivers/webhook.ts";
import { openSpool } from "#server/ingest/adapters/spool/spool.ts";
import { openScyllaStore } from "#server/ingest/adapters/stores/scylla-store.ts";
import { openSqliteStore } from "#server/ingest/adapters/stores/sqlite-store.ts";
import { createEventLog } from "#server/ingest/event-log.ts";
import { createLiveView, type LiveView } from "#server/ingest/live-view.ts";
import { createPipeline, type Pipeline } from "#server/ingest/pipeline.ts";
import type { AgentWatch, MetricStore, Receiver, Spool } from "#server/ingest/ports.ts";
import { createPrometheusView, type PrometheusView } from "#server/ingest/prometheus-view.ts";
import type { IngestSettings, PointsDatabase, ReceiverSettings } from "#server/ingest/settings.ts";
import { createTableReceiver } from "#server/ingest/table-receiver.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import { withCqlTls } from "./compose-tls.ts";

const SPOOL_FILE = "spool.sqlite";
/** What waits for receivers may hold this much, of all of them together. */
export const SPOOL_MAX_BYTES = 1024 * 1024 * 1024;

export interface PipelineDeps {
  readonly settings: Pick<IngestSettings, "id" | "types" | "receivers" | "routes" | "inactiveAfterMs" | "poa">;
  /** Folder of this gateway alone. */
  readonly directory: string;
  readonly watch: Pick<AgentWatch, "counted">;
  readonly recorder: Pick<Recorder, "record">;
  /** No other gateway takes in what these agents send. */
  readonly alone: boolean;
  readonly clock: Clock;
  /** What of the agents' numbers is told to nobody. */
  readonly masks: MaskRules;
  readonly log: Logger;
}

export interface OpenPipeline {
  readonly pipeline: Pipeline;
  readonly live: LiveView;
  readonly prometheus: PrometheusView;
  readonly spool: Spool;
  /** The table that holds what was measured, while one is open; `null` = nothing is routed into one. */
  table(): MetricStore | null;
  /** Of the spool; after `pipeline.run` has ended. */
  close(): Promise<void>;
}

/** @throws OpsError `refused` when another process has the folder; `invalid-input` with every fault of the settings */
export async function openPipeline(deps: PipelineDeps): Promise<OpenPipeline> {
  const { settings, directory, clock, log } = deps;
  const spool = await openSpool({ file: path.join(directory, SPOOL_FILE), maxBytes: SPOOL_MAX_BYTES, log });
  const live = createLiveView(clock);
  const prometheus = createPrometheusView(deps.masks);
  const tables = new Map<string, MetricStore>();
  const stream = ingestStream(settings.id);
  const record = (drafts: readonly EventDraft[]) => deps.recorder.record(stream, drafts);

  async function openTable(one: TableSettings): Promise<Receiver> {
    const store = await openStore(one, log);
    tables.set(one.id, store);
    const receiver = createTableReceiver(store, clock);
    return {
      ...receiver,
      async close() {
        if (tables.get(one.id) === store) tables.delete(one.id);
        await receiver.close();
      },
    };
  }

  async function open(one: ReceiverSettings): Promise<Receiver> {
    switch (one.use) {
      case "live-view":
        return live.receiver();
      case "event-log":
        return createEventLog(record);
      case "prometheus":
        return prometheus.receiver(one.maxSeries);
      case "sqlite-table":
      case "scylla-table":
        return openTable(one);
      case "webhook":
        return createWebhook({ ...one, token: one.token?.reveal() ?? null, clock });
      default:
        return unreachable(one);
    }
  }

  try {
    const pipeline = await createPipeline({
      ...{ settings, spool, open, watch: deps.watch, alone: deps.alone, clock, log },
      inactiveAfterMs: settings.inactiveAfterMs,
      poa: settings.poa !== null,
      chance: Math.random,
    });
    return {
      ...{ pipeline, live, prometheus, spool },
      table: () => [...tables.values()][0] ?? null,
      close: () => spool.close(),
    };
  } catch (cause) {
    await spool.close();
    throw cause;
  }
}

type TableSettings = Extract<ReceiverSettings, { readonly use: "sqlite-table" | "scylla-table" }>;

async function openStore(one: TableSettings, log: Logger): Promise<MetricStore> {
  if (one.use === "sqlite-table") return openSqliteStore({ file: one.path, ttlDays: one.ttlDays, log });
  return openScyllaStore({ ...pointsPlaceOf(one.database), ttlDays: one.ttlDays });
}

/** Where a table of points is, and how it is spoken with. */
export function pointsPlaceOf(database: PointsDatabase) {
  const { contactPoints, localDataCenter, keyspace, replication, username, password } = database;
  const credentials = username === null ? null : { username, password: password?.reveal() ?? "" };
  return { contactPoints, localDataCenter, keyspace, replication, credentials, ...withCqlTls(database) };
}
