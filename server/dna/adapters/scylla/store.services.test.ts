import { Client } from "cassandra-driver";
import { afterAll, beforeAll } from "vitest";
import { type SharedCassandra, sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { describeDnaStore } from "#server/dna/dna-store.contract.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createDnaTables } from "./testing/schema.ts";
import { createCqlSeeding } from "./testing/seeding.ts";

/** Upper and lower case on purpose: the name must reach the database as it is. */
const KEYSPACE = uniqueKeyspace("Contract");
let shared: SharedCassandra;
let admin: Client;

beforeAll(async () => {
  shared = await sharedCassandra();
  admin = new Client({
    contactPoints: [...shared.contactPoints],
    localDataCenter: shared.localDataCenter,
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
    socketOptions: { readTimeout: 60_000 },
  });
  await createDnaTables(admin, { keyspace: KEYSPACE, dataCenter: shared.localDataCenter, replicas: 1 });
});
afterAll(() => admin.shutdown());

describeDnaStore("Apache Cassandra 5", async () => {
  for (const table of ["nodes", "actors", "storage_kv"]) await admin.execute(`TRUNCATE "${KEYSPACE}".${table}`);
  const clock = createManualClock();
  const { contactPoints, localDataCenter } = shared;
  const store = createScyllaDnaStore({ contactPoints, localDataCenter, keyspace: KEYSPACE }, clock);
  return { store, clock, seed: createCqlSeeding(admin, KEYSPACE), close: () => store.close() };
});
