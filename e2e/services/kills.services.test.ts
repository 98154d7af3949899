/**
 * The whole console killed (-9) at seeded random points while it is looked at and acted upon: on the demo, and with a job
 * that runs on a real database. What anybody was shown or answered is on record afterwards, once; what was under way has
 * an end or is said to be unknown; the job goes on by itself, and no plan is ever sent twice.
 */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { connectApi, newRequestId, untilActing } from "#e2e/fixtures/console-api.test-kit.ts";
import { type ConsoleKills, createConsoleKills, type KillCounts } from "#e2e/fixtures/console-kills.test-kit.ts";
import { createDynflowDatabase, type DynflowDatabase, failedPlan } from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { startPostgres } from "#scripts/testing/postgres.ts";
import { createRandom, type Random } from "#server/demo/dna/random.ts";

const KILLS = 5;
const LIFE_MS = 3_000;
/** Six starts of a console each. */
const TIMEOUT_MS = 600_000;
const SOURCE = "foreman";
const PLANS = 60;
const PLANS_PER_SECOND = 4;
const JOB_ENDS_WITHIN_MS = 180_000;
const SETTLED_WITHIN_MS = 90_000;

let random: Random;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(() => {
  const seed = Date.now() % 1_000_000;
  process.stdout.write(`kills of the console: seed ${seed}\n`);
  random = createRandom(seed);
});

afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
});

async function opened(options: Parameters<typeof startConsole>[0]): Promise<RunningConsole> {
  const running = await startConsole(options);
  cleanUp.push(running.close);
  return running;
}

async function killAll(kills: ConsoleKills): Promise<void> {
  // Lives may all have been short: the last goes on until there was something to lose.
  const enough = ({ shown, acted }: KillCounts) => shown > KILLS && acted > 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const round = kills.round(random.below(LIFE_MS), kill < KILLS ? undefined : enough);
    expect(await round).toEqual([]);
  }
  const { shown, acted } = kills.counts();
  process.stdout.write(`${shown} events shown, ${acted} requests answered over ${KILLS} kills; none lost\n`);
  expect(shown).toBeGreaterThan(KILLS);
}

describe("a console killed five times", { timeout: TIMEOUT_MS }, () => {
  it("has lost nothing it had shown or answered: no hole, no duplicate, nothing left open, a sound chain", async () => {
    const running = await opened({ configuration: "demo: { speed: 4 }" });
    const kills = createConsoleKills(running, SOURCE);
    await killAll(kills);
    expect(kills.counts().acted).toBeGreaterThan(0);
    expect(await running.worldline("verify-journal")).toContain("The chain is sound.");
  });

  it("goes on with a running job, sends no plan twice, and tells every target's outcome once", async () => {
    const database = await watchedDatabase();
    const plans = Array.from({ length: PLANS }, () => failedPlan());
    await database.add(plans);
    const ids = plans.map((plan) => plan.id);
    const access = withoutPassword(database.url, "KILLS_PASSWORD");
    const running = await opened({
      environment: access.environment,
      configuration: `
regions: [ { id: eu, title: Europe } ]
dynflow:
  - { id: ${SOURCE}, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: KILLS_PASSWORD, act: true }
`,
    });
    const jobId = await startJob(running, ids);
    await killAll(createConsoleKills(running, SOURCE));

    const api = connectApi(running.url);
    const job = () => api.jobs.get.query({ jobId, limit: 500 });
    await until("the job has ended", async () => (await job()).facts.state === "done", {
      withinMs: JOB_ENDS_WITHIN_MS,
      everyMs: 500,
    });
    const sent = new Map<string, number>();
    for (const id of ids) sent.set(id, await executionsSent(database, id));
    expect([...sent].filter(([, times]) => times > 1)).toEqual([]);
    // Killed between writing down and sending: not sent, not sent again, and so unknown for good.
    await until(
      "what was sent is settled",
      async () => {
        const wrong = (await job()).targets.filter(
          ({ key, outcome }) => outcome !== (sent.get(key) === 1 ? "applied" : "unknown"),
        );
        if (wrong.length > 0)
          throw new Error(JSON.stringify(wrong.map((target) => ({ ...target, sent: sent.get(target.key) }))));
        return true;
      },
      { withinMs: SETTLED_WITHIN_MS },
    );
    const { facts, targets } = await job();
    expect(targets.map(({ key }) => key).toSorted()).toEqual(ids.toSorted());
    expect(facts.counts).toMatchObject({ total: PLANS, failed: 0, moved: 0 });
    expect(facts.counts.applied + facts.counts.unknown).toBe(PLANS);
    expect(await running.worldline("verify-journal")).toContain("The chain is sound.");
  });
});

/** Every message for a world is copied aside. */
const WATCHED_ENVELOPES = [
  "create table seen_envelopes (data bytea)",
  `create function see_envelope() returns trigger language plpgsql as $$
   begin insert into seen_envelopes values (new.data); return null; end $$`,
  "create trigger watched after insert on dynflow_envelopes for each row execute function see_envelope()",
  "delete from dynflow_coordinator_records",
];

async function watchedDatabase(): Promise<DynflowDatabase> {
  const postgres = await startPostgres();
  cleanUp.push(postgres.remove);
  const database = await createDynflowDatabase(postgres, "kills");
  cleanUp.push(database.close);
  for (const statement of WATCHED_ENVELOPES) await database.run(statement);
  await database.startExecutor();
  return database;
}

async function executionsSent(database: DynflowDatabase, planId: string): Promise<number> {
  const rows = await database.run(
    `select count(*)::int as count from seen_envelopes where position(convert_to($1, 'UTF8') in data) > 0
     and position(convert_to('Dispatcher::Execution', 'UTF8') in data) > 0`,
    [planId],
  );
  return Number(rows[0]?.count);
}

async function startJob(running: RunningConsole, ids: readonly string[]): Promise<string> {
  const api = connectApi(running.url);
  await untilActing(api);
  const asked = { source: SOURCE, verb: "resume" } as const;
  const preview = await api.dynflow.plans.bulkPreview.mutate({ ...asked, target: { ids: [...ids] } });
  const { jobId } = await api.dynflow.plans.bulkStart.mutate({
    ...asked,
    token: preview.token,
    expectedTotal: preview.total,
    plansPerSecond: PLANS_PER_SECOND,
    reason: "The repository is reachable again",
    requestId: newRequestId(),
  });
  return jobId;
}
