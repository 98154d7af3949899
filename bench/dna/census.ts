import { types } from "cassandra-driver";
import { alternate, atLeast, atMost, type Figure, median, round } from "#bench/figure.ts";
import { startCassandra } from "#scripts/cassandra/cluster.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { createClient } from "#server/dna/adapters/scylla/client.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { seedRegister } from "#server/dna/adapters/scylla/testing/register.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import { censusParams, createCensusKind } from "#server/dna/census-job.ts";
import type { ActorType } from "#server/dna/domain/identity.ts";
import type { DnaStore } from "#server/dna/ports.ts";
import type { JobWork } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const KEYSPACE = "bench";
const ROWS = 1_000_000;
/** `WORLDLINE_BENCH_CENSUS_ROWS=10000000` walks as many: some minutes more. */
const ROWS_VARIABLE = "WORLDLINE_BENCH_CENSUS_ROWS";
const WARM_ROWS = 100_000;
const WALKED: ActorType = { namespace: "bench", moduleId: 0 };
const WARM: ActorType = { namespace: "bench", moduleId: 1 };
const OWNERS = 1_000;
const PAGE_ROWS = 5_000;
const ROUNDS = 3;
/** Faster than any database: the pace is not what is measured. */
const NO_PACE = 1_000_000_000;
const MB = 1_048_576;

/** A census of a million rows (or more, by variable) beside the bare driver that pages the same rows; its memory. */
export async function censusFigures(): Promise<readonly Figure[]> {
  const rows = Number(process.env[ROWS_VARIABLE] ?? ROWS);
  const cassandra = await startCassandra();
  const clock = createSystemClock();
  const { contactPoints, localDataCenter } = cassandra;
  const client = createClient({ contactPoints, localDataCenter });
  const store = createScyllaDnaStore({ contactPoints, localDataCenter, keyspace: KEYSPACE }, clock);
  try {
    await createDnaTables(client, { keyspace: KEYSPACE, dataCenter: localDataCenter, replicas: 1 });
    const ownerOf = (index: number) => ({
      createdAt: 1_795_300_000_000 + (index % OWNERS),
      id: BigInt(index % OWNERS),
    });
    await seedRegister(client, KEYSPACE, WALKED, rows, ownerOf);
    await seedRegister(client, KEYSPACE, WARM, WARM_ROWS, ownerOf);

    const bare = async (type: ActorType, expected: number): Promise<void> => {
      let [seen, pageState] = [0, undefined as string | undefined];
      do {
        const page = await client.execute(
          `SELECT name, node_created, node_id FROM "${KEYSPACE}".actors WHERE namespace = ? AND module_id = ?`,
          [type.namespace, type.moduleId],
          {
            ...{ prepare: true, fetchSize: PAGE_ROWS, consistency: types.consistencies.localQuorum },
            ...{ readTimeout: 10_000, ...(pageState === undefined ? {} : { pageState }) },
          },
        );
        seen += page.rows.length;
        pageState = page.pageState ?? undefined;
      } while (pageState !== undefined);
      if (seen !== expected) throw new Error(`the driver read ${seen} of ${expected} rows`);
    };
    const heap: number[] = [];
    const ours = async (type: ActorType, expected: number): Promise<void> => {
      const walked = await walk(store, type, clock, (bytes) => heap.push(bytes));
      if (walked !== expected) throw new Error(`the census read ${walked} of ${expected} rows`);
    };
    await alternate(
      { warmUp: 1, rounds: 1 },
      () => ours(WARM, WARM_ROWS),
      () => bare(WARM, WARM_ROWS),
    );
    heap.length = 0;
    const times = await alternate(
      { warmUp: 0, rounds: ROUNDS },
      () => ours(WALKED, rows),
      () => bare(WALKED, rows),
    );
    const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
    const perWalk = Math.floor(heap.length / ROUNDS);
    const last = heap.slice(-perWalk);
    const half = Math.floor(last.length / 2);
    const [early, late] = [Math.max(...last.slice(0, half)), Math.max(...last.slice(half))];
    return [
      {
        figure: "dna.census.rate",
        ...atLeast(0.9, "x bare driver").judge(bareMs / oursMs),
        beside: {
          rows,
          oursRowsPerSecond: Math.round(rows / (oursMs / 1_000)),
          bareRowsPerSecond: Math.round(rows / (bareMs / 1_000)),
          oursMs: times.ours.map(Math.round),
          bareMs: times.bare.map(Math.round),
        },
      },
      {
        figure: "dna.census.memory",
        ...atMost(32, "MB of heap more in the second half of a walk").judge((late - early) / MB),
        beside: { rows, firstHalfMb: round(early / MB), secondHalfMb: round(late / MB), owners: OWNERS },
      },
    ];
  } finally {
    await store.close();
    await client.shutdown();
    await cassandra.stop();
  }
}

/** The job's own walk over one type, with everything it puts down; answers the rows it counted. */
async function walk(store: DnaStore, type: ActorType, clock: Clock, heap: (bytes: number) => void): Promise<number> {
  let rows = 0;
  const kind = createCensusKind({
    storeOf: () => ({ censusPage: (query) => store.censusPage(query), actorTypes: async () => [type] }),
    recorder: { record: async () => [] },
    view: { dna: () => EMPTY_DNA },
    clock,
  });
  const counts = { total: 0, applied: 0, moved: 0, failed: 0, unknown: 0 };
  const work: JobWork = {
    id: "bench",
    params: censusParams({ sourceId: "bench", incarnationId: null, rowsPerSecond: NO_PACE }),
    bookmark: null,
    facts: {
      ...{ kind: "dna.census", title: "", stream: "dna:bench", target: "bench", state: "running", note: null },
      ...{ counts, createdAt: clock.now(), requestedBy: "bench", requestId: "bench" },
    },
    signal: new AbortController().signal,
    frozen: async () => [],
    outcome: async () => null,
    async checkpoint({ bookmark }: { readonly bookmark: JsonValue }) {
      JSON.stringify(bookmark);
    },
    counts: () => counts,
    setWaiting: async () => undefined,
    pace({ walked }) {
      rows = walked;
      heap(process.memoryUsage().heapUsed);
    },
  };
  const end = await kind.run(work);
  if (end.state !== "done") throw new Error(`the census ended as ${end.state}`);
  return rows;
}
