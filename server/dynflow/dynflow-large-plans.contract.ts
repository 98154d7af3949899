import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeMsgpack } from "./codec/msgpack-encode.ts";
import { judgeOutline, stepCountOf } from "./domain/plan-outline.ts";
import { judgePlan } from "./domain/plan-verdict.ts";
import { actionCells, type OpenedTables, type OpenTables, planCells, uuid } from "./dynflow-tables.contract.ts";

const STEPS = 5_600;
const FAILED = 4_321;
const STEP_CLASS = "Dynflow::ExecutionPlan::Steps::";

/** What every adapter promises of plans of thousands of steps. */
export function dynflowLargePlansContract(name: string, open: OpenTables): void {
  describe(`DynflowStore contract, large plans: ${name}`, () => {
    let tables: OpenedTables;
    const ids = Array.from({ length: STEPS }, (_, index) => index + 1);

    async function insertPlan(without: number | null = null): Promise<void> {
      await tables.insert(
        "dynflow_execution_plans",
        planCells(1, {
          state: "paused",
          result: "error",
          root_plan_step_id: 1,
          step_ids: encodeMsgpack(ids),
          run_flow: encodeMsgpack(["C", ...ids.slice(1)]),
          finalize_flow: encodeMsgpack(["S"]),
        }),
      );
      await tables.insert("dynflow_actions", actionCells(1, 1, { class: "Lab::Root" }));
      const rows = ids.flatMap((id) => {
        if (id === without) return [];
        const state = id === FAILED ? "error" : id > 5_000 ? "pending" : "success";
        const kind = id === 1 ? "PlanStep" : "RunStep";
        const done = state === "success" ? 1 : 0;
        return [
          `('${uuid(1)}', ${id}, 1, '${state}', '${STEP_CLASS}${kind}', 'Lab::Echo', 'default', 0.5, ${done}, 1)`,
        ];
      });
      await tables.run(`insert into dynflow_steps (execution_plan_uuid, id, action_id, state, class, action_class, queue,
        execution_time, progress_done, progress_weight) values ${rows.join(", ")}`);
    }

    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());

    it("say by counts what all steps say, and tell the failed one", async () => {
      await insertPlan();
      const outline = await tables.store.outline(uuid(1));
      const whole = await tables.store.plan(uuid(1));
      if (outline === null || whole === null) throw new Error("the plan was not found");
      expect(outline.tally).not.toBeNull();
      expect(judgeOutline(outline)).toEqual(judgePlan(whole));
      expect(stepCountOf(outline)).toBe(STEPS);
      expect(outline.plan.steps.map((step) => step.id)).toEqual([1, FAILED]);
      expect(outline.plan.actions.map((action) => action.class)).toEqual(["Lab::Root"]);
      expect(whole.steps).toHaveLength(STEPS);

      const parts: number[][] = [];
      for (let after: number | null = null; ; ) {
        const part = await tables.store.stepsPart({ planId: uuid(1), after, limit: 2_000 });
        parts.push(part.map((step) => step.id));
        after = part.at(-1)?.id ?? null;
        if (part.length < 2_000) break;
      }
      expect(parts.map((part) => part.length)).toEqual([2_000, 2_000, 1_600]);
      expect(parts.flat()).toEqual(ids);

      const row = await tables.store.planRow(uuid(1));
      expect(row).toMatchObject({ stepIds: { ok: true, value: ids }, finalizeFlow: { ok: true } });
    });

    it("are read whole when counts cannot tell: a step that is listed has no row", async () => {
      await insertPlan(17);
      const outline = await tables.store.outline(uuid(1));
      if (outline === null) throw new Error("the plan was not found");
      expect(outline.tally).toBeNull();
      expect(judgeOutline(outline)).toMatchObject({ valid: false });
    });

    it("are not there, and no ids are asked for, as nothing", async () => {
      expect(await tables.store.outline(uuid(9))).toBeNull();
      expect(await tables.store.planRow(uuid(9))).toBeNull();
      expect(await tables.store.planRow("'; drop table dynflow_steps; --")).toBeNull();
      expect(await tables.store.stepsPart({ planId: "1 or 1=1", after: null, limit: 10 })).toEqual([]);
    });
  });
}
