import type { HafDockerConfiguration, HafSourceConfiguration } from "#server/config/model.ts";
import { createDockerEngine } from "#server/haf/adapters/docker/docker-engine.ts";
import { createPostgresHafStore } from "#server/haf/adapters/postgres/postgres-haf-store.ts";
import type { HafEngine, HafStore } from "#server/haf/ports.ts";
import { createHafReader } from "#server/haf/reader.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { SourceDeps } from "./compose-dna.ts";
import { withTls } from "./compose-tls.ts";

export interface HafSeat {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  /** Apps in the order in which they are meant to be set up; empty = as they are found. */
  readonly apps: readonly string[];
}

/** The ways to one stack. */
export interface HafWays {
  readonly store: HafStore;
  /** `null` = its containers are not looked at. */
  readonly engine: HafEngine | null;
}

/** A configured HAF stack, read. */
export interface HafAssembly {
  readonly source: Pick<HafSeat, "id" | "title" | "apps">;
  readonly region: string;
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The database as configured. Connects with its first read. */
export const openHafStore = (configuration: HafSourceConfiguration): HafStore =>
  createPostgresHafStore(hafDatabaseOf(configuration), createSystemClock());

/** Where the database is, and how it is spoken with. */
export const hafDatabaseOf = ({ url, password, tls }: HafSourceConfiguration) => ({
  url,
  ...(password === null ? {} : { password: password.reveal() }),
  ...withTls(tls),
});

/** The engine as configured; `null` = none is. Connects with its first question. */
export const openHafEngine = ({ docker }: HafSourceConfiguration): HafEngine | null =>
  docker === null ? null : createDockerEngine({ way: wayTo(docker.engine), project: docker.project });

const wayTo = (engine: HafDockerConfiguration["engine"]) =>
  engine.kind === "socket" ? engine : { kind: engine.kind, url: engine.url, ...withTls(engine.tls) };

export function assembleHaf(seat: HafSeat, { store, engine }: HafWays, deps: SourceDeps): HafAssembly {
  const { recorder, view, clock, log, loopDelay } = deps;
  const { id, title, region, apps } = seat;
  const reader = createHafReader({
    ...{ sourceId: id, store, engine, apps, recorder, view, clock, loopDelay },
    log: log.child({ source: id }),
  });
  return {
    source: { id, title, apps },
    region,
    run: (signal) => reader.run(signal),
    async close() {
      await Promise.all([store.close(), engine?.close()]);
    },
  };
}
