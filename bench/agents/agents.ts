import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { atLeast, atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { createLogicalAgent, drained, startGateway } from "#server/compose-ingest.test-kit.ts";
import { blast, sustain } from "./load.ts";

const AGENTS = 200;
const ITEMS_EACH_SECOND = 10;
/** Until the collector of the old generation has come round: before that the process only grows, as any does. */
const WARM_UP_SECONDS = 75;
const SECONDS = 45;
const ROUNDS = 3;
const BLAST_SECONDS = 4;
const BLAST_AGENTS = 32;
/** As an agent sends them that has fallen behind. */
const BLAST_ITEMS = 50;
const RATE = AGENTS * ITEMS_EACH_SECOND;

/** Agents in front of a real gateway, in a process of its own: doors, spool, and a table in SQLite. */
export async function* benchAgents(): AsyncIterable<Figure> {
  const directory = mkdtempSync(join(tmpdir(), "worldline-bench-agents-"));
  const queued = { queue: 20_000, batch: 500, flushMs: 250 };
  const gateway = await startGateway(join(directory, "gateway"), {
    receivers: [
      { ...queued, id: "live", use: "live-view", overflow: "keep-latest" },
      {
        ...queued,
        id: "store",
        use: "sqlite-table",
        overflow: "block",
        path: join(directory, "points.sqlite"),
        ttlDays: 1,
      },
    ],
    routes: [{ types: ["*"], kinds: [], to: ["live", "store"] }],
    limits: {
      maxBytes: 1_048_576,
      maxBatch: 500,
      callsPerToken: 1_000,
      callsPerAddress: 100_000,
      maxConnections: 4_096,
    },
  });
  try {
    const agents = Array.from({ length: AGENTS }, (_, n) => createLogicalAgent(`bench-${n}`));
    await sustain(gateway, agents, { itemsEachSecond: ITEMS_EACH_SECOND, seconds: WARM_UP_SECONDS });
    const load = await sustain(gateway, agents, { itemsEachSecond: ITEMS_EACH_SECOND, seconds: SECONDS });
    await drained(gateway, "store");
    yield* sustainedFigures(load, gateway.told("store")?.delivered ?? 0);

    const fast = Array.from({ length: BLAST_AGENTS }, (_, n) => createLogicalAgent(`fast-${n}`));
    const bare = openBare(join(directory, "bare.sqlite"));
    const rates = { ours: [] as number[], bare: [] as number[] };
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      rates.ours.push(await blast(gateway, fast, { items: BLAST_ITEMS, seconds: BLAST_SECONDS }));
      await drained(gateway, "store");
      rates.bare.push(bare.insert(BLAST_SECONDS, BLAST_ITEMS));
    }
    bare.close();
    const [ours, plain] = [median(rates.ours), median(rates.bare)];
    yield {
      figure: "agents.intake.rate",
      ...atLeast(0.5, "x bare SQLite").judge(ours / plain),
      beside: {
        itemsPerSecond: Math.round(ours),
        barePerSecond: Math.round(plain),
        bare: `a table of points, WAL, synchronous = FULL, one commit of ${BLAST_ITEMS} rows`,
        ours: `${BLAST_AGENTS} agents over HTTP as fast as they are answered, ${BLAST_ITEMS} items a call, on disk in the spool when answered, then in the table`,
        rounds: ROUNDS,
      },
    };
  } finally {
    await gateway.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

function* sustainedFigures(load: Awaited<ReturnType<typeof sustain>>, delivered: number): Iterable<Figure> {
  const { seconds, acknowledged, refused, latenciesMs, memoryMib, cores, lagMs } = load;
  // Each agent's last batch is sent in the last second: the rate is over the seconds in which they were due.
  const perSecond = acknowledged / Math.max(SECONDS, seconds - 1);
  const third = Math.floor(memoryMib.length / 3);
  const [early, late] = [median(memoryMib.slice(0, third)), median(memoryMib.slice(-third))];
  yield {
    figure: "agents.sustained.rate",
    ...atLeast(RATE * 0.99, "items/s").judge(perSecond),
    beside: {
      agents: AGENTS,
      seconds: round(seconds),
      acknowledged,
      refused,
      delivered,
      cores: round(cores),
      worstLagMs: lagMs,
    },
  };
  yield {
    figure: "agents.sustained.acknowledged.p95",
    ...atMost(250, "ms").judge(percentile(latenciesMs, 95)),
    beside: {
      p50: round(percentile(latenciesMs, 50)),
      p99: round(percentile(latenciesMs, 99)),
      batches: latenciesMs.length,
    },
  };
  yield {
    figure: "agents.sustained.memory",
    ...atMost(32, "MiB more in the last third than in the first").judge(late - early),
    beside: {
      firstMib: round(early),
      lastMib: round(late),
      mostMib: round(Math.max(...memoryMib)),
      seconds: memoryMib.length,
    },
  };
}

const INSERT = `INSERT INTO metric_points (agent_id, type, day, at, seq, boot_id, kind, received_at, body)
  VALUES (?, 'system_metrics', 20000, ?, ?, 'boot', 'statistics', ?, ?)`;
const BODY = JSON.stringify({ cpu_load: 12.5, memory_usage: 40.25, disk_usage: 71 });

/** The same rows without anything around them. */
function openBare(file: string) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  database.exec(`CREATE TABLE metric_points (agent_id TEXT NOT NULL, type TEXT NOT NULL, day INTEGER NOT NULL,
    at INTEGER NOT NULL, seq INTEGER NOT NULL, boot_id TEXT NOT NULL, kind TEXT NOT NULL, received_at INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (agent_id, type, day, at, seq, boot_id)) STRICT, WITHOUT ROWID;`);
  const insert = database.prepare(INSERT);
  let seq = 0;
  return {
    /** Answers rows a second. */
    insert(seconds: number, batch: number): number {
      const startedAt = performance.now();
      const first = seq;
      while (performance.now() - startedAt < seconds * 1_000) {
        database.exec("BEGIN IMMEDIATE");
        for (let row = 0; row < batch; row += 1) {
          seq += 1;
          insert.run(`bench-${seq % AGENTS}`, seq, seq, seq, BODY);
        }
        database.exec("COMMIT");
      }
      return (seq - first) / ((performance.now() - startedAt) / 1_000);
    },
    close: () => database.close(),
  };
}
