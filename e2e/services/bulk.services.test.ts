/**
 * Skip, cancel and bulk work through the door of the process, on a real PostgreSQL with stand-in worlds: at most one effect
 * a plan, also when the console is killed in the middle of a job.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import {
  type ConsoleApi,
  connectApi,
  newRequestId,
  readJournal,
  refusalOf,
  untilActing,
} from "#e2e/fixtures/console-api.test-kit.ts";
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
import type { ExecutorWorld } from "#server/demo/dynflow/executor-world.ts";
import { insertDelay } from "#server/demo/dynflow/plan-writer.ts";
import type { StoredPlan } from "#server/demo/dynflow/stored-plan.ts";
import { epochMs } from "#server/kernel/clock.ts";

const SOURCE = "foreman";
const REASON = "The repository is reachable again";
const WAITING = "Actions::Example::Wait";
const FRAGILE = "Actions::Other::Wait";

let postgres: TestPostgres;
let database: DynflowDatabase;
let executor: ExecutorWorld;
let running: RunningConsole;
let operator: ConsoleApi;
let admin: ConsoleApi;

/** Steps of the waiting classes are suspended until an event comes; everything else succeeds at once. */
const behaviour: Behaviour = ({ action }) =>
  action.class === WAITING || action.class === FRAGILE
    ? { kind: "suspend", afterMs: 5, progress: 0.5, output: {}, wakeAfterMs: null }
    : { kind: "success", afterMs: 5, output: {} };

beforeAll(async () => {
  postgres = await startPostgres();
  database = await createDynflowDatabase(postgres, "bulk");
  for (const statement of WATCHED_ENVELOPES) await database.run(statement);
  await database.run("delete from dynflow_coordinator_records");
  executor = await database.startExecutor({ behaviour });
  const access = withoutPassword(database.url, "BULK_PASSWORD");
  running = await startConsole({
    environment: access.environment,
    configuration: `
auth: { mode: tokens }
limits: { bulkOperator: 30 }
regions: [ { id: eu, title: Europe } ]
dynflow:
  - { id: ${SOURCE}, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: BULK_PASSWORD, act: true,
      cancellable: ["Actions::Example::*"] }
`,
  });
  operator = connectApi(running.url, await running.createToken("operator", "ann"));
  admin = connectApi(running.url, await running.createToken("admin", "eve"));
  await untilActing(operator);
});

afterAll(async () => {
  await running?.close();
  await database?.close();
  await postgres?.remove();
});

/** Every message for a world is copied aside. */
const WATCHED_ENVELOPES = [
  "create table seen_envelopes (receiver text, data bytea)",
  `create function see_envelope() returns trigger language plpgsql as $$
   begin insert into seen_envelopes values (new.receiver_id, new.data); return null; end $$`,
  "create trigger watched after insert on dynflow_envelopes for each row execute function see_envelope()",
];

const planOf = (planId: string) => operator.dynflow.plans.get.query({ source: SOURCE, planId });
const stepsOf = async (planId: string) =>
  (await operator.dynflow.plans.steps.query({ source: SOURCE, planId })).steps.filter((step) => step.phase !== "plan");
const request = () => ({ reason: REASON, requestId: newRequestId() });

/** Messages of this type that were ever sent to the executor for a plan. */
async function messages(type: string, planId: string): Promise<number> {
  const rows = await database.run(
    `select count(*)::int as count from seen_envelopes where receiver = $3
     and position(convert_to($1, 'UTF8') in data) > 0 and position(convert_to($2, 'UTF8') in data) > 0`,
    [`Dispatcher::${type}`, planId, executor.id],
  );
  return Number(rows[0]?.count);
}

async function kindsOf(requestId: string): Promise<readonly string[]> {
  const events = (await readJournal(operator, ["operator"])).get("operator") ?? [];
  return events.filter((event) => event.id === requestId || event.causedBy === requestId).map((event) => event.kind);
}

/** A plan that an executor runs, suspended in its one step of this class. */
async function waitingPlan(actionClass: string): Promise<{ readonly plan: StoredPlan; readonly stepId: number }> {
  const plan = plannedPlan({ root: { class: "Actions::Example::Root", children: [{ class: actionClass, run: {} }] } });
  await database.add([plan]);
  const { planId } = { planId: plan.id };
  await until("it can be seen", async () => (await planOf(planId)).state === "planned");
  await operator.dynflow.plans.resume.mutate({
    source: SOURCE,
    planId,
    expectedState: "planned",
    expectedFailedStepId: null,
    ...request(),
  });
  const stepId = plan.steps.find((step) => step.phase === "run")?.id ?? 0;
  await until("its step is suspended", async () =>
    (await stepsOf(planId)).some((step) => step.id === stepId && step.state === "suspended"),
  );
  return { plan, stepId };
}

describe("a skip", () => {
  it("writes what the preview named, and the plan goes on to its end when it is resumed along with it", async () => {
    const plan = failedPlan();
    await database.add([plan]);
    const input = { source: SOURCE, planId: plan.id };
    const seen = await operator.dynflow.plans.skipPreview.query(input);
    expect(seen).toMatchObject({ state: "paused", refusals: [], stepIds: [failedStepOf(plan)] });
    expect(seen.changes.map((change) => change.to)).toEqual(["skipping", "skipped"]);
    const asked = {
      ...input,
      expectedState: seen.state,
      stepIds: seen.stepIds,
      expectedStepIds: seen.changes.map((change) => change.stepId),
    };
    const stale = { ...asked, expectedStepIds: [999], ...request() };
    expect(await refusalOf(operator.dynflow.plans.skip.mutate(stale))).toBe("CONFLICT");

    const first = { ...asked, ...request(), resumeRequestId: newRequestId() };
    const answer = await operator.dynflow.plans.skip.mutate(first);
    expect(answer).toMatchObject({ phase: "verified" });
    expect(["executed", "verified"]).toContain(answer.resume?.phase);
    await until("it has stopped", async () => (await planOf(plan.id)).state === "stopped");
    expect((await planOf(plan.id)).result).toBe("warning");
    expect(new Set((await stepsOf(plan.id)).map((step) => step.state))).toEqual(new Set(["success", "skipped"]));
    expect(await kindsOf(first.requestId)).toEqual(["op.requested", "op.executed", "op.verified"]);
    await until("its resuming is verified", async () => (await kindsOf(first.resumeRequestId)).includes("op.verified"));
    expect(await messages("Execution", plan.id)).toBe(1);
  });

  it("is refused with nothing written while somebody holds the plan", async () => {
    const plan = failedPlan();
    await database.add([plan]);
    await database.register({
      class: "Dynflow::Coordinator::ExecutionLock",
      id: `execution-plan:${plan.id}`,
      ownerId: `world:${executor.id}`,
      fields: { world_id: executor.id, execution_plan_id: plan.id },
    });
    const step = failedStepOf(plan);
    const ask = { source: SOURCE, planId: plan.id, expectedState: "paused", stepIds: [step], expectedStepIds: [step] };
    expect(await refusalOf(operator.dynflow.plans.skip.mutate({ ...ask, ...request() }))).toBe("PRECONDITION_FAILED");
    expect((await stepsOf(plan.id)).find(({ id }) => id === step)?.state).toBe("error");
    await database.remove(plan.id);
  });
});

describe("a cancel", () => {
  it("reaches the suspended step of a cancellable class once, and the plan ends", async () => {
    const { plan, stepId } = await waitingPlan(WAITING);
    const seen = await operator.dynflow.plans.cancelPreview.query({ source: SOURCE, planId: plan.id });
    expect(seen).toMatchObject({ refusals: [], executorId: executor.id, scheduled: false });
    expect(seen.steps).toEqual([{ stepId, actionClass: WAITING, state: "suspended", cancellable: "configured" }]);
    const ask = { source: SOURCE, planId: plan.id, expectedState: "running", expectedStepIds: [stepId], ...request() };
    const answer = await operator.dynflow.plans.cancel.mutate(ask);
    expect(["executed", "verified"]).toContain(answer.phase);
    await until("it has stopped", async () => (await planOf(plan.id)).state === "stopped");
    await until("it is verified", async () => (await kindsOf(ask.requestId)).at(-1) === "op.verified");
    expect(await messages("Event", plan.id)).toBe(1);
  });

  it("is not sent to a class that nothing says is cancellable, unless that is asked for aloud", async () => {
    const { plan, stepId } = await waitingPlan(FRAGILE);
    const ask = { source: SOURCE, planId: plan.id, expectedState: "running", expectedStepIds: [stepId] };
    expect(await refusalOf(operator.dynflow.plans.cancel.mutate({ ...ask, ...request() }))).toBe("PRECONDITION_FAILED");
    expect(await messages("Event", plan.id)).toBe(0);
    await operator.dynflow.plans.cancel.mutate({ ...ask, force: true, ...request() });
    expect(await messages("Event", plan.id)).toBe(1);
  });

  it("ends a scheduled plan through an executor: stopped and cancelled, with no delay and no lock left", async () => {
    const plan = plannedPlan();
    const [root] = plan.steps;
    if (root === undefined) throw new Error("the plan has no root step");
    Object.assign(plan, { state: "scheduled", result: "pending", startedAt: null, steps: [root], stepIds: [root.id] });
    root.state = "pending";
    await database.add([plan]);
    await insertDelay(database.db, plan.id, {
      startAt: epochMs(Date.now() + 3_600_000),
      startBefore: null,
      frozen: false,
      args: [],
    });
    const seen = await operator.dynflow.plans.cancelPreview.query({ source: SOURCE, planId: plan.id });
    expect(seen).toMatchObject({ scheduled: true, refusals: [] });
    const ask = { source: SOURCE, planId: plan.id, expectedState: "scheduled", expectedStepIds: [], ...request() };
    await operator.dynflow.plans.cancel.mutate(ask);
    await until("it has stopped", async () => {
      const { state, delayed } = await planOf(plan.id);
      return state === "stopped" && delayed === null;
    });
    expect(await planOf(plan.id)).toMatchObject({ result: "cancelled", delayed: null });
    await until("no lock is left", async () => {
      const lock = `execution-plan:${plan.id}`;
      const records = await database.run("select 1 from dynflow_coordinator_records where id = $1", [lock]);
      return records.length === 0;
    });
    await until("it is verified", async () => (await kindsOf(ask.requestId)).at(-1) === "op.verified");
  });
});

describe("a job of many plans", () => {
  const starts = async (planId: string) =>
    (await operator.dynflow.plans.history.query({ source: SOURCE, planId })).entries.filter(
      (entry) => entry.name === "start execution",
    ).length;

  interface Job {
    readonly ids: readonly string[];
    readonly plansPerSecond: number;
    /** What happens when everything was looked at, and nothing has begun. */
    readonly meanwhile?: () => Promise<void>;
  }
  async function started(api: ConsoleApi, { ids, plansPerSecond, meanwhile }: Job): Promise<string> {
    const preview = await api.dynflow.plans.bulkPreview.mutate({
      source: SOURCE,
      verb: "resume",
      target: { ids: [...ids] },
    });
    await meanwhile?.();
    const { jobId } = await api.dynflow.plans.bulkStart.mutate({
      source: SOURCE,
      verb: "resume",
      token: preview.token,
      expectedTotal: preview.total,
      plansPerSecond,
      ...request(),
    });
    return jobId;
  }
  const jobOf = (jobId: string) => operator.jobs.get.query({ jobId, limit: 500 });

  it("says beforehand what it would touch and what not; an operator stays within the limit", async () => {
    const plans = Array.from({ length: 31 }, () => failedPlan());
    const over = plannedPlan();
    over.state = "stopped";
    await database.add([...plans, over]);
    const ids = [...plans.map((plan) => plan.id), over.id];
    const target = { ids };
    const preview = await operator.dynflow.plans.bulkPreview.mutate({ source: SOURCE, verb: "resume", target });
    expect(preview).toMatchObject({ total: 31, limit: 30 });
    expect(preview.groups.reduce((sum, group) => sum + group.count, 0)).toBe(31);
    expect(preview.refused).toMatchObject([{ count: 1, examples: [over.id] }]);
    expect(preview.refusals.join()).toContain("30");
    const start = { source: SOURCE, verb: "resume", token: preview.token, expectedTotal: 31, ...request() } as const;
    expect(await refusalOf(operator.dynflow.plans.bulkStart.mutate(start))).toBe("PRECONDITION_FAILED");
    expect(await refusalOf(admin.dynflow.plans.bulkStart.mutate({ ...start, ...request() }))).toBe("CONFLICT");
    const theirs = await admin.dynflow.plans.bulkPreview.mutate({ source: SOURCE, verb: "resume", target });
    expect(theirs.refusals).toEqual([]);
    for (const plan of plans) await database.remove(plan.id);
  });

  it("killed three times on its way, it acts on every plan once at most and ends by itself", async () => {
    const plans = Array.from({ length: 24 }, () => failedPlan());
    await database.add(plans);
    const ids = plans.map((plan) => plan.id);
    // Slow enough that it is never through before the last kill.
    const jobId = await started(operator, { ids, plansPerSecond: 1 });
    for (let kill = 0; kill < 3; kill += 1) {
      const before = (await jobOf(jobId)).facts.counts;
      await until("it has gone on", async () => {
        const { counts } = (await jobOf(jobId)).facts;
        return counts.applied + counts.unknown >= before.applied + before.unknown + 3;
      });
      await running.kill();
      await running.start();
      await untilActing(operator);
    }
    await until("the job has ended", async () => (await jobOf(jobId)).facts.state === "done", { withinMs: 120_000 });
    // A kill between writing down and sending leaves a plan unknown for good: it was not sent, and is not sent again.
    const sent = new Map<string, number>();
    for (const id of ids) sent.set(id, await messages("Execution", id));
    await until("what was sent is settled", async () => {
      const wrong = (await jobOf(jobId)).targets.filter(
        ({ key, outcome }) => outcome !== (sent.get(key) === 1 ? "applied" : "unknown"),
      );
      return wrong.length === 0;
    });
    const { facts, targets } = await jobOf(jobId);
    expect(targets.map((target) => target.key).toSorted()).toEqual(ids.toSorted());
    expect(facts.counts).toMatchObject({ total: 24, failed: 0, moved: 0 });
    expect(facts.counts.applied).toBeGreaterThanOrEqual(24 - 3 * 3);
    expect(facts.counts.unknown).toBe(ids.filter((id) => sent.get(id) === 0).length);
    for (const id of ids) {
      const once = sent.get(id) ?? 0;
      expect(once).toBeLessThanOrEqual(1);
      // What was applied was seen to run: it ends a little later.
      await until("what was sent has ended", async () => once === 0 || (await planOf(id)).state === "stopped");
      expect(await starts(id)).toBe(1 + once);
      expect((await planOf(id)).state).toBe(once === 1 ? "stopped" : "paused");
    }
  });

  it("tries again only what failed, as a job of its own that names the first", async () => {
    const plans = [failedPlan(), failedPlan()];
    await database.add(plans);
    const ids = plans.map((plan) => plan.id);
    const [, second = ""] = ids;
    // Somebody inhibits the other one for a while: it is refused, with nothing sent.
    const inhibit = () =>
      database.register({
        class: "Dynflow::Coordinator::ExecutionInhibitionLock",
        id: `execution-plan:${second}`,
        ownerId: `execution-plan:${second}`,
        fields: { execution_plan_id: second },
      });
    const jobId = await started(operator, { ids, plansPerSecond: 2, meanwhile: inhibit });
    await until("the job has ended", async () => (await jobOf(jobId)).facts.state === "done");
    await until("the first was acted on", async () => (await jobOf(jobId)).facts.counts.applied === 1);
    expect((await jobOf(jobId)).facts.counts).toMatchObject({ total: 2, applied: 1, failed: 1 });
    expect(await messages("Execution", second)).toBe(0);
    const isLocked = async () => {
      const { locks } = await operator.dynflow.locks.list.query({});
      return locks.some((lock) => lock.id === `execution-plan:${second}`);
    };
    // A look that is under way may still bring it: it has to be seen before it can be seen to be gone.
    await until("the lock is seen", isLocked);
    await database.run("delete from dynflow_coordinator_records where id = $1", [`execution-plan:${second}`]);
    await until("the lock is seen to be gone", async () => !(await isLocked()));
    const retry = await operator.jobs.retry.mutate({ jobId, expectedState: "done", ...request() });
    expect(retry.leftOut).toBe(0);
    await until("the retry has ended", async () => {
      const { state, counts } = (await jobOf(retry.jobId)).facts;
      return state === "done" && counts.unknown === 0;
    });
    expect((await jobOf(retry.jobId)).facts).toMatchObject({ retryOf: jobId, counts: { total: 1, applied: 1 } });
    expect(await messages("Execution", second)).toBe(1);
  });
});
