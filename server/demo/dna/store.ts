import { type ActorKey, type ActorType, type Incarnation, toIncarnationId } from "#server/dna/domain/identity.ts";
import {
  type ActorRow,
  type CasOutcome,
  type DnaStore,
  type MalformedRow,
  type NodeRow,
  RELEASE_BATCH_KEYS_MAX,
  type WriteOutcome,
} from "#server/dna/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { OwnerRecord } from "./actor-table.ts";
import { type Coordinator, changeOwner, type SimulatedKey, type StoredNode, simulatedKey } from "./database.ts";
import type { SimulationDriver } from "./driver.ts";
import { type Random, streamOf } from "./random.ts";
import { createSimulatedRegister } from "./register-reads.ts";
import { createSimulatedStorage, type SimulatedStorage } from "./storage.ts";

const TIMEOUT_MS = 2_000;
const PAGE_LIMIT_MAX = 5_000;
const STORAGE_LIMIT_MAX = 1_000;
const US_PER_MS = 1_000;

export type StoreCall =
  | "clusters"
  | "nodes"
  | "actorTypes"
  | "actorPage"
  | "actor"
  | "storage"
  | "release"
  | "claim"
  | "deleteNodeRow"
  | "databaseCluster";

/**
 * What goes wrong with the next calls of a kind. `before`: lost on the way there; `after`: done, but the answer is lost;
 * `unavailable`: refused by the database, so certainly not done.
 */
export interface StoreFault {
  readonly call: StoreCall;
  readonly kind: "before" | "after" | "unavailable";
  /** How many calls it hits. */
  times: number;
}

export interface SimulatedDnaStore extends DnaStore {
  /** What actors have written; for tests. */
  readonly storage: SimulatedStorage;
  inject(fault: StoreFault): void;
}

export interface SimulatedStoreOptions {
  /** Round trip in ms of the driver's clock, from and to; 0 answers at once, without a sleep. */
  readonly latencyMs?: readonly [number, number];
  /** Name of the database cluster. */
  readonly name?: string;
}

/** The console's view of one keyspace of a simulation: the same promises as the adapter of the real database. */
export function createSimulatedDnaStore(
  driver: SimulationDriver,
  keyspace: string,
  options: SimulatedStoreOptions = {},
): SimulatedDnaStore {
  const { simulation, clock } = driver;
  const { database, queue } = simulation;
  const random: Random = streamOf(simulation.seed, `console/${keyspace}`);
  const [fastestMs, slowestMs] = options.latencyMs ?? [2, 12];
  const faults: StoreFault[] = [];
  let closed = false;

  const wait = async (ms: number): Promise<void> => {
    if (ms > 0) await clock.sleep(ms);
  };
  function faultOf(call: StoreCall): StoreFault["kind"] | null {
    const fault = faults.find((each) => each.call === call && each.times > 0);
    if (fault === undefined) return null;
    fault.times -= 1;
    return fault.kind;
  }

  /** One round trip. Throws `TimedOut` where the outcome is not known. */
  async function trip<T>(call: StoreCall, apply: (by: Coordinator) => T, reserveMs?: () => number): Promise<T> {
    if (closed) throw new OpsError("upstream-unavailable", "The connection to the database was closed");
    const fault = faultOf(call);
    if (fault === "unavailable") throw new OpsError("upstream-unavailable", "Too few replicas are alive");
    const halfMs = random.between(fastestMs, slowestMs) / 2;
    const by = database.pick(random);
    await wait(halfMs);
    driver.catchUp();
    if (database.down || fault === "before") return timeOut();
    if (reserveMs !== undefined) {
      await wait(reserveMs());
      driver.catchUp();
    }
    const value = apply(by);
    if (fault === "after") return timeOut();
    await wait(halfMs);
    driver.catchUp();
    return database.down ? timeOut() : value;
  }
  async function timeOut(): Promise<never> {
    await wait(slowestMs > 0 ? TIMEOUT_MS : 0);
    throw new TimedOut();
  }

  const read = <T>(call: StoreCall, apply: (by: Coordinator) => T): Promise<T> =>
    trip(call, apply).catch((cause: unknown): never => {
      throw cause instanceof TimedOut ? new OpsError("upstream-unavailable", cause.message) : cause;
    });

  async function conditional(type: ActorType, changes: readonly OwnerChange[]): Promise<CasOutcome> {
    for (const text of [type.namespace, ...changes.map(({ name }) => name)]) requireWellFormed(text);
    if (changes.length < 1 || changes.length > RELEASE_BATCH_KEYS_MAX) {
      throw new OpsError("invalid-input", `A batch has 1 to ${RELEASE_BATCH_KEYS_MAX} keys, not ${changes.length}`);
    }
    const round = (): number =>
      slowestMs > 0 ? database.reserve(keyspace, type, random.between(fastestMs, slowestMs)) : 0;
    const call = changes[0]?.to === null ? "release" : "claim";
    try {
      return await trip(call, () => changeAll(type, changes), round);
    } catch (cause) {
      if (cause instanceof TimedOut) return { kind: "unknown", reason: cause.message };
      throw cause;
    }
  }

  /** All or nothing, in one instant of the simulation. */
  function changeAll(type: ActorType, changes: readonly OwnerChange[]): CasOutcome {
    const table = database.table(keyspace, type);
    if (table === null) return { kind: "rejected", owner: changes.length === 1 ? null : "not-told" };
    const refused = changes.find(({ name, from }) => !isOwnedBy(simulatedKey(table, name), from));
    if (refused !== undefined) return refusal(changes.length, table.get(refused.name));
    for (const change of changes) {
      const by = change.to === null ? "release" : "claim";
      changeOwner(simulatedKey(table, change.name), change, simulation.trace, queue.now(), by);
    }
    return { kind: "applied" };
  }

  async function deleteNodeRow(cluster: string, incarnation: Incarnation): Promise<WriteOutcome> {
    requireWellFormed(cluster);
    try {
      await trip("deleteNodeRow", (by) => database.deleteNode(keyspace, cluster, toIncarnationId(incarnation), by));
      return { kind: "applied" };
    } catch (cause) {
      if (cause instanceof TimedOut) return { kind: "unknown", reason: cause.message };
      throw cause;
    }
  }

  const storage = createSimulatedStorage({
    has: (key) => (database.table(keyspace, key)?.spec.count ?? 0) > 0 && isRow(key),
    now: () => clock.now(),
    seed: simulation.seed,
  });
  const isRow = (key: ActorKey): boolean => (database.table(keyspace, key)?.get(key.name) ?? null) !== null;

  return {
    storage,
    inject: (fault) => void faults.push(fault),
    clusters: () => read("clusters", () => database.clusters(keyspace)),
    nodes: (cluster) =>
      read("nodes", (by) => database.nodes(keyspace, cluster).map((row) => toNodeRow(row, database.clockOf(by)))),
    actorTypes: () =>
      read("actorTypes", () =>
        database
          .tables(keyspace)
          .filter((table) => !table.isEmpty())
          .map(({ spec: { namespace, moduleId } }) => ({ namespace, moduleId }))
          .sort(byNamespaceThenNumber),
      ),
    async actorPage({ type, prefix, after, limit }) {
      if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) {
        throw new OpsError("invalid-input", `A page has 1 to ${PAGE_LIMIT_MAX} rows, not ${limit}`);
      }
      for (const text of [type.namespace, prefix, after ?? ""]) requireWellFormed(text);
      const rows = await read("actorPage", () => database.table(keyspace, type)?.slice(prefix, after, limit + 1) ?? []);
      const shown = rows.slice(0, limit);
      const nextAfter = rows.length > limit ? (shown.at(-1)?.[0] ?? null) : null;
      return { rows: shown.map(([name, record]) => toActorRow(name, record)), nextAfter };
    },
    async actor(key: ActorKey) {
      for (const text of [key.namespace, key.name]) requireWellFormed(text);
      const record = await read("actor", () => database.table(keyspace, key)?.get(key.name) ?? null);
      return record === null ? null : toActorRow(key.name, record);
    },
    async ownerWrittenAt(key) {
      for (const text of [key.namespace, key.name]) requireWellFormed(text);
      const record = await read("actor", () => database.table(keyspace, key)?.get(key.name) ?? null);
      return record === null || record.owner === null ? null : record.claimedAt;
    },
    async storageRows(key, after, limit) {
      for (const text of [key.namespace, key.name]) requireWellFormed(text);
      if (!Number.isInteger(limit) || limit < 1 || limit > STORAGE_LIMIT_MAX) {
        throw new OpsError("invalid-input", `A page of storage has 1 to ${STORAGE_LIMIT_MAX} rows, not ${limit}`);
      }
      return read("storage", () => storage.page(key, after, limit));
    },
    async storageValue(key, storageKey, maxBytes) {
      for (const text of [key.namespace, key.name]) requireWellFormed(text);
      return read("storage", () => storage.value(key, storageKey, maxBytes));
    },
    release: (key, owner) => conditional(key, [released(key.name, owner)]),
    releaseBatch: (type, names, owner) =>
      conditional(
        type,
        names.map((name) => released(name, owner)),
      ),
    claim: (key, from, to, claimedAt) => conditional(key, [{ name: key.name, from, to, claimedAt }]),
    claimBatch: (type, claims, from, claimedAt) =>
      conditional(
        type,
        claims.map((claim) => ({ ...claim, from, claimedAt })),
      ),
    deleteNodeRow,
    databaseCluster: () =>
      read("databaseCluster", () => ({
        name: options.name ?? "demo",
        product: "simulator",
        hosts: database.coordinators.map(({ address, dataCenter, rack, hostId }) => ({
          ...{ address, dataCenter, rack, hostId },
          version: "simulated",
          up: !database.down,
        })),
      })),
    ...createSimulatedRegister({ database, keyspace, read: (apply) => read("actorPage", apply) }),
    async close() {
      closed = true;
    },
  };
}

/** What a conditional round does to one of its rows; `to` is `null` where the row is deleted. */
interface OwnerChange {
  readonly name: string;
  readonly from: Incarnation;
  readonly to: Incarnation | null;
  readonly claimedAt: number;
}

const released = (name: string, from: Incarnation): OwnerChange => ({ name, from, to: null, claimedAt: 0 });

/** Nobody knows whether it was done. Never leaves this file. */
class TimedOut extends Error {
  constructor() {
    super(`The database did not answer within ${TIMEOUT_MS / 1_000} s`);
  }
}

function isOwnedBy(key: SimulatedKey, owner: Incarnation): boolean {
  const found = key.table.get(key.name)?.owner ?? null;
  return found !== null && found.createdAt === owner.createdAt && found.id === owner.id;
}

function refusal(statements: number, found: OwnerRecord | null): CasOutcome {
  if (statements > 1 || (found !== null && found.unreadable !== null)) return { kind: "rejected", owner: "not-told" };
  return { kind: "rejected", owner: found?.owner ?? null };
}

function toNodeRow(row: StoredNode, coordinatorNowMs: number): NodeRow | MalformedRow {
  const { incarnation, node, heartbeat, load, draining, writtenUs } = row;
  if (node === null || node === "") return { malformed: true, key: row.id, reason: "node is empty" };
  if (heartbeat === null) return { malformed: true, key: row.id, reason: "heartbeat is empty" };
  const writeAgeMs = Math.max(0, Math.floor(coordinatorNowMs) - Math.floor(writtenUs / US_PER_MS));
  const writtenAtMs = Math.floor(writtenUs / US_PER_MS);
  return { incarnation, node, heartbeat, load, draining: draining ?? false, writeAgeMs, writtenAtMs };
}

function toActorRow(name: string, record: OwnerRecord): ActorRow | MalformedRow {
  const { owner, claimedAt, unreadable } = record;
  return unreadable === null ? { name, owner, claimedAt } : { malformed: true, key: name, reason: unreadable };
}

function requireWellFormed(text: string): void {
  if (text.isWellFormed()) return;
  throw new OpsError("invalid-input", "A name has half of a surrogate pair in it, so no key can be called so");
}

function byNamespaceThenNumber(a: ActorType, b: ActorType): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.moduleId - b.moduleId;
}
