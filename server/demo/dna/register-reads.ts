import { type Incarnation, toIncarnationId } from "#server/dna/domain/identity.ts";
import { PLAIN_CQL } from "#server/dna/domain/keyspace-facts.ts";
import type { CensusPage, DnaStore } from "#server/dna/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { OwnerRecord } from "./actor-table.ts";
import type { Database } from "./database.ts";

const PAGE_LIMIT_MAX = 5_000;
/** What a row of `actors` takes on the disks of a real database, about. */
const ROW_BYTES = 100;
const GC_GRACE_SEC = 864_000;
const COPIES = 3;

/** The register as a whole: its census, what the keyspace is, how large it is. */
export function createSimulatedRegister(deps: {
  readonly database: Database;
  readonly keyspace: string;
  readonly read: <T>(apply: () => T) => Promise<T>;
}): Pick<DnaStore, "censusPage" | "keyspaceFacts" | "registerSize"> {
  const { database, keyspace, read } = deps;
  return {
    async censusPage({ type, after, limit }) {
      if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) {
        throw new OpsError("invalid-input", `A page has 1 to ${PAGE_LIMIT_MAX} rows, not ${limit}`);
      }
      const rows = await read(() => database.table(keyspace, type)?.slice("", after, limit) ?? []);
      const nextAfter = rows.length === limit ? (rows.at(-1)?.[0] ?? null) : null;
      return { ...countOwners(rows.map(([, record]) => record)), nextAfter };
    },

    keyspaceFacts: () =>
      read(() => ({
        keyspace,
        product: "simulator" as const,
        version: null,
        capabilities: PLAIN_CQL,
        tablets: "none" as const,
        replication: {
          strategy: "NetworkTopologyStrategy",
          byDataCenter: Object.fromEntries(database.coordinators.map(({ dataCenter }) => [dataCenter, COPIES])),
        },
        gcGraceSec: GC_GRACE_SEC,
      })),

    registerSize: () =>
      read(() => {
        const sizes = database.tables(keyspace).map((table) => table.spec.count);
        const rows = sizes.reduce((sum, size) => sum + size, 0);
        return {
          rows,
          bytes: rows * ROW_BYTES,
          largestPartitionBytes: Math.max(0, ...sizes) * ROW_BYTES,
          hostsAsked: database.coordinators.length,
          hostsAnswered: database.coordinators.length,
        };
      }),
  };
}

function countOwners(records: readonly OwnerRecord[]): Omit<CensusPage, "nextAfter"> {
  const counts = new Map<string, { owner: Incarnation; keys: number }>();
  let [unreadable, ownerless] = [0, 0];
  for (const { owner, unreadable: why } of records) {
    if (why !== null) unreadable += 1;
    else if (owner === null) ownerless += 1;
    else {
      const id = toIncarnationId(owner);
      const known = counts.get(id);
      if (known === undefined) counts.set(id, { owner, keys: 1 });
      else known.keys += 1;
    }
  }
  return { rows: records.length, unreadable, ownerless, owners: [...counts.values()] };
}
