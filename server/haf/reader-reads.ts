/** What was last read of a stack, and which read is due. One read at a time: the pool is small on purpose. */
import type { HafConnection, HafDatabaseFacts, HafIndexBuild } from "#server/contract/haf.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import { withinDeadline } from "./deadline.ts";
import type { HafContext, HafEventQueue, HafIndex, HafInstance, HafRead, HafStore, HafVacuum } from "./ports.ts";

/** Longest wait for one read; the session's own limit is shorter. */
export const READ_TIMEOUT_MS = 4_000;
const INDEXES_BUSY_PERIOD_MS = 5_000;
const INDEXES_IDLE_PERIOD_MS = 60_000;

/** Start to start of two reads of the same kind. */
const PERIOD_MS = {
  database: 60_000,
  instance: 2_000,
  apps: 2_000,
  indexes: INDEXES_BUSY_PERIOD_MS,
  builds: 5_000,
  connections: 10_000,
  eventQueue: 10_000,
  vacuum: 30_000,
  databaseBytes: 300_000,
  schemas: 10_000,
} as const;
type ReadKind = keyof typeof PERIOD_MS;

/** A read that begins this much early counts as due: looks are no metronome. */
const EARLY_MS = 100;

/** The last answer of each read; `null` = none yet. */
export interface HafSeen {
  readonly database: HafDatabaseFacts | null;
  readonly instance: HafInstance | null;
  readonly apps: readonly HafContext[] | null;
  readonly indexes: readonly HafIndex[] | null;
  readonly builds: readonly HafIndexBuild[] | null;
  readonly connections: readonly HafConnection[] | null;
  readonly eventQueue: HafEventQueue | null;
  readonly vacuum: readonly HafVacuum[] | null;
  readonly databaseBytes: DecimalText | null;
  /** Of configured apps without a context those whose schema exists. */
  readonly schemas: readonly string[] | null;
}

export interface Busy {
  readonly since: MonotonicMs;
  readonly reason: string;
}

const NOTHING_SEEN: HafSeen = {
  database: null,
  instance: null,
  apps: null,
  indexes: null,
  builds: null,
  connections: null,
  eventQueue: null,
  vacuum: null,
  databaseBytes: null,
  schemas: null,
};

export interface HafReads {
  seen(): HafSeen;
  /** Set while locks keep some read from answering. */
  busy(): Busy | null;
  /** One read, bounded in time; `null` = busy, which is remembered until the same read answers. */
  read<T>(kind: string, call: (signal: AbortSignal) => Promise<HafRead<T>>): Promise<T | null>;
  /** Everything that is due, one after the other. @throws OpsError of the first that fails */
  readDue(force: boolean): Promise<void>;
  /** The next look asks what the database is: it may be another one. */
  forgetDatabase(): void;
}

/** @param configured names of apps that are meant to be there */
export function createHafReads(store: HafStore, clock: Clock, configured: readonly string[]): HafReads {
  const startedAt = new Map<ReadKind, MonotonicMs>();
  const busy = new Map<string, Busy>();
  let seen: HafSeen = NOTHING_SEEN;

  async function read<T>(kind: string, call: (signal: AbortSignal) => Promise<HafRead<T>>): Promise<T | null> {
    const answer = await withinDeadline(clock, READ_TIMEOUT_MS, `The read of ${kind}`, call);
    if (answer.kind === "busy") {
      busy.set(kind, { since: busy.get(kind)?.since ?? clock.monotonic(), reason: answer.reason });
      return null;
    }
    busy.delete(kind);
    return answer.value;
  }

  function periodOf(kind: ReadKind): number {
    if (kind !== "indexes") return PERIOD_MS[kind];
    const settled = seen.indexes?.every(({ status }) => status === "created") ?? false;
    return settled ? INDEXES_IDLE_PERIOD_MS : INDEXES_BUSY_PERIOD_MS;
  }

  function isDue(kind: ReadKind): boolean {
    if (kind === "builds" && !(seen.indexes ?? []).some(({ status }) => status === "creating")) {
      busy.delete(kind);
      return false;
    }
    const last = startedAt.get(kind);
    return last === undefined || clock.monotonic() - last >= periodOf(kind) - EARLY_MS;
  }

  async function due<T>(
    kind: ReadKind,
    force: boolean,
    call: (signal: AbortSignal) => Promise<HafRead<T>>,
    keep: (value: T) => Partial<HafSeen>,
  ): Promise<void> {
    if (!isDue(kind) && !(force && kind !== "builds")) return;
    startedAt.set(kind, clock.monotonic());
    const value = await read(kind, call);
    // Busy: it is asked again at the next look, whatever its pace, so that it is told as soon as it is over.
    if (value === null) startedAt.delete(kind);
    else seen = { ...seen, ...keep(value) };
  }

  /** An app without a context may have a schema already. */
  async function readSchemas(force: boolean): Promise<void> {
    const there = new Set((seen.apps ?? []).map(({ name }) => name));
    const absent = configured.filter((name) => !there.has(name));
    if (absent.length === 0) {
      busy.delete("schemas");
      seen = { ...seen, schemas: [] };
    } else if (store.schemas !== undefined) {
      const ask = store.schemas.bind(store, absent);
      await due("schemas", force, ask, (schemas) => ({ schemas }));
    }
  }

  return {
    seen: () => seen,
    busy: () => [...busy.values()].toSorted((a, b) => a.since - b.since)[0] ?? null,
    read,
    forgetDatabase: () => startedAt.delete("database"),
    async readDue(force) {
      await due(
        "database",
        force,
        (signal) => store.database(signal),
        (database) => ({ database }),
      );
      await due(
        "instance",
        force,
        (signal) => store.instance(signal),
        (instance) => ({ instance }),
      );
      await due(
        "apps",
        force,
        (signal) => store.apps(signal),
        (apps) => ({ apps }),
      );
      await readSchemas(force);
      await due(
        "indexes",
        force,
        (signal) => store.indexes(signal),
        (indexes) => ({ indexes }),
      );
      await due(
        "builds",
        force,
        (signal) => store.indexBuilds(signal),
        (builds) => ({ builds }),
      );
      if (!(seen.indexes ?? []).some(({ status }) => status === "creating")) seen = { ...seen, builds: [] };
      await due(
        "connections",
        force,
        (signal) => store.connections(signal),
        (connections) => ({ connections }),
      );
      await due(
        "eventQueue",
        force,
        (signal) => store.eventQueue(signal),
        (eventQueue) => ({ eventQueue }),
      );
      await due(
        "vacuum",
        force,
        (signal) => store.vacuum(signal),
        (vacuum) => ({ vacuum }),
      );
      await due(
        "databaseBytes",
        force,
        (signal) => store.databaseBytes(signal),
        (databaseBytes) => ({ databaseBytes }),
      );
    },
  };
}
