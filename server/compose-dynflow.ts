import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { DynflowSourceConfiguration } from "#server/config/model.ts";
import { dynflowStream } from "#server/contract/event.ts";
import { createMysqlMailbox, createMysqlStore } from "#server/dynflow/adapters/mysql/mysql-store.ts";
import { createPostgresMailbox } from "#server/dynflow/adapters/postgres/postgres-mailbox.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { createSqliteMailbox, createSqliteStore } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import type { DynflowMailbox, DynflowStore } from "#server/dynflow/ports.ts";
import { createLiveSource, type LiveSource } from "#server/dynflow/service-live-source.ts";
import type { ConsolePart } from "#server/estate/readers.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Operations } from "#server/operations/ports.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { SourceDeps } from "./compose-dna.ts";
import { withTls } from "./compose-tls.ts";

export interface DynflowSeat {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  readonly act: boolean;
  /** Release as the operator stated it; `null` = not stated. */
  readonly release: string | null;
  readonly demo: boolean;
  /** Classes, or their beginnings (`Actions::*`), whose steps can be cancelled. */
  readonly cancellable: readonly string[];
}

/** How a database is reached: its reader, and, only when it is acted on, its mailbox. */
export interface DynflowAccess {
  readonly store: DynflowStore;
  readonly openMailbox: () => Promise<DynflowMailbox>;
}

export interface DynflowAssembly {
  readonly source: LiveSource;
  readonly region: string;
  /** What acts on its own, each for itself. */
  readonly parts: readonly ConsolePart[];
  /** All of them together, supervised by nobody. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export const sqliteAccess = (path: string): DynflowAccess => ({
  store: createSqliteStore({ path }),
  openMailbox: async () => createSqliteMailbox({ path }),
});

/** The database as configured. Connects with its first read. */
export function accessOf({ database }: DynflowSourceConfiguration): DynflowAccess {
  if (database.kind === "sqlite") return sqliteAccess(database.path);
  const source = databaseOf(database);
  if (database.kind === "mysql") {
    return { store: createMysqlStore(source), openMailbox: async () => createMysqlMailbox(source) };
  }
  return { store: createPostgresStore(source), openMailbox: async () => createPostgresMailbox(source) };
}

type ServerDatabase = Exclude<DynflowSourceConfiguration["database"], { readonly kind: "sqlite" }>;

/** Where a database of a server is, and how it is spoken with. */
export const databaseOf = ({ url, password, tls }: ServerDatabase) => ({
  url,
  ...(password === null ? {} : { password: password.reveal() }),
  ...withTls(tls),
  ...(tls === null || tls.serverName === null ? {} : { serverName: tls.serverName }),
});

export function assembleDynflow(
  seat: DynflowSeat,
  access: DynflowAccess,
  deps: SourceDeps & { readonly state: StateStore; readonly operations: Operations },
): DynflowAssembly {
  const source = createLiveSource({
    ...seat,
    ...access,
    ...deps,
    upstreamClock: createSystemClock(),
    log: deps.log.child({ source: seat.id }),
    hostname: hostname(),
    pid: process.pid,
    newWorldId: randomUUID,
  });
  const stream = dynflowStream(seat.id);
  const parts = source.parts.map(
    ({ name, run }): ConsolePart => ({
      name: `${stream}/${name}`,
      title: name === "plans" ? `Follower of the plans of ${seat.title}` : `Our own world at ${seat.title}`,
      stream,
      run,
    }),
  );
  const run = (signal: AbortSignal) => source.run(signal);
  return { source, region: seat.region, parts, run, close: () => access.store.close() };
}
