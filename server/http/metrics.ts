import type { ServerResponse } from "node:http";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { AppHealth } from "./app.ts";
import type { Surface } from "./surfaces.ts";

/** Seconds; pages of an idle console take milliseconds, a slow upstream up to its time-out of 2 s. */
const DURATION_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * The default percentiles of the loop's delay wake the process 100 times a second, which is half of what an idle console
 * costs, and count the 10 ms between two looks as delay. The console's own watch says it better.
 */
const LAG_PERCENTILES = ["min", "max", "mean", "stddev", "p50", "p90", "p99"];
const UNMEASURED_MS = 86_400_000;

export interface Metrics {
  observe(surface: Surface, status: number, seconds: number): void;
  answer(response: ServerResponse): Promise<void>;
  /** Loop delay is measured from here on. */
  close(): void;
}

/** The figures of `/metrics`. Names of sources come from the configuration; no label comes from a request. */
export function createMetrics(health: AppHealth): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: UNMEASURED_MS });
  for (const name of LAG_PERCENTILES) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  const requests = new Histogram({
    name: "worldline_http_request_seconds",
    help: "Duration of requests by part of the site and class of status",
    labelNames: ["surface", "status"],
    buckets: DURATION_BUCKETS,
    registers,
  });
  gaugeFigures(health, registers);
  gaugeSources(health, registers);
  gaugeDoors(health, registers);

  return {
    observe: (surface, status, seconds) =>
      requests.observe({ surface, status: `${Math.floor(status / 100)}xx` }, seconds),
    async answer(response) {
      const text = `${await registry.metrics()}${health.agents?.()?.text ?? ""}`;
      response.statusCode = 200;
      response.setHeader("content-type", registry.contentType);
      response.end(text);
    },
    close: () => registry.clear(),
  };
}

function gaugeFigures(health: AppHealth, registers: Registry[]): void {
  new Counter({
    name: "worldline_journal_appends_total",
    help: "Events appended to the journal",
    registers,
    collect() {
      this.reset();
      this.inc(health.figures().journalAppends);
    },
  });
  new Counter({
    name: "worldline_journal_failures_total",
    help: "Appends that the journal could not make durable",
    registers,
    collect() {
      this.reset();
      this.inc(health.figures().journalFailures);
    },
  });
  new Gauge({
    name: "worldline_journal_writer",
    help: "1 when this console writes its journal, 0 when it follows another: over all of them the sum is 1",
    registers,
    collect() {
      this.set(health.figures().journalWriter ? 1 : 0);
    },
  });
  new Gauge({
    name: "worldline_loop_delay_seconds",
    help: "Longest delay of the main loop in the last two minutes; below 50 ms counts as none",
    registers,
    collect() {
      this.set(health.figures().loopDelayMs / 1_000);
    },
  });
  new Gauge({
    name: "worldline_live_clients",
    help: "Streams of the live feed that are open",
    registers,
    collect() {
      this.set(health.figures().liveClients);
    },
  });
}

/** Doors of the gateway for agents: their names are ours. */
function gaugeDoors(health: AppHealth, registers: Registry[]): void {
  if (health.agents === undefined) return;
  new Counter({
    name: "worldline_ingest_calls_total",
    help: "Calls and frames of agents by door, taken or refused",
    labelNames: ["door", "outcome"] as const,
    registers,
    collect() {
      this.reset();
      for (const [door, { taken, refused }] of Object.entries(health.agents?.()?.doors ?? {})) {
        this.inc({ door, outcome: "taken" }, taken);
        this.inc({ door, outcome: "refused" }, refused);
      }
    },
  });
  new Gauge({
    name: "worldline_ingest_connections",
    help: "Agents that are connected by WebSocket",
    registers,
    collect() {
      this.set(health.agents?.()?.doors.websocket?.open ?? 0);
    },
  });
}

function gaugeSources(health: AppHealth, registers: Registry[]): void {
  const labelNames = ["source"] as const;
  new Gauge({
    name: "worldline_source_up",
    help: "1 when the last read of the source succeeded",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { id, up } of health.sources()) this.set({ source: id }, up ? 1 : 0);
    },
  });
  new Gauge({
    name: "worldline_source_read_seconds",
    help: "Duration of the last read of the source that succeeded",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { id, readMs } of health.sources()) if (readMs !== null) this.set({ source: id }, readMs / 1_000);
    },
  });
  new Gauge({
    name: "worldline_source_age_seconds",
    help: "Time since the last read of the source that succeeded",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { id, ageMs } of health.sources()) if (ageMs !== null) this.set({ source: id }, ageMs / 1_000);
    },
  });
}
