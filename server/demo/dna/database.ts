/**
 * The database of the simulation: `nodes` and `actors` of each keyspace, written last-write-wins by the clock of the
 * coordinator that takes the write, and conditionally by one serial round at a time for each partition.
 */
import type { ActorType, Incarnation } from "#server/dna/domain/identity.ts";
import { toActorTypeId, toIncarnationId } from "#server/dna/domain/identity.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { type ActorTable, type ActorTypeSpec, createActorTable, type OwnerRecord } from "./actor-table.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Random } from "./random.ts";
import type { OwnerChange, TraceEvent } from "./trace.ts";

/** Time-out of the driver that DNA uses, by its defaults. */
export const DRIVER_TIMEOUT_MS = 30_000;

export interface Coordinator {
  readonly address: string;
  readonly dataCenter: string;
  readonly rack: string;
  readonly hostId: string;
  /** How far its clock is ahead of true time, in ms. */
  readonly skewMs: number;
}

/** One row of `nodes` as stored. */
export interface StoredNode {
  readonly incarnation: Incarnation;
  readonly id: string;
  /** Cells that are `null` are empty: DNA never leaves them so. */
  readonly node: string | null;
  readonly heartbeat: bigint | null;
  readonly load: number | null;
  readonly draining: boolean | null;
  /** Write time of the cells, in µs of the coordinator's clock. */
  readonly writtenUs: number;
}

export type NodeCells = Omit<StoredNode, "writtenUs" | "id">;

/** A client's way to the database. */
export interface Link {
  readonly random: Random;
  /** Cut: nothing arrives, nothing comes back. */
  readonly cut: boolean;
  /** Latency of one round trip, in ms. */
  readonly latencyMs: readonly [number, number];
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

interface Keyspace {
  /** Cluster to rows by incarnation. */
  readonly nodes: Map<string, Map<string, StoredNode>>;
  /** Deleted rows: a write with an older time stays hidden. */
  readonly tombstonesUs: Map<string, number>;
  readonly tables: Map<string, ActorTable>;
  /** Partition of `actors` to the end of the serial round in progress. */
  readonly busyUntil: Map<string, number>;
}

export interface Database {
  readonly coordinators: readonly Coordinator[];
  /** Down: nobody gets an answer. */
  down: boolean;
  addKeyspace(name: string): void;
  addActorType(keyspace: string, spec: ActorTypeSpec): ActorTable;
  clusters(keyspace: string): readonly string[];
  /** Rows by (created_at, id). */
  nodes(keyspace: string, cluster: string): readonly StoredNode[];
  /** Written now by the clock of `by`, which a test may move by `agoMs`. */
  writeNode(keyspace: string, cluster: string, row: NodeCells, by: Coordinator, agoMs?: number, vm?: string): void;
  deleteNode(keyspace: string, cluster: string, id: string, by: Coordinator): void;
  tables(keyspace: string): readonly ActorTable[];
  table(keyspace: string, type: ActorType): ActorTable | null;
  /** Milliseconds since the epoch by the coordinator's clock. */
  clockOf(coordinator: Coordinator): number;
  pick(random: Random): Coordinator;
  /** A plain round trip: `apply` runs in the middle of it, `done` at its end. */
  request<T>(link: Link, apply: (by: Coordinator) => T, done: (answer: Answer<T>) => void): void;
  /** A conditional round on one partition of `actors`: one at a time. */
  serial<T>(link: Link, keyspace: string, type: ActorType, apply: () => T, done: (answer: Answer<T>) => void): void;
  /** Reserves the next serial round of a partition that lasts `roundMs`; answers in how many ms it is applied. */
  reserve(keyspace: string, type: ActorType, roundMs: number): number;
}

const US_PER_MS = 1_000;

export function createDatabase(options: {
  readonly queue: EventQueue;
  readonly startEpoch: EpochMs;
  readonly coordinators: readonly [Coordinator, ...Coordinator[]];
  readonly trace: (event: TraceEvent) => void;
}): Database {
  const { queue, startEpoch, coordinators, trace } = options;
  const keyspaces = new Map<string, Keyspace>();
  const of = (keyspace: string): Keyspace => {
    const found = keyspaces.get(keyspace);
    if (found === undefined) throw new RangeError(`no keyspace ${keyspace}`);
    return found;
  };
  const clockOf = (coordinator: Coordinator): number => startEpoch + queue.now() + coordinator.skewMs;
  const pick = (random: Random): Coordinator => coordinators[random.below(coordinators.length)] ?? coordinators[0];

  function reserve(keyspace: string, type: ActorType, roundMs: number): number {
    const { busyUntil } = of(keyspace);
    const partition = toActorTypeId(type);
    const end = Math.max(queue.now(), busyUntil.get(partition) ?? 0) + roundMs;
    busyUntil.set(partition, end);
    return end - queue.now();
  }

  function trip<T>(link: Link, thereMs: number, apply: () => T, done: (answer: Answer<T>) => void): void {
    const lost = (): boolean => link.cut || database.down;
    const timeOut = (): void => {
      queue.after(DRIVER_TIMEOUT_MS, () => done({ ok: false, reason: "the database did not answer" }));
    };
    if (lost()) {
      timeOut();
      return;
    }
    queue.after(thereMs, () => {
      if (lost()) {
        timeOut();
        return;
      }
      const value = apply();
      queue.after(thereMs / 2, () => (lost() ? timeOut() : done({ ok: true, value })));
    });
  }

  const halfTrip = (link: Link): number => link.random.between(link.latencyMs[0], link.latencyMs[1]) / 2;

  const database: Database = {
    coordinators,
    down: false,
    addKeyspace(name) {
      keyspaces.set(name, { nodes: new Map(), tombstonesUs: new Map(), tables: new Map(), busyUntil: new Map() });
    },
    addActorType(keyspace, spec) {
      const table = createActorTable(spec, startEpoch);
      of(keyspace).tables.set(toActorTypeId(spec), table);
      return table;
    },
    clusters: (keyspace) =>
      [...of(keyspace).nodes]
        .filter(([, rows]) => rows.size > 0)
        .map(([name]) => name)
        .sort(),
    nodes: (keyspace, cluster) => [...(of(keyspace).nodes.get(cluster)?.values() ?? [])].sort(byClustering),
    writeNode(keyspace, cluster, row, by, agoMs = 0, vm = row.node ?? "") {
      const space = of(keyspace);
      const id = toIncarnationId(row.incarnation);
      const writtenUs = Math.floor((clockOf(by) - agoMs) * US_PER_MS);
      if ((space.tombstonesUs.get(id) ?? Number.NEGATIVE_INFINITY) >= writtenUs) return;
      const rows = space.nodes.get(cluster) ?? new Map<string, StoredNode>();
      space.nodes.set(cluster, rows);
      const present = rows.get(id);
      if (present !== undefined && present.writtenUs > writtenUs) return;
      rows.set(id, { ...row, id, writtenUs });
      trace({ kind: "beat", at: queue.now(), incarnation: id, vm });
    },
    deleteNode(keyspace, cluster, id, by) {
      const space = of(keyspace);
      const deletedUs = Math.floor(clockOf(by) * US_PER_MS);
      space.tombstonesUs.set(id, Math.max(deletedUs, space.tombstonesUs.get(id) ?? deletedUs));
      const present = space.nodes.get(cluster)?.get(id);
      if (present === undefined || present.writtenUs > deletedUs) return;
      space.nodes.get(cluster)?.delete(id);
      trace({ kind: "row-deleted", at: queue.now(), incarnation: id });
    },
    tables: (keyspace) => [...of(keyspace).tables.values()],
    table: (keyspace, type) => of(keyspace).tables.get(toActorTypeId(type)) ?? null,
    clockOf,
    pick,
    reserve,
    request(link, apply, done) {
      const by = pick(link.random);
      trip(link, halfTrip(link), () => apply(by), done);
    },
    serial(link, keyspace, type, apply, done) {
      trip(link, link.cut ? 0 : reserve(keyspace, type, 2 * halfTrip(link)), apply, done);
    },
  };
  return database;
}

function byClustering(a: StoredNode, b: StoredNode): number {
  if (a.incarnation.createdAt !== b.incarnation.createdAt) return a.incarnation.createdAt - b.incarnation.createdAt;
  return a.incarnation.id < b.incarnation.id ? -1 : 1;
}

/** The key of one actor, with its table at hand. */
export interface SimulatedKey {
  readonly table: ActorTable;
  readonly name: string;
  /** Unambiguous within a keyspace. */
  readonly text: string;
}

export const simulatedKey = (table: ActorTable, name: string): SimulatedKey => ({
  table,
  name,
  text: `${toActorTypeId(table.spec)}|${name}`,
});

/** A claim or release takes effect if the owner is still `from`; answers the owner found otherwise. */
export function changeOwner(
  key: SimulatedKey,
  change: { readonly from: Incarnation | null; readonly to: Incarnation | null; readonly claimedAt: number },
  trace: (event: TraceEvent) => void,
  at: number,
  by: OwnerChange,
): { readonly applied: boolean; readonly found: OwnerRecord | null } {
  const found = key.table.get(key.name);
  const owner = found?.owner ?? null;
  const { from, to } = change;
  const matches = from === null ? found === null : owner !== null && toIncarnationId(owner) === toIncarnationId(from);
  if (!matches) return { applied: false, found };
  if (to === null) key.table.delete(key.name);
  else key.table.set(key.name, { owner: to, claimedAt: epochMs(Math.floor(change.claimedAt)), unreadable: null });
  trace({
    kind: "owner-changed",
    at,
    key: key.text,
    from: from === null ? null : toIncarnationId(from),
    to: to === null ? null : toIncarnationId(to),
    by,
  });
  return { applied: true, found };
}
