import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodePayload } from "./codec/payload.ts";
import {
  actionCells,
  type Cell,
  type OpenedTables,
  type OpenTables,
  planCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";
import type { ChildPlan, PlanEdge } from "./ports.ts";

const ROOT = 1;
/** Times of the fixtures: whole seconds, milliseconds, microseconds, none. */
const STARTED = [
  "2026-11-22 05:45:46.500",
  "2026-11-22 05:45:46",
  null,
  "2026-11-22 05:45:46.500001",
  "2026-11-22 05:45:46.500",
] as const;
/** Sub-plans are 11 to 15: by time, then those without, ties by id. */
const IN_ORDER = [12, 11, 15, 14, 13];

const numberOf = ({ id }: { readonly id: string }): number => Number.parseInt(id.slice(-12), 16);

/** What every adapter promises of how plans hang together. */
export function dynflowLinksContract(name: string, open: OpenTables): void {
  describe(`PlanLinks contract: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
      await plan(ROOT);
      await tables.insert("dynflow_actions", actionCells(ROOT, 1));
    });
    afterEach(() => tables.close());

    const plan = (number: number, cells: Readonly<Record<string, Cell>> = {}) =>
      tables.insert("dynflow_execution_plans", planCells(number, cells));
    /** A plan whose root action tells of its caller. */
    const child = async (number: number, caller: number, cells: Readonly<Record<string, Cell>> = {}, action = 7) => {
      await plan(number, cells);
      const called = { caller_execution_plan_id: uuid(caller), caller_action_id: action };
      await tables.insert("dynflow_actions", actionCells(number, 1, called));
    };
    const step = (number: number, id: number, cells: Readonly<Record<string, Cell>>) =>
      tables.insert("dynflow_steps", stepCells(number, id, cells));
    const level = async () => {
      for (const [index, started_at] of STARTED.entries()) await child(11 + index, ROOT, { started_at });
    };
    const query = { planId: uuid(ROOT), failingOnly: false, limit: 10, after: null };

    describe("the sub-plans of a plan", () => {
      it("are none of a plan without, of one that is not there, and of what is no id", async () => {
        for (const planId of [uuid(ROOT), uuid(99), "", "'; drop table dynflow_actions; --"]) {
          expect(await tables.store.links.children({ ...query, planId })).toEqual({ rows: [], next: null });
          expect(await tables.store.links.childCounts(planId)).toEqual([]);
        }
      });

      it("come oldest start first, to the microsecond, those that never started last, ties by id", async () => {
        await level();
        const { rows, next } = await tables.store.links.children(query);
        expect(rows.map(numberOf)).toEqual(IN_ORDER);
        expect(next).toBeNull();
      });

      it.each([1, 2, 3, 4])("are all met once by pages of %i", async (limit) => {
        await level();
        const met: ChildPlan[] = [];
        let after: string | null = null;
        for (let page = 0; page < 10; page += 1) {
          const answer = await tables.store.links.children({ ...query, limit, after });
          met.push(...answer.rows);
          after = answer.next;
          if (after === null) break;
        }
        expect(met.map(numberOf)).toEqual(IN_ORDER);
      });

      it("are told with what a row of a tree shows", async () => {
        const cells = { label: "Lab::Child", state: "stopped", result: "error", real_time: 1.5, execution_time: 0.25 };
        await child(2, ROOT, { ...cells, started_at: STARTED[0], ended_at: "2026-11-22 05:45:48" }, 3);
        await step(2, 1, { class: "Dynflow::ExecutionPlan::Steps::PlanStep", action_class: "Lab::Root" });
        expect((await tables.store.links.children(query)).rows).toEqual([
          {
            id: uuid(2),
            callerActionId: 3,
            label: "Lab::Child",
            rootActionClass: "Lab::Root",
            state: "stopped",
            result: "error",
            startedAt: "2026-11-22T05:45:46.500000Z",
            endedAt: "2026-11-22T05:45:48.000000Z",
            realTimeSec: 1.5,
            executionTimeSec: 0.25,
            failing: true,
          },
        ]);
      });

      it("are not the plan itself, which rows of the JSON era name as their caller", async () => {
        const own = { caller_execution_plan_id: uuid(ROOT), caller_action_id: 1 };
        await tables.insert("dynflow_actions", actionCells(ROOT, 2, own));
        await child(2, ROOT);
        expect((await tables.store.links.children(query)).rows.map(numberOf)).toEqual([2]);
        expect(await tables.store.links.childTotals([uuid(ROOT)])).toEqual([{ planId: uuid(ROOT), count: 1 }]);
        expect((await tables.store.links.childEdges([uuid(ROOT)], null, 10)).map(numberOf)).toEqual([2]);
      });

      it("are each one, however many of their actions tell of the caller", async () => {
        await child(2, ROOT);
        const called = { caller_execution_plan_id: uuid(ROOT), caller_action_id: 5 };
        await tables.insert("dynflow_actions", actionCells(2, 2, called));
        expect((await tables.store.links.children(query)).rows.map(({ callerActionId }) => callerActionId)).toEqual([
          5,
        ]);
        expect(await tables.store.links.childTotals([uuid(ROOT)])).toEqual([{ planId: uuid(ROOT), count: 1 }]);
        expect(await tables.store.links.childCounts(uuid(ROOT))).toMatchObject([{ count: 1 }]);
        expect(await tables.store.links.childEdges([uuid(ROOT)], null, 10)).toHaveLength(1);
      });

      it("fail when their stored result says so, or when they are unfinished and a step is in error", async () => {
        await child(2, ROOT, { result: "error" });
        await child(3, ROOT, { state: "running", result: "pending" });
        await step(3, 4, { state: "error" });
        await child(4, ROOT, { state: "stopped", result: "warning" });
        await step(4, 4, { state: "error" });
        await child(5, ROOT, { state: "running", result: "pending" });
        await step(5, 4, { state: "running" });
        const failing = { ...query, failingOnly: true };
        expect((await tables.store.links.children(failing)).rows.map(numberOf)).toEqual([2, 3]);
        expect((await tables.store.links.children({ ...failing, limit: 1 })).next).not.toBeNull();
        const edges = await tables.store.links.childEdges([uuid(ROOT)], null, 10);
        expect(edges.filter((edge) => edge.failing).map(numberOf)).toEqual([2, 3]);
      });

      it("are counted by caller, state and stored result", async () => {
        await child(2, ROOT, { state: "stopped", result: "success" }, 3);
        await child(3, ROOT, { state: "stopped", result: "success" }, 3);
        await child(4, ROOT, { state: "paused", result: "error" }, 3);
        await child(5, ROOT, { state: "stopped", result: "success" }, 4);
        await child(6, 2);
        expect(await tables.store.links.childCounts(uuid(ROOT))).toEqual([
          { callerActionId: 3, state: "paused", result: "error", count: 1 },
          { callerActionId: 3, state: "stopped", result: "success", count: 2 },
          { callerActionId: 4, state: "stopped", result: "success", count: 1 },
        ]);
        const totals = await tables.store.links.childTotals([uuid(ROOT), uuid(2), uuid(3)]);
        expect(new Map(totals.map(({ planId, count }) => [planId, count]))).toEqual(
          new Map([
            [uuid(ROOT), 4],
            [uuid(2), 1],
          ]),
        );
      });

      it.each([["x"], [""], [`2026-13-45T00:00:00.000000Z ${uuid(1)}`], [`${uuid(1)} ${uuid(1)}`]])(
        "refuse a cursor that is none: %s",
        async (after) => {
          await expect(tables.store.links.children({ ...query, after })).rejects.toMatchObject({
            code: "invalid-input",
          });
        },
      );

      it.each([0, 501, 1.5])("refuse a page of %d rows", async (limit) => {
        await expect(tables.store.links.children({ ...query, limit })).rejects.toMatchObject({ code: "invalid-input" });
      });
    });

    describe("a walk", () => {
      it("meets the sub-plans of several plans by caller and id, each once, in parts of any size", async () => {
        await level();
        await child(21, 12);
        await child(22, 12);
        await child(23, 14);
        const parents = [uuid(ROOT), uuid(12), uuid(14)];
        const all = (await tables.store.links.childEdges(parents, null, 100)).map(numberOf);
        expect(all).toEqual([11, 12, 13, 14, 15, 21, 22, 23]);
        for (const limit of [1, 3, 5]) {
          const met: PlanEdge[] = [];
          for (let part = 0; part < 10; part += 1) {
            const edges: readonly PlanEdge[] = await tables.store.links.childEdges(parents, met.at(-1) ?? null, limit);
            met.push(...edges);
            if (edges.length < limit) break;
          }
          expect(met.map(numberOf)).toEqual(all);
        }
      });

      it("tells names when asked for them, and only then", async () => {
        await child(2, ROOT, { label: "Lab::Child" });
        await step(2, 1, { class: "Dynflow::ExecutionPlan::Steps::PlanStep", action_class: "Lab::Root" });
        const { links } = tables.store;
        const names = { label: "Lab::Child", rootActionClass: "Lab::Root" };
        expect(await links.childEdges([uuid(ROOT)], null, 10, true)).toMatchObject([names]);
        expect(await links.childEdges([uuid(ROOT)], null, 10)).toMatchObject([{ label: null, rootActionClass: null }]);
      });

      it("refuses more callers than one statement takes", async () => {
        const many = Array.from({ length: 501 }, (_, index) => uuid(index));
        const refusal = { code: "limit-exceeded" };
        await expect(tables.store.links.childTotals(many)).rejects.toMatchObject(refusal);
        await expect(tables.store.links.childEdges(many, null, 1)).rejects.toMatchObject(refusal);
      });
    });

    describe("the parts of a plan", () => {
      it("are the step that each of these actions runs in, or else finalizes in", async () => {
        await plan(2);
        await tables.insert("dynflow_actions", actionCells(2, 1, { run_step_id: 4, finalize_step_id: 5 }));
        await tables.insert("dynflow_actions", actionCells(2, 3, { finalize_step_id: 6 }));
        const asked = [1, 3, 8].map((actionId) => ({ planId: uuid(2), actionId }));
        const found = await tables.store.links.actionSteps([...asked, { planId: "no id", actionId: 1 }]);
        expect(found.toSorted((a, b) => a.actionId - b.actionId)).toEqual([
          { planId: uuid(2), actionId: 1, stepId: 4 },
          { planId: uuid(2), actionId: 3, stepId: 6 },
        ]);
        expect(await tables.store.links.actionSteps([])).toEqual([]);
      });

      it("are its plan steps with what each planned, in order of id, in parts of any size", async () => {
        const planStep = { class: "Dynflow::ExecutionPlan::Steps::PlanStep" };
        for (const id of [5, 3, 1]) await step(ROOT, id, { ...planStep, children: encodePayload([id + 1]) });
        await step(ROOT, 2, {});
        await step(ROOT, 4, { class: null, data: encodePayload({ ...planStep, children: [9] }) });
        const all = await tables.store.links.planSteps(uuid(ROOT), null, 100);
        expect(all.map(({ id, children }) => [id, children.ok ? children.value : null])).toEqual([
          [1, [2]],
          [3, [4]],
          [4, [9]],
          [5, [6]],
        ]);
        for (const limit of [1, 2, 3]) {
          const met: number[] = [];
          for (let part = 0; part < 6; part += 1) {
            const steps = await tables.store.links.planSteps(uuid(ROOT), met.at(-1) ?? null, limit);
            met.push(...steps.map(({ id }) => id));
            if (steps.length < limit) break;
          }
          expect(met).toEqual([1, 3, 4, 5]);
        }
        expect(await tables.store.links.planSteps("no id", null, 100)).toEqual([]);
      });
    });

    describe("dependencies", () => {
      it("are told both ways, each pair once", async () => {
        for (const number of [2, 3, 4]) await plan(number);
        const pairs = [
          [2, ROOT],
          [2, ROOT],
          [3, ROOT],
          [4, 2],
        ] as const;
        for (const [waiting, prerequisite] of pairs) {
          const row = { execution_plan_uuid: uuid(waiting), blocked_by_uuid: uuid(prerequisite) };
          await tables.insert("dynflow_execution_plan_dependencies", row);
        }
        const { links } = tables.store;
        expect(await links.dependencies([uuid(2), uuid(4)], "waits-for")).toEqual([
          { waiting: uuid(2), prerequisite: uuid(ROOT) },
          { waiting: uuid(4), prerequisite: uuid(2) },
        ]);
        expect(await links.dependencies([uuid(ROOT)], "blocks")).toEqual([
          { waiting: uuid(2), prerequisite: uuid(ROOT) },
          { waiting: uuid(3), prerequisite: uuid(ROOT) },
        ]);
        expect(await links.dependencies([], "blocks")).toEqual([]);
        expect(await links.dependencies(["no id"], "waits-for")).toEqual([]);
      });
    });
  });
}
