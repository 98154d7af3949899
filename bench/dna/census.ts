import { types } from "cassandra-driver";
import { atLeast, atMost, type Figure, median, round } from "#bench/figure.ts";
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
/** Both sides take turns type by type, so that whatever else the machine does falls on both. */
const TYPES = 10;
const OWNERS = 1_000;
const PAGE_ROWS = 5_000;
const WARM_UP = 2;
/** Faster than any database: the pace is not what is measured. */
const NO_PACE = 1_000_000_000;
const MB = 1_048_576;

/** A census of a million rows (or more, by variable) beside the bare driver that pages the same rows; its memory. */
export async function censusFigures(): Promise<readonly Figure[]> {
  const perType = Math.ceil(Number(process.env[ROWS_VARIABLE] ?? ROWS) / TYPES);
  const walked = Array.from({ length: TYPES }, (_, moduleId): ActorType => ({ namespace: "bench", moduleId }));
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
    for (const type of walked) await seedRegister(client, KEYSPACE, type, perType, ownerOf);

    const bare = async (type: ActorType): Promise<void> => {
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
      if (seen !== perType) throw new Error(`the driver read ${seen} of ${perType} rows`);
    };
    const ours = async (of: readonly ActorType[], heap: (bytes: number) => void = () => undefined): Promise<void> => {
      const rows = await walk(store, of, clock, heap);
      if (rows !== of.length * perType) throw new Error(`the census read ${rows} of ${of.length * perType} rows`);
    };
    const times = await takeTurns(walked, (type) => ours([type]), bare);
    const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
    // Turn by turn, so that what the machine does meanwhile falls on both sides of each ratio.
    const ratio = median(times.bare.map((ms, turn) => ms / (times.ours[turn] ?? Number.NaN)));
    const heap: number[] = [];
    await ours(walked, (bytes) => heap.push(bytes));
    const half = Math.floor(heap.length / 2);
    const [early, late] = [Math.max(...heap.slice(0, half)), Math.max(...heap.slice(half))];
    const rows = TYPES * perType;
    return [
      {
        figure: "dna.census.rate",
        ...atLeast(0.9, "x bare driver").judge(ratio),
        beside: {
          rows,
          oursRowsPerSecond: Math.round(perType / (oursMs / 1_000)),
          bareRowsPerSecond: Math.round(perType / (bareMs / 1_000)),
          turns: TYPES,
          oursMs: round(oursMs),
          bareMs: round(bareMs),
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

/** Milliseconds of each side for each type; who comes first changes from turn to turn. */
async function takeTurns(
  walked: readonly ActorType[],
  ours: (type: ActorType) => Promise<void>,
  bare: (type: ActorType) => Promise<void>,
): Promise<{ readonly ours: readonly number[]; readonly bare: readonly number[] }> {
  const times = { ours: [] as number[], bare: [] as number[] };
  const time = async (side: "ours" | "bare", type: ActorType): Promise<void> => {
    const startedAt = performance.now();
    await (side === "ours" ? ours : bare)(type);
    times[side].push(performance.now() - startedAt);
  };
  for (const type of [...walked.slice(0, WARM_UP), ...walked]) {
    const first = times.ours.length % 2 === 0 ? "ours" : "bare";
    await time(first, type);
    await time(first === "ours" ? "bare" : "ours", type);
  }
  return { ours: times.ours.slice(WARM_UP), bare: times.bare.slice(WARM_UP) };
}

/** The job's own walk over these types, with everything it puts down; answers the rows it counted. */
async function walk(
  store: DnaStore,
  walked: readonly ActorType[],
  clock: Clock,
  heap: (bytes: number) => void,
): Promise<number> {
  let rows = 0;
  const kind = createCensusKind({
    storeOf: () => ({ censusPage: (query) => store.censusPage(query), actorTypes: async () => walked }),
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
    pace({ walked: counted }) {
      rows = counted;
      heap(process.memoryUsage().heapUsed);
    },
  };
  const end = await kind.run(work);
  if (end.state !== "done") throw new Error(`the census ended as ${end.state}`);
  return rows;
}
