import type { HafRead, HafStore } from "#server/haf/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { readConnections, readDatabaseBytes, readEventQueue, readSchemas } from "./activity-reads.ts";
import { readApps } from "./apps-read.ts";
import { type Capabilities, readCapabilities } from "./capabilities.ts";
import { type HafConnections, type HafSource, openHafConnections } from "./haf-connections.ts";
import { hafOpsError, isLocked } from "./haf-errors.ts";
import { readIndexBuilds, readIndexes, readVacuum } from "./index-reads.ts";
import { readInstance } from "./instance-read.ts";
import { readAppLog, readAppLogOf, readForks, readHived } from "./log-reads.ts";

/** Rights may be given while we are connected: so long after they were asked for they are asked for again. */
const CAPABILITIES_MAX_AGE_MS = 60_000;
const BUSY = "locks on its tables: HAF is changing indexes or keys";

/** The database of a HAF stack. Connects with its first read; every read stands by itself. */
export function createPostgresHafStore(source: HafSource, clock: Clock): HafStore {
  const connections = openHafConnections(source);
  const capabilities = rememberedCapabilities(connections, clock);

  async function read<T>(
    signal: AbortSignal | undefined,
    ask: (of: Capabilities) => Promise<T> | T,
  ): Promise<HafRead<T>> {
    signal?.throwIfAborted();
    try {
      return { kind: "read", value: await unlessAborted(signal, capabilities.get().then(ask)) };
    } catch (cause) {
      signal?.throwIfAborted();
      if (isLocked(cause)) return { kind: "busy", reason: BUSY };
      const error = hafOpsError(cause);
      // Tables that are no longer what they were: another release of HAF was set up under our feet.
      if (error.code === "upstream-malformed") capabilities.forget();
      throw error;
    }
  }

  return {
    database: (signal) => read(signal, ({ hasVacuum: _, ...facts }) => facts),
    instance: (signal) => read(signal, (of) => readInstance(connections, of)),
    apps: (signal) => read(signal, (of) => readApps(connections, of)),
    indexes: (signal) => read(signal, (of) => readIndexes(connections, of)),
    appLog: (after, signal) => read(signal, (of) => readAppLog(connections, of, after)),
    appLogOf: (ids, signal) => read(signal, (of) => readAppLogOf(connections, of, ids)),
    forks: (after, signal) => read(signal, () => readForks(connections, after)),
    hivedConnections: (after, signal) => read(signal, () => readHived(connections, after)),
    vacuum: (signal) => read(signal, (of) => readVacuum(connections, of)),
    eventQueue: (signal) => read(signal, () => readEventQueue(connections)),
    indexBuilds: (signal) => read(signal, () => readIndexBuilds(connections)),
    connections: (signal) => read(signal, () => readConnections(connections)),
    databaseBytes: (signal) => read(signal, () => readDatabaseBytes(connections)),
    schemas: (names, signal) => read(signal, () => readSchemas(connections, names)),
    close: () => connections.close(),
  };
}

/** Found out once for each new connection, and now and then. */
function rememberedCapabilities(connections: HafConnections, clock: Clock) {
  let known: { readonly of: Capabilities; readonly generation: number; readonly at: MonotonicMs } | null = null;
  return {
    async get(): Promise<Capabilities> {
      const fresh = known !== null && clock.monotonic() - known.at < CAPABILITIES_MAX_AGE_MS;
      if (known !== null && fresh && known.generation === connections.generation()) return known.of;
      const of = await readCapabilities(connections);
      known = { of, generation: connections.generation(), at: clock.monotonic() };
      return of;
    },
    forget(): void {
      known = null;
    },
  };
}

/** The statement itself runs on to its own end, which is never far. */
function unlessAborted<T>(signal: AbortSignal | undefined, answer: Promise<T>): Promise<T> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
