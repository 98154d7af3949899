import type { Clock } from "#server/kernel/clock.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { ActorKey, ActorType, Incarnation } from "./domain/identity.ts";
import { type ActorRow, type DnaStore, isMalformed, type MalformedRow, type NodeRow } from "./ports.ts";

/** A row of `nodes` as a test writes it: a cell that is `null` stays empty. */
export interface SeedNode {
  readonly cluster: string;
  readonly incarnation: Incarnation;
  readonly node: string | null;
  readonly heartbeat: bigint | null;
  readonly load: number | null;
  readonly draining: boolean | null;
  /**
   * How long ago, by the database's own clock, the row was written; below 0: by a coordinator whose clock is ahead.
   * Every later write of the same row must be younger.
   */
  readonly writtenAgoMs: number;
}

/** A row of `actors` as a test writes it: a cell that is `null` stays empty. */
export interface SeedActor extends ActorKey {
  readonly nodeCreated: number | null;
  readonly nodeId: bigint | null;
  readonly claimedAt: number | null;
}

/** One entry of `storage_kv` as a test writes it: a cell that is `null` stays empty. */
export interface SeedStorage {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly size: number | null;
}

/**
 * What DNA does to its tables, for tests. Each call has taken effect, for every later read of the store, when it
 * resolves. Writing a row that is there replaces all its cells; deleting one that is not there does nothing.
 */
export interface DnaSeeding {
  writeNode(row: SeedNode): Promise<void>;
  deleteNode(cluster: string, incarnation: Incarnation): Promise<void>;
  writeActor(row: SeedActor): Promise<void>;
  deleteActor(key: ActorKey): Promise<void>;
  writeStorage(key: ActorKey, row: SeedStorage): Promise<void>;
}

/** A clock that moves only when told to (`createManualClock` of `#server/runtime/clock.ts` is one). */
export interface SteppedClock extends Clock {
  advance(ms: number): Promise<void>;
}

export interface DnaStoreHarness {
  /** Over tables that are empty. */
  readonly store: DnaStore;
  readonly seed: DnaSeeding;
  /** The clock the store was given: a simulator lives by it, a real database has its own. */
  readonly clock: SteppedClock;
  /** Closes the store and whatever was opened for it. */
  close(): Promise<void>;
}

/** Instants and identities of the suite. */
export const T0 = 1_795_300_000_123;
export const A: Incarnation = { createdAt: epochMs(T0), id: 7n };
export const B: Incarnation = { createdAt: epochMs(T0 + 1), id: -7n };
export const CITY: ActorType = { namespace: "eu", moduleId: 0 };
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** A row of `nodes` in the cluster `prod`. */
export const node = (incarnation: Incarnation, rest: Partial<SeedNode> = {}): SeedNode => ({
  cluster: "prod",
  incarnation,
  node: "dna@10.0.0.1",
  heartbeat: -576_460_752_000n,
  load: 0.5,
  draining: false,
  writtenAgoMs: 0,
  ...rest,
});

/** A row of `actors` of the type `CITY`. */
export const actor = (name: string, owner: Incarnation | null, rest: Partial<SeedActor> = {}): SeedActor => ({
  ...CITY,
  name,
  nodeCreated: owner?.createdAt ?? null,
  nodeId: owner?.id ?? null,
  claimedAt: T0 + 5,
  ...rest,
});

/** The harness of the running test, with what its parts share. */
export interface Subject {
  readonly store: DnaStore;
  readonly seed: DnaSeeding;
  readonly clock: SteppedClock;
  /** Keys of `CITY`, all owned by A. */
  seedNames(names: readonly string[]): Promise<void>;
  /** A page of the names of `CITY`. */
  namesOf(prefix: string, after: string | null, limit: number): Promise<NamePage>;
  /** The readable rows of a cluster. */
  nodesOf(cluster: string): Promise<readonly NodeRow[]>;
  /** The owner of a key of `CITY`, read for a decision. */
  ownerOf(name: string): Promise<ActorRow["owner"] | MalformedRow>;
}

export interface NamePage {
  readonly names: readonly string[];
  readonly next: string | null;
}

/** @param harness the one of the running test */
export function subjectOf(harness: () => DnaStoreHarness): Subject {
  return {
    get store() {
      return harness().store;
    },
    get seed() {
      return harness().seed;
    },
    get clock() {
      return harness().clock;
    },
    async seedNames(names) {
      for (const name of names) await harness().seed.writeActor(actor(name, A));
    },
    async namesOf(prefix, after, limit) {
      const page = await harness().store.actorPage({ type: CITY, prefix, after, limit });
      return { names: page.rows.map((row) => (isMalformed(row) ? `! ${row.key}` : row.name)), next: page.nextAfter };
    },
    async nodesOf(cluster) {
      return (await harness().store.nodes(cluster)).filter((row): row is NodeRow => !isMalformed(row));
    },
    async ownerOf(name) {
      const row = await harness().store.actor({ ...CITY, name }, "serial");
      return row === null || isMalformed(row) ? row : row.owner;
    },
  };
}
