/** A plan of 100,000 steps over HTTP: the head by counts at once, flows and steps in parts, one step by its id. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largePlan } from "#bench/dynflow/large-plan.ts";
import { seedLargePostgres, seedLargeSqlite } from "#bench/dynflow/seed-large.ts";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { flowOfTokens } from "#server/contract/view/flow-tokens.ts";
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { judgeOutline } from "#server/dynflow/domain/plan-outline.ts";
import { judgePlan } from "#server/dynflow/domain/plan-verdict.ts";

const PLAN = { id: "00000000-0000-4000-8000-0000000a0001", steps: 100_000, shape: "mixed", failed: 3 } as const;
const START_TIMEOUT_MS = 300_000;
const ASK = { source: "foreman", planId: PLAN.id };
/** What one answer weighs at most, so that none holds up the loop. */
const PART_MAX_BYTES = 1_000_000;

describe("a plan of 100,000 steps", () => {
  const directory = mkdtempSync(join(tmpdir(), "worldline-large-"));
  let served: RunningConsole;
  beforeAll(async () => {
    const path = join(directory, "dynflow.sqlite");
    seedLargeSqlite(path, { ...PLAN, create: true });
    served = await startConsole({ configuration: `dynflow: [ { id: foreman, url: "sqlite://${path}" } ]` });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await served?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("is told by its head: result, progress, the step that failed first, and no part of it that is large", async () => {
    const api = connectApi(served.url);
    const stored = largePlan(PLAN);
    const firstFailed = stored.steps.find((step) => step.state === "error");
    const plan = await api.dynflow.plans.get.query(ASK);
    expect(plan).toMatchObject({
      state: "paused",
      result: "error",
      valid: true,
      large: true,
      stepCount: stored.steps.length,
      firstFailedStepId: firstFailed?.id,
      rootActionClass: "Actions::Katello::ContentView::Publish",
    });
    expect(plan.progress).toBeGreaterThan(0.79);
    expect(plan.progress).toBeLessThan(0.81);
    expect(JSON.stringify(plan).length).toBeLessThan(10_000);
    const first = await api.dynflow.plans.steps.query(ASK);
    expect(first.large).toBe(true);
    expect(first.steps.map((step) => step.state)).toEqual(["error", "error", "error"]);
  });

  it("has its flows and all its steps in parts that weigh little", async () => {
    const api = connectApi(served.url);
    const stored = largePlan(PLAN);
    const flows = await api.dynflow.plans.flows.query(ASK);
    if (!("tokens" in flows.runFlow)) throw new Error("the run flow was not read");
    expect(flows.stepIds).toBeNull();
    expect(stepIdsOf(flowOfTokens(flows.runFlow.tokens))).toEqual(stepIdsOf(stored.runFlow));

    const ids: number[] = [];
    let failed = 0;
    for (let after: number | null = null; ; ) {
      const { part, next } = await api.dynflow.plans.stepsCompact.query({ ...ASK, after });
      expect(part.ids.length).toBeLessThanOrEqual(5_000);
      expect(JSON.stringify(part).length).toBeLessThan(PART_MAX_BYTES);
      for (const id of part.ids) ids.push(id);
      failed += part.exceptionClass.length;
      if (next === null) break;
      after = next;
    }
    expect(ids).toEqual(stored.stepIds);
    expect(failed).toBe(3);
  });

  it("answers any of its steps with the payload of its action", async () => {
    const api = connectApi(served.url);
    const action = await api.dynflow.plans.action.query({ ...ASK, stepId: 99_001 });
    expect(action.step).toMatchObject({ id: 99_001, state: "pending", phase: "run" });
    expect(action.input).toEqual({ value: { repository_id: 49_501 } });
    await expect(api.dynflow.plans.action.query({ ...ASK, stepId: 999_999 })).rejects.toThrow(/no step 999999/);
  });

  it("does not keep its source from being followed", async () => {
    const api = connectApi(served.url);
    await until("its source is followed", async () => {
      const { sources } = await api.dynflow.sources.list.query();
      return sources.length === 1 && sources[0]?.id === "foreman" && sources[0].health === "up";
    });
    const row = await until("the plan is listed with its failure", async () => {
      const { rows } = await api.dynflow.plans.list.query({ source: "foreman", filter: { ids: [PLAN.id] } });
      return rows[0]?.failure === null ? null : rows[0];
    });
    expect(row).toMatchObject({ id: PLAN.id, failure: { exceptionClass: "Katello::Errors::Pulp3Error" } });
  });
});

describe("plans of 30,000 steps on PostgreSQL", () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, START_TIMEOUT_MS);
  afterAll(() => postgres?.remove());

  it(
    "are told by counts as all their steps tell, in every shape, and followed by counts too",
    async () => {
      const url = await postgres.createDatabase("large_plans");
      await loadDump(url, "fixtures/dynflow/v25.pg.sql");
      const shapes = ["wide", "branches", "long", "mixed"] as const;
      const ids = shapes.map((_, at) => `00000000-0000-4000-8000-0000000b000${at}`);
      for (const [at, shape] of shapes.entries())
        await seedLargePostgres(url, { id: ids[at] ?? "", steps: 30_000, shape, failed: at });
      const store = createPostgresStore({ url });
      try {
        for (const [at, id] of ids.entries()) {
          const [outline, whole] = [await store.outline(id), await store.plan(id)];
          if (outline === null || whole === null) throw new Error(`plan ${id} was not found`);
          const { executionTimeSec: byCounts, ...rest } = { executionTimeSec: 0, ...judgeOutline(outline) };
          const { executionTimeSec: bySteps, ...expected } = { executionTimeSec: 0, ...judgePlan(whole) };
          expect(rest).toEqual({
            ...expected,
            progress: expect.closeTo("progress" in expected ? expected.progress : 0, 9),
          });
          expect(byCounts).toBeCloseTo(bySteps, 6);
          expect(outline.tally?.stepCount).toBe(whole.steps.length);
          expect(outline.plan.steps.filter((step) => step.state === "error")).toHaveLength(at);
        }
        const followed = await store.follow(ids);
        expect(followed.map((plan) => plan.counted?.stepCount)).toEqual(ids.map(() => 29_999));
      } finally {
        await store.close();
      }
    },
    START_TIMEOUT_MS,
  );
});
