/**
 * Two whole consoles, each with its own journal and its own client world, on one real Dynflow database: acting at once on
 * one plan has exactly one effect, and both are told the truth.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { type ConsoleApi, codeOf, connectApi, newRequestId, untilActing } from "#e2e/fixtures/console-api.test-kit.ts";
import {
  createDynflowDatabase,
  type DynflowDatabase,
  failedPlan,
  failedStepOf,
  plannedPlan,
} from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { Behaviour } from "#server/demo/dynflow/behaviour.ts";

const SOURCE = "foreman";
const WAITING = "Actions::Example::Wait";
/** What has happened for certain, and what an executor or the database has refused. */
const DONE = ["executed", "verified"];

/** The waiting step is suspended until an event comes; everything else takes a moment. */
const behaviour: Behaviour = ({ action }) =>
  action.class === WAITING
    ? { kind: "suspend", afterMs: 5, progress: 0.5, output: {}, wakeAfterMs: null }
    : { kind: "success", afterMs: 300, output: {} };

interface Console {
  readonly running: RunningConsole;
  readonly api: ConsoleApi;
}

let postgres: TestPostgres;
let database: DynflowDatabase;
let alpha: Console;
let beta: Console;

beforeAll(async () => {
  postgres = await startPostgres();
  database = await createDynflowDatabase(postgres, "worlds");
  await database.run("delete from dynflow_coordinator_records");
  await database.startExecutor({ behaviour });
  const access = withoutPassword(database.url, "WORLDS_PASSWORD");
  const open = async (): Promise<Console> => {
    const running = await startConsole({
      environment: access.environment,
      configuration: `
regions: [ { id: eu, title: Europe } ]
dynflow:
  - { id: ${SOURCE}, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: WORLDS_PASSWORD, act: true,
      cancellable: ["Actions::Example::*"] }
`,
    });
    return { running, api: connectApi(running.url) };
  };
  [alpha, beta] = await Promise.all([open(), open()]);
  for (const { api } of [alpha, beta]) await untilActing(api);
});

afterAll(async () => {
  await Promise.all([alpha?.running.close(), beta?.running.close()]);
  await database?.close();
  await postgres?.remove();
});

const asked = (planId: string) => ({ source: SOURCE, planId, reason: "looked into", requestId: newRequestId() });
const planOf = (planId: string, { api } = alpha) => api.dynflow.plans.get.query({ source: SOURCE, planId });

/** A phase as answered, or the code of a refusal. */
const outcomeOf = (call: Promise<{ readonly phase: string; readonly note: string | null }>) =>
  call.then(
    ({ phase, note }) => ({ what: phase, why: note ?? "" }),
    (cause: unknown) => ({ what: codeOf(cause), why: cause instanceof Error ? cause.message : "" }),
  );
type Outcome = Awaited<ReturnType<typeof outcomeOf>>;

/** One was done; the other is told that it was not, and why. */
function expectOneDone(outcomes: readonly Outcome[]): void {
  const done = outcomes.filter(({ what }) => DONE.includes(what));
  const refused = outcomes.filter(({ what }) => ["failed", "CONFLICT", "PRECONDITION_FAILED"].includes(what));
  expect({ outcomes, done: done.length, refused: refused.length }).toMatchObject({ done: 1, refused: 1 });
  expect(refused[0]?.why).not.toBe("");
}

const startsOf = async (planId: string): Promise<number> => {
  const { entries } = await alpha.api.dynflow.plans.history.query({ source: SOURCE, planId });
  return entries.filter(({ name }) => name === "start execution").length;
};

describe("two consoles on one database", () => {
  it("are two worlds", async () => {
    const ids = await Promise.all(
      [alpha, beta].map(async ({ api }) => (await api.dynflow.sources.list.query()).sources[0]?.worldId),
    );
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain(null);
  });

  it("that resume one plan at once have it executed once, and one is told that the other was quicker", async () => {
    const plan = failedPlan();
    await database.add([plan]);
    const before = await startsOf(plan.id);
    const resume = ({ api }: Console) =>
      outcomeOf(
        api.dynflow.plans.resume.mutate({
          ...asked(plan.id),
          expectedState: "paused",
          expectedFailedStepId: failedStepOf(plan),
        }),
      );
    expectOneDone(await Promise.all([resume(alpha), resume(beta)]));
    await until("it has ended", async () => (await planOf(plan.id)).state === "stopped");
    expect(await startsOf(plan.id)).toBe(before + 1);
    expect(await planOf(plan.id, beta)).toMatchObject({ state: "stopped", result: "success" });
  });

  it("that skip one step at once have it written once", async () => {
    const plan = failedPlan();
    await database.add([plan]);
    const seen = await alpha.api.dynflow.plans.skipPreview.query({ source: SOURCE, planId: plan.id });
    const skip = ({ api }: Console) =>
      outcomeOf(
        api.dynflow.plans.skip.mutate({
          ...asked(plan.id),
          expectedState: "paused",
          stepIds: seen.stepIds,
          expectedStepIds: seen.changes.map(({ stepId }) => stepId),
        }),
      );
    expectOneDone(await Promise.all([skip(alpha), skip(beta)]));
    const { steps } = await beta.api.dynflow.plans.steps.query({ source: SOURCE, planId: plan.id });
    expect(steps.find(({ id }) => id === failedStepOf(plan))?.state).toBe("skipping");
    expect(await planOf(plan.id)).toMatchObject({ state: "paused", result: "warning", locks: [] });
  });

  it("of which one cancels what the other, still seeing it wait, resumes: it is cancelled once and runs once", async () => {
    const plan = plannedPlan({ root: { class: "Actions::Example::Root", children: [{ class: WAITING, run: {} }] } });
    await database.add([plan]);
    const resume = ({ api }: Console) =>
      outcomeOf(
        api.dynflow.plans.resume.mutate({ ...asked(plan.id), expectedState: "planned", expectedFailedStepId: null }),
      );
    await until("it can be seen", async () => (await planOf(plan.id)).state === "planned");
    expect(DONE).toContain((await resume(alpha)).what);
    const stepId = plan.steps.find(({ phase }) => phase === "run")?.id ?? 0;
    await until("its step is suspended", async () => {
      const { steps } = await alpha.api.dynflow.plans.steps.query({ source: SOURCE, planId: plan.id });
      return steps.some(({ id, state }) => id === stepId && state === "suspended");
    });
    const cancel = outcomeOf(
      alpha.api.dynflow.plans.cancel.mutate({
        ...asked(plan.id),
        expectedState: "running",
        expectedStepIds: [stepId],
      }),
    );
    expectOneDone(await Promise.all([cancel, resume(beta)]));
    await until("it has ended", async () => (await planOf(plan.id, beta)).state === "stopped");
    expect(await startsOf(plan.id)).toBe(1);
  });
});
