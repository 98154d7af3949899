import { describe, expect, it } from "vitest";
import { STEP_TRANSITIONS } from "#server/dynflow/domain/step-states.ts";
import { STEP_LIFECYCLES, STEP_PHASES, stepLifecycleStates, toStepPhase } from "./step-lifecycle.ts";

describe.each(STEP_PHASES)("the drawn life of a %s step", (phase) => {
  it("has exactly the transitions of the frozen table", () => {
    const drawn = STEP_LIFECYCLES[phase].map(({ from, to }) => `${from} ${to}`).sort();
    const allowed = Object.entries(STEP_TRANSITIONS[phase])
      .flatMap(([from, targets]) => (targets ?? []).map((to) => `${from} ${to}`))
      .sort();
    expect(drawn).toEqual(allowed);
  });

  it("has no state twice, and a word for each way", () => {
    const states = stepLifecycleStates(phase);
    expect(new Set(states).size).toBe(states.length);
    for (const { label } of STEP_LIFECYCLES[phase]) expect(label).not.toBe("");
  });
});

it("an unknown phase has no life", () => {
  expect(toStepPhase("run")).toBe("run");
  expect(toStepPhase("unknown")).toBeNull();
});
