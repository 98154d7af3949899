/** Whole Dynflow sources on real PostgreSQL databases, with stand-in executors, for tests of what can go wrong there. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { loadDump, type TestPostgres } from "#scripts/testing/postgres.ts";
import { type Behaviour, everythingSucceeds } from "#server/demo/dynflow/behaviour.ts";
import { createExecutorWorld, type ExecutorWorld } from "#server/demo/dynflow/executor-world.ts";
import { openPostgresDatabase, type PostgresDatabase } from "#server/demo/dynflow/postgres-database.ts";
import { createPostgresMailbox } from "#server/dynflow/adapters/postgres/postgres-mailbox.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createMemoryJournal, createMemoryStateStore } from "./follower.test-kit.ts";
import type { DynflowMailbox, DynflowStore } from "./ports.ts";
import { createLiveSource } from "./service-live-source.ts";

const DUMP = join(import.meta.dirname, "../../fixtures/dynflow/v25.pg.sql");
const PATIENCE_MS = 60_000;
const POLL_MS = 20;
const systemClock = createSystemClock();

export interface LiveOptions {
  readonly act?: boolean;
  readonly clock?: Clock;
  /** Of another database than PostgreSQL. */
  readonly openStore?: (source: { readonly url: string }) => DynflowStore;
  readonly openMailbox?: (source: { readonly url: string }) => DynflowMailbox;
}

/** Undone in reverse, by `afterEach(bench.clean)`. */
export function createLiveBench(postgres: () => TestPostgres) {
  const cleanups: (() => Promise<void> | void)[] = [];

  return {
    cleanUp: (undo: () => Promise<void> | void) => void cleanups.push(undo),
    async clean() {
      for (const undo of cleanups.splice(0).toReversed()) await undo();
    },
    /** A database written by a real Dynflow 2.0. Its worlds died long ago. */
    async realDatabase(): Promise<{ readonly url: string; readonly database: PostgresDatabase }> {
      const url = await postgres().createDatabase(`dynflow_${randomUUID().slice(0, 8)}`);
      await loadDump(url, DUMP);
      const database = openPostgresDatabase(url);
      cleanups.push(() => database.close());
      return { url, database };
    },
    /** One console's source, with a journal of its own, from now until it is stopped. */
    live(url: string, options: LiveOptions = {}) {
      const clock = options.clock ?? systemClock;
      const journal = createMemoryJournal(clock);
      const { openStore = createPostgresStore, openMailbox = createPostgresMailbox } = options;
      const store = openStore({ url });
      const source = createLiveSource({
        id: "foreman",
        title: "Foreman",
        act: options.act ?? true,
        release: "2.0",
        cancellable: [],
        demo: false,
        store,
        openMailbox: async () => openMailbox({ url }),
        recorder: journal.recorder,
        view: journal.view,
        state: createMemoryStateStore(),
        operations: createOperations({ recorder: journal.recorder, view: journal.view, clock }),
        clock,
        log: silentLogger,
        hostname: "ops",
        pid: 1,
        newWorldId: randomUUID,
      });
      const abort = new AbortController();
      const ended = source.run(abort.signal);
      let running = true;
      const stop = async () => {
        if (!running) return;
        running = false;
        abort.abort();
        await ended;
        await store.close();
      };
      cleanups.push(stop);
      return { source, journal, stop, fold: () => journal.view.dynflow("foreman") };
    },
    /** A stand-in executor in this process. */
    async executorOn(
      database: PostgresDatabase,
      behaviour: Behaviour = everythingSucceeds,
      hostname = "exec-one",
    ): Promise<ExecutorWorld> {
      const world = createExecutorWorld({
        database,
        clock: systemClock,
        log: silentLogger,
        id: randomUUID(),
        hostname,
        pid: 7,
        queues: { default: 5 },
        behaviour,
        delayedExecutor: false,
        newId: randomUUID,
        listen: database.listen,
      });
      await world.start();
      cleanups.push(() => world.stop());
      return world;
    },
    /** Milliseconds until the condition held. */
    async until(what: string, condition: () => boolean | Promise<boolean>, patienceMs = PATIENCE_MS): Promise<number> {
      const start = performance.now();
      while (!(await condition())) {
        if (performance.now() - start > patienceMs) throw new Error(`not within ${patienceMs} ms: ${what}`);
        await systemClock.sleep(POLL_MS);
      }
      return performance.now() - start;
    },
    sleep: (ms: number) => systemClock.sleep(ms),
  };
}
