import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectInTime } from "#scripts/testing/in-time.ts";
import { execute, loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { createPgDifferences } from "#server/dynflow/adapters/postgres/pg-differences.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import {
  readChildCounts,
  readChildEdges,
  readChildren,
  readChildTotals,
} from "#server/dynflow/adapters/sql/sub-plan-read.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { callerOf, sourceOver } from "./dynflow-source.test-kit.ts";
import { uuid } from "./dynflow-tables.contract.ts";
import type { DynflowStore } from "./ports.ts";
import { createSubPlansService } from "./sub-plans-service.ts";

/** A slice ends by time: a slow machine takes more of them. */
const CALLS_MAX = 300;
const ROOT = 1;
const CHILDREN = 1_000;
/** The first so many children have so many sub-plans each. */
const PARENTS = 49;
const GRANDCHILDREN = 1_000;
const TOTAL = CHILDREN + PARENTS * GRANDCHILDREN;
/** A grandchild that failed while everything above it stands well. */
const LEAF = 1 + CHILDREN + 30 * GRANDCHILDREN + 500;
const INDEX = "dynflow_actions_caller_execution_plan_id_caller_action_id_index";

/** By SQL alone: `n` is a plan's number, 1 the root, then the children, then theirs. */
const ID = (n: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))`;
const PARENT = `case when n <= ${1 + CHILDREN} then ${ROOT} else 2 + (n - ${2 + CHILDREN}) / ${GRANDCHILDREN} end`;
const GENERATE = [
  `insert into dynflow_execution_plans (uuid, label, state, result, started_at, class, root_plan_step_id, run_flow,
     finalize_flow, execution_history, step_ids)
   select ${ID("n")}::uuid, 'Lab::Plan', 'stopped', case when n = ${LEAF} then 'error' else 'success' end,
     timestamp '2026-11-22 05:00:00' + n * interval '1 millisecond', 'Dynflow::ExecutionPlan', 1, '\\x91a143', '\\x91a153',
     '\\x90', '\\x9101'
   from generate_series(1, ${1 + TOTAL}) n`,
  `insert into dynflow_actions (execution_plan_uuid, id, class, plan_step_id, run_step_id, caller_execution_plan_id,
     caller_action_id, input)
   select ${ID("n")}::uuid, 1, 'Lab::Root', 1, 2, case when n = 1 then null else ${ID(PARENT)} end,
     case when n = 1 then null else 1 end, '\\x80'
   from generate_series(1, ${1 + TOTAL}) n`,
  `insert into dynflow_steps (execution_plan_uuid, id, action_id, state, class, action_class, error)
   select ${ID("n")}::uuid, 1, 1, case when n = ${LEAF} then 'error' else 'success' end,
     'Dynflow::ExecutionPlan::Steps::PlanStep', 'Lab::Root', null
   from generate_series(1, ${1 + TOTAL}) n`,
  "analyze",
];

let server: TestPostgres;
let url: string;
let store: DynflowStore;
beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase("sub_plans");
  await loadDump(url, "fixtures/dynflow/v25.pg.sql");
  await execute(url, async (client) => {
    const names = [
      "execution_plans",
      "actions",
      "steps",
      "delayed_plans",
      "output_chunks",
      "execution_plan_dependencies",
    ];
    await client.query(`TRUNCATE ${names.map((name) => `dynflow_${name}`).join()}`);
    for (const statement of GENERATE) await client.query(statement);
  });
  store = createPostgresStore({ url });
});
afterAll(async () => {
  await store.close();
  await server.remove();
});

const service = () => {
  let tokens = 0;
  return createSubPlansService({
    sources: [sourceOver(store)],
    clock: createSystemClock(),
    newToken: () => `walk ${++tokens}`,
  });
};
const OPERATOR = callerOf("operator");
const numberOf = (id: string): number => Number.parseInt(id.slice(-12), 16);

describe("a thousand sub-plans of one plan, and fifty thousand below it", () => {
  it("are paged through by level, each once, with the counts of all and how many each has itself", async () => {
    const { subPlans } = service();
    const met: number[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page += 1) {
      const input = { source: "lab", planId: uuid(ROOT), failingOnly: false, limit: 300, after };
      const answer: Awaited<ReturnType<typeof subPlans>> = await subPlans(OPERATOR, input);
      met.push(...answer.rows.map(({ id }) => numberOf(id)));
      if (page === 0) {
        expect(answer.counts).toEqual([{ callerActionId: 1, state: "stopped", result: "success", count: CHILDREN }]);
        expect(answer.rows.slice(0, PARENTS).map((row) => row.subPlans)).toEqual(Array(PARENTS).fill(GRANDCHILDREN));
        expect(answer.rows[PARENTS]?.subPlans).toBe(0);
      }
      after = answer.nextCursor;
      if (after === null) break;
    }
    expect(met).toEqual(Array.from({ length: CHILDREN }, (_, index) => index + 2));
  });

  it("are walked through to the end in slices, each a second at most", async () => {
    await expectInTime(2_900, async () => {
      const { subPlanWalk } = service();
      let token: string | null = null;
      let slowestMs = 0;
      for (let call = 0; call < CALLS_MAX; call += 1) {
        const asked = performance.now();
        const input = { source: "lab", planId: uuid(ROOT), until: "end" as const, find: "", token };
        const walk: Awaited<ReturnType<typeof subPlanWalk>> = await subPlanWalk(OPERATOR, input);
        slowestMs = Math.max(slowestMs, performance.now() - asked);
        token = walk.token;
        if (token !== null) continue;
        expect(walk).toMatchObject({ walked: TOTAL, levels: 2, again: 0, failing: 1, stopped: null });
        expect(new Map(walk.counts.map(({ result, count }) => [result, count]))).toEqual(
          new Map([
            ["success", TOTAL - 1],
            ["error", 1],
          ]),
        );
        return slowestMs;
      }
      return expect.fail("the walk does not end");
    });
  }, 400_000);

  it("hide no failure: the leaf is found below plans that stand well", async () => {
    const { subPlanWalk } = service();
    let token: string | null = null;
    for (let call = 0; call < CALLS_MAX; call += 1) {
      const input = { source: "lab", planId: uuid(ROOT), until: "failure" as const, find: "", token };
      const walk: Awaited<ReturnType<typeof subPlanWalk>> = await subPlanWalk(OPERATOR, input);
      token = walk.token;
      if (token !== null) continue;
      expect(walk.firstFailure?.path.map(({ id }) => numberOf(id))).toEqual([ROOT, 32, LEAF]);
      expect(walk.firstFailure?.path[1]).toMatchObject({ callerActionId: 1, callerStepId: 2, label: "Lab::Plan" });
      expect(walk.firstFailure?.step).toMatchObject({ stepId: 1, phase: "plan", error: null });
      return;
    }
    expect.fail("the walk does not end");
  });

  it("are searched by name in slices, all fifty thousand", async () => {
    const { subPlanWalk } = service();
    let token: string | null = null;
    for (let call = 0; call < CALLS_MAX; call += 1) {
      const input = { source: "lab", planId: uuid(ROOT), until: "end" as const, find: uuid(LEAF).slice(-8), token };
      const walk: Awaited<ReturnType<typeof subPlanWalk>> = await subPlanWalk(OPERATOR, input);
      token = walk.token;
      if (token !== null) continue;
      expect(walk).toMatchObject({ walked: TOTAL, matches: 1, found: [{ id: uuid(LEAF), level: 2, failing: true }] });
      return;
    }
    expect.fail("the walk does not end");
  });

  it("lead back to the plan that began it all", async () => {
    const { callers } = await service().callers(OPERATOR, { source: "lab", planId: uuid(LEAF) });
    expect(callers.map(({ id, stepId }) => [numberOf(id), stepId])).toEqual([
      [ROOT, 2],
      [32, 2],
    ]);
  });
});

describe("the statements", () => {
  /** What the readers send, without sending it. */
  async function statements(): Promise<readonly { readonly sql: string; readonly parameters: readonly unknown[] }[]> {
    const sent: { readonly sql: string; readonly parameters: readonly unknown[] }[] = [];
    const db = new Kysely<Record<string, never>>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
      log: ({ query }) => void sent.push(query),
    });
    const differences = createPgDifferences();
    const query = { planId: uuid(ROOT), failingOnly: false, limit: 200, after: null };
    const ids = Array.from({ length: 500 }, (_, index) => uuid(index + 2));
    await readChildren(db, differences, query);
    await readChildren(db, differences, {
      ...query,
      failingOnly: true,
      after: `2026-11-22T05:00:00.500000Z ${uuid(9)}`,
    });
    await readChildCounts(db, differences, uuid(ROOT));
    await readChildTotals(db, differences, [...ids.slice(0, 3), ...ids.slice(100, 300)]);
    await readChildEdges(db, differences, { planIds: [uuid(ROOT)], after: null, limit: 5_000, named: true });
    const after = { parentId: uuid(102), id: uuid(9) };
    await readChildEdges(db, differences, { planIds: ids.slice(100), after, limit: 5_000, named: false });
    return sent;
  }

  it("go by the index on the caller, never over all actions", async () => {
    const sent = await statements();
    expect(sent).toHaveLength(6);
    await execute(url, async (client) => {
      for (const statement of sent) {
        const { rows } = await client.query(`explain ${statement.sql}`, [...statement.parameters]);
        const plan = rows.map((row) => String(row["QUERY PLAN"])).join("\n");
        expect(plan).toContain(INDEX);
        expect(plan).not.toContain("Seq Scan on dynflow_actions");
      }
    });
  });
});
