import { types } from "cassandra-driver";
import { alternate, atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { startCassandra } from "#scripts/cassandra/cluster.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { createClient } from "#server/dna/adapters/scylla/client.ts";
import { createStatements } from "#server/dna/adapters/scylla/statements.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import type { ActorKey } from "#server/dna/domain/identity.ts";
import { toActorView } from "#server/dna/node-view.ts";
import type { DnaSource } from "#server/dna/source-view.ts";
import { toStorageRow } from "#server/dna/storage-view.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const KEYSPACE = "bench_actors";
const TYPE = { namespace: "world", moduleId: 0 };
const ACTORS = 20_000;
const PAGE_ROWS = 50;
const STORED = 20;
const ROUNDS = 200;
const WRITES_AT_ONCE = 200;
const CREATED_AT = epochMs(1_795_300_000_000);
const AIM = 2;

const nameOf = (index: number): string => `city-${String(index).padStart(8, "0")}`;

/** The list of a type, and the page of one actor, as they are read and told, beside the bare driver that reads the same rows. */
export async function actorPageFigures(): Promise<readonly Figure[]> {
  const cassandra = await startCassandra();
  const { contactPoints, localDataCenter } = cassandra;
  const client = createClient({ contactPoints, localDataCenter });
  const store = createScyllaDnaStore({ contactPoints, localDataCenter, keyspace: KEYSPACE }, createSystemClock());
  const statements = createStatements(KEYSPACE);
  const options = { prepare: true, consistency: types.consistencies.localQuorum };
  const execute = async (statement: string, params: readonly unknown[]): Promise<number> =>
    (await client.execute(statement, [...params], options)).rows?.length ?? 0;

  async function fill(): Promise<void> {
    await createDnaTables(client, { keyspace: KEYSPACE, dataCenter: localDataCenter, replicas: 1 });
    const insert = `INSERT INTO ${KEYSPACE}.actors (namespace, module_id, name, node_created, node_id, claimed_at) VALUES (?, ?, ?, ?, ?, ?)`;
    for (let from = 0; from < ACTORS; from += WRITES_AT_ONCE) {
      const part = Array.from({ length: WRITES_AT_ONCE }, (_each, index) => nameOf(from + index));
      const keyed = (name: string) => [TYPE.namespace, TYPE.moduleId, name];
      await Promise.all(part.map((name) => execute(insert, [...keyed(name), CREATED_AT, 7n, CREATED_AT])));
    }
    const stored = `INSERT INTO ${KEYSPACE}.storage_kv (namespace, module_id, name, key, value, size) VALUES (?, ?, ?, ?, ?, ?)`;
    for (let index = 0; index < STORED; index += 1) {
      const value = Buffer.alloc(200, index);
      await execute(stored, [TYPE.namespace, TYPE.moduleId, nameOf(0), Buffer.from([index]), value, value.length]);
    }
  }

  try {
    await fill();
    const source = { fold: () => EMPTY_DNA } as unknown as DnaSource;
    let turn = 0;
    const nextAfter = (): string => nameOf((turn++ * PAGE_ROWS) % (ACTORS - 2 * PAGE_ROWS));
    const listOurs = async (): Promise<void> => {
      const page = await store.actorPage({ type: TYPE, prefix: "", after: nextAfter(), limit: PAGE_ROWS });
      const told = JSON.stringify(page.rows.map((row) => toActorView(source, row)));
      if (page.rows.length !== PAGE_ROWS || told.length < PAGE_ROWS) throw new Error("not a whole page was told");
    };
    const listBare = async (): Promise<void> => {
      const params = [TYPE.namespace, TYPE.moduleId, nextAfter(), PAGE_ROWS + 1];
      if ((await execute(statements.actorPage("after", "none"), params)) !== PAGE_ROWS + 1)
        throw new Error("not a whole page was read");
    };
    const key: ActorKey = { ...TYPE, name: nameOf(0) };
    const pageOurs = async (): Promise<void> => {
      const [row, writtenAt, storage] = await Promise.all([
        store.actor(key, "quorum"),
        store.ownerWrittenAt(key),
        store.storageRows(key, null, PAGE_ROWS),
      ]);
      const told = JSON.stringify([row === null ? null : toActorView(source, row), storage.rows.map(toStorageRow)]);
      if (writtenAt === null || storage.rows.length !== STORED || told.length < STORED) throw new Error("not told");
    };
    const pageBare = async (): Promise<void> => {
      const params = [key.namespace, key.moduleId, key.name];
      const [rows, times, stored] = await Promise.all([
        execute(statements.actor, params),
        execute(statements.ownerWriteTime, params),
        execute(statements.storagePage(false), [...params, PAGE_ROWS + 1]),
      ]);
      if (rows + times + stored !== 2 + STORED) throw new Error("not read");
    };
    const list = await alternate({ warmUp: 40, rounds: ROUNDS }, listOurs, listBare);
    const page = await alternate({ warmUp: 40, rounds: ROUNDS }, pageOurs, pageBare);
    return [
      figureOf("dna.actors.list", list, { rows: PAGE_ROWS }),
      figureOf("dna.actors.page", page, { stored: STORED }),
    ];
  } finally {
    await store.close();
    await client.shutdown();
    await cassandra.stop();
  }
}

function figureOf(
  figure: string,
  times: { readonly ours: readonly number[]; readonly bare: readonly number[] },
  size: Readonly<Record<string, number>>,
): Figure {
  const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
  return {
    figure,
    ...atMost(AIM, "x bare driver").judge(oursMs / bareMs),
    beside: {
      ...size,
      oursMs: round(oursMs),
      bareMs: round(bareMs),
      oursP95Ms: round(percentile(times.ours, 95)),
      bareP95Ms: round(percentile(times.bare, 95)),
    },
  };
}
