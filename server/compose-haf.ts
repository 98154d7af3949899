import type { HafSourceConfiguration } from "#server/config/model.ts";
import { createDockerEngine } from "#server/haf/adapters/docker/docker-engine.ts";
import { createPostgresHafStore } from "#server/haf/adapters/postgres/postgres-haf-store.ts";
import type { HafEngine, HafStore } from "#server/haf/ports.ts";
import { createHafReader } from "#server/haf/reader.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { SourceDeps } from "./compose-dna.ts";

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
export function openHafStore({ url, password }: HafSourceConfiguration): HafStore {
  const source = { url, ...(password === null ? {} : { password: password.reveal() }) };
  return createPostgresHafStore(source, createSystemClock());
}

/** The engine as configured; `null` = none is. Connects with its first question. */
export const openHafEngine = ({ docker }: HafSourceConfiguration): HafEngine | null =>
  docker === null ? null : createDockerEngine({ way: docker.engine, project: docker.project });

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
