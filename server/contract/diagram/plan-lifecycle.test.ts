import { describe, expect, it } from "vitest";
import { PLAN_STATES } from "#server/dynflow/domain/model.ts";
import { PLAN_TRANSITIONS } from "#server/dynflow/domain/plan-states.ts";
import { PLAN_LIFECYCLE, PLAN_LIFECYCLE_STATES, PLAN_STATE_LABELS, toPlanLifecycleState } from "./plan-lifecycle.ts";

describe("the drawn life of a plan", () => {
  it("has the states of the frozen table, in its order", () => {
    expect(PLAN_LIFECYCLE_STATES).toEqual(PLAN_STATES);
    expect(Object.keys(PLAN_STATE_LABELS)).toEqual([...PLAN_STATES]);
  });

  it("has exactly the transitions of the frozen table", () => {
    const drawn = PLAN_LIFECYCLE.map(({ from, to }) => `${from} ${to}`).sort();
    const allowed = PLAN_STATES.flatMap((from) => PLAN_TRANSITIONS[from].map((to) => `${from} ${to}`)).sort();
    expect(drawn).toEqual(allowed);
  });

  it("marks nothing for a state that it does not know", () => {
    expect(toPlanLifecycleState("paused")).toBe("paused");
    expect(toPlanLifecycleState("hibernating")).toBeNull();
  });
});
