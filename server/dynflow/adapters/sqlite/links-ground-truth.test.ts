/** How plans of real databases hang together, against what Dynflow's own classes say of them. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DynflowStore } from "#server/dynflow/ports.ts";
import { createHunt } from "#server/dynflow/sub-plan-hunt.ts";
import { copyOf } from "./recorded-database.test-kit.ts";
import { createSqliteStore } from "./sqlite-store.ts";

interface ExpectedPlan {
  readonly id: string;
  readonly valid: boolean;
  readonly result: string;
  readonly caller_execution_plan_id: string | null;
  readonly sub_plan_ids: readonly string[];
  readonly blocked_by: readonly string[] | null;
  readonly blocks: readonly string[] | null;
  readonly steps: readonly { readonly id: number; readonly phase: string; readonly children?: readonly number[] }[];
}

describe.each(["v05", "v20", "v25"])("%s.sqlite", (name) => {
  const expected: { readonly plans: readonly ExpectedPlan[] } = JSON.parse(
    readFileSync(`fixtures/dynflow/${name}.sqlite.expected.json`, "utf8"),
  );
  /** Ruby says nothing more of a plan that it cannot load. */
  const plans = expected.plans.filter(({ valid }) => valid);
  let file: ReturnType<typeof copyOf>;
  let store: DynflowStore;
  beforeAll(() => {
    file = copyOf(`fixtures/dynflow/${name}.sqlite`);
    store = createSqliteStore({ path: file.path });
  });
  afterAll(async () => {
    await store.close();
    file.remove();
  });
  /** Releases of the JSON era count a plan among its own sub-plans. */
  const subPlansOf = ({ id, sub_plan_ids }: ExpectedPlan) => new Set(sub_plan_ids.filter((sub) => sub !== id));

  it("has the sub-plans of each plan, named, and counts them", async () => {
    let compared = 0;
    for (const plan of plans) {
      const query = { planId: plan.id, failingOnly: false, limit: 500, after: null };
      const { rows } = await store.links.children(query);
      const subPlans = subPlansOf(plan);
      expect(new Set(rows.map(({ id }) => id))).toEqual(subPlans);
      expect(rows.filter(({ label, rootActionClass }) => label === null && rootActionClass === null)).toEqual([]);
      const [total] = await store.links.childTotals([plan.id]);
      expect(total?.count ?? 0).toBe(subPlans.size);
      const counts = await store.links.childCounts(plan.id);
      expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(subPlans.size);
      compared += subPlans.size;
    }
    expect(compared).toBeGreaterThan(5);
  });

  it("leads from each plan to a failing leaf, or to none, and ends", async () => {
    const byId = new Map(plans.map((plan) => [plan.id, plan]));
    for (const plan of plans) {
      const hunt = createHunt(plan.id);
      for (let step = 0; step < 200; step += 1) if (await hunt.step(store)) break;
      const leaf = hunt.path().at(-1)?.id ?? "";
      const known = byId.get(leaf);
      const below = known === undefined ? [] : [...subPlansOf(known)];
      expect(below.filter((id) => byId.get(id)?.valid === true && byId.get(id)?.result === "error")).toEqual([]);
      if (leaf !== plan.id) expect(known?.result ?? "N/A").toMatch(/error|N\/A/);
    }
  });

  it("has what each plan waits for, and what waits for it", async () => {
    for (const plan of plans) {
      const ahead = await store.links.dependencies([plan.id], "waits-for");
      expect(new Set(ahead.map(({ prerequisite }) => prerequisite))).toEqual(new Set(plan.blocked_by ?? []));
      const behind = await store.links.dependencies([plan.id], "blocks");
      expect(new Set(behind.map(({ waiting }) => waiting))).toEqual(new Set(plan.blocks ?? []));
    }
  });

  it("has the plan steps of each plan", async () => {
    for (const plan of plans) {
      const listed = new Set(plan.steps.map(({ id }) => id));
      const steps = await store.links.planSteps(plan.id, null, 5_000);
      const planned = plan.steps.filter(({ phase }) => phase.toLowerCase() === "plan").map(({ id }) => id);
      expect(steps.map(({ id }) => id).filter((id) => listed.has(id))).toEqual(planned.toSorted((a, b) => a - b));
      for (const { children } of steps) expect(children.ok).toBe(true);
    }
  });
});
