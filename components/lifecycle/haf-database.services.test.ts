/** Each recorded step, loaded into a real PostgreSQL and read by the real reader, is drawn as the goldens have it. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { hafStream } from "#server/contract/event.ts";
import { answersOf } from "#server/demo/haf/recorded-answers.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { createHafDatabase, loadHafStep } from "#server/haf/adapters/postgres/haf-database.test-kit.ts";
import { createPostgresHafStore } from "#server/haf/adapters/postgres/postgres-haf-store.ts";
import { createHafReader } from "#server/haf/reader.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { hafActualDrawing } from "./haf-actual-diagram.ts";
import { hafPlanDrawing } from "./haf-plan-diagram.ts";

const TIMEOUT_MS = 300_000;
/** More than a look takes. */
const BETWEEN_MS = 200;
const GOLDENS = path.join(import.meta.dirname, "__golden__/haf");

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** Stays connected under that name, as a server of an app does. */
async function connectAs(url: string, application: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: application });
  client.on("error", () => undefined); // the server of the test ends before it
  await client.connect();
  return client;
}

const goldenOf = (kind: "plan" | "actual", step: number): Promise<string> =>
  readFile(path.join(GOLDENS, `${kind}-${String(step).padStart(2, "0")}.words.mmd`), "utf8");

it(
  "all 24 steps of the recording are drawn from a real database as they are from the recording itself",
  async () => {
    const { url, readerUrl } = await createHafDatabase(server, "drawn");
    const clock = createSystemClock();
    const { recorder } = createMemoryRecorder(clock);
    const store = createPostgresHafStore({ url: readerUrl }, clock);
    const reader = createHafReader({
      ...{ sourceId: "hive", store, engine: null, apps: [], recorder, view: recorder },
      ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
    });
    const servers = new Map<string, Client>();
    try {
      const steps = recordedSteps();
      for (const [index, recorded] of steps.entries()) {
        const { step, observed_at: observedAt } = recorded;
        // As far apart as they were recorded: what happened between two looks has its place between them.
        await clock.sleep(observedAt - (steps[index - 1]?.observed_at ?? observedAt) + BETWEEN_MS);
        await loadHafStep(url, step);
        // The recording has no connections: those of such a stack are made here for real.
        for (const { application } of answersOf(recorded, clock.now()).connections)
          if (!servers.has(application)) servers.set(application, await connectAs(url, application));
        await reader.readNow();
        const fold = recorder.haf("hive");
        const sample = recorder.samples()[hafStream("hive")]?.haf ?? null;
        const plan = hafPlanDrawing({ fold, sample, all: false }).diagram.text;
        const actual = hafActualDrawing({ fold, sample, all: false }).diagram.text;
        expect({ step, plan }).toEqual({ step, plan: await goldenOf("plan", step) });
        expect({ step, actual }).toEqual({ step, actual: await goldenOf("actual", step) });
      }
    } finally {
      for (const client of servers.values()) await client.end();
      await store.close();
    }
  },
  TIMEOUT_MS,
);
