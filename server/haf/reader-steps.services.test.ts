import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { hafStream } from "#server/contract/event.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createHafDatabase, loadHafStep } from "./adapters/postgres/haf-database.test-kit.ts";
import { createPostgresHafStore } from "./adapters/postgres/postgres-haf-store.ts";
import { createHafReader } from "./reader.ts";
import { EXPECTED_STEPS, judgedOf } from "./recorded-steps.test-kit.ts";

const TIMEOUT_MS = 180_000;
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

describe("the recording in a real PostgreSQL, step by step", () => {
  for (const release of ["1.28.4", "1.27.11"] as const) {
    it(
      `gives the expected phases, states, stages, indexes and troubles at each of its 24 steps, with the tables of ${release}`,
      async () => {
        const { url, readerUrl } = await createHafDatabase(server, `steps_${release.replaceAll(".", "_")}`, release);
        const clock = createSystemClock();
        const journal = createMemoryRecorder(clock);
        const store = createPostgresHafStore({ url: readerUrl }, clock);
        const reader = createHafReader({
          ...{ sourceId: "hive", store, engine: null, apps: [], recorder: journal.recorder, view: journal.recorder },
          ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
        });
        try {
          for (const { step, name: _, ...expected } of EXPECTED_STEPS) {
            await loadHafStep(url, step);
            await reader.readNow();
            const fold = journal.recorder.haf("hive");
            const sample = journal.recorder.samples()[hafStream("hive")]?.haf;
            const blocks = Object.fromEntries(
              Object.entries(sample?.apps ?? {}).map(([app, { block }]) => [app, block]),
            );
            expect({ step, ...judgedOf(fold, blocks) }).toEqual({ step, ...expected });
            const recorded = recordedSteps()[step - 1];
            expect([step, fold.ready]).toEqual([step, recorded?.is_instance_ready]);
            for (const context of recorded?.contexts ?? [])
              expect([step, context.name, fold.apps[context.name]?.inSync]).toEqual([
                ...[step, context.name, context.is_app_in_sync],
              ]);
          }
          const rows = journal.events.flatMap((event) => (event.kind === "haf.app.logged" ? event.body.logId : []));
          expect(rows).toEqual(Array.from({ length: 24 }, (__, index) => String(index + 1)));
        } finally {
          await store.close();
        }
      },
      TIMEOUT_MS,
    );
  }

  it("shows a configured app whose schema exists as installing", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "installing");
    await loadHafStep(url, 14);
    await execute(url, (client) => client.query("create schema hivemind"));
    const clock = createSystemClock();
    const journal = createMemoryRecorder(clock);
    const store = createPostgresHafStore({ url: readerUrl }, clock);
    const reader = createHafReader({
      ...{ sourceId: "hive", store, engine: null, apps: ["app1", "hivemind", "hafah"], recorder: journal.recorder },
      ...{ view: journal.recorder, clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
    });
    try {
      await reader.readNow();
      const { apps } = journal.recorder.haf("hive");
      expect([apps.hivemind?.state, apps.hafah?.state]).toEqual(["installing", "missing"]);
    } finally {
      await store.close();
    }
  });
});
