import { describe, expect, it } from "vitest";
import { PLAN_STATES, STEP_STATES } from "./model.ts";
import { isFinished, isPlanState, isPlanTransition, PLAN_TRANSITIONS } from "./plan-states.ts";
import { isStepTransition, STEP_TRANSITIONS } from "./step-states.ts";
import { isWorldTransition, WORLD_STATES, WORLD_TRANSITIONS } from "./world-states.ts";

/** Written out from Dynflow 2.0.0's own tables, one line a move, so that the tables are not their own proof. */
const PLAN_MOVES = `
  pending-stopped pending-scheduled pending-planning scheduled-planning scheduled-stopped planning-planned
  planning-stopped planned-running planned-stopped running-paused running-stopped paused-running paused-stopped`;
const STEP_MOVES = {
  plan: `scheduling-pending scheduling-error scheduling-cancelled pending-running pending-error pending-cancelled
    running-success running-error running-cancelled`,
  run: `pending-running pending-skipped pending-error running-success running-error running-suspended
    success-suspended suspended-running suspended-error skipping-error skipping-skipped error-skipping error-running`,
  finalize: "pending-running pending-skipped running-success running-error success-pending error-pending error-skipped",
} as const;
const STEP_NEVER = {
  plan: ["skipping"],
  run: ["scheduling", "cancelled"],
  finalize: ["scheduling", "skipping", "cancelled"],
} as const;
const PHASES = ["plan", "run", "finalize"] as const;

const moves = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));
const pairs = <T>(states: readonly T[]) => states.flatMap((from) => states.map((to) => [from, to] as const));

describe("plans", () => {
  it.each(pairs(PLAN_STATES))("%s to %s", (from, to) => {
    expect(isPlanTransition(from, to)).toBe(moves(PLAN_MOVES).has(`${from}-${to}`));
  });

  it("in a state we do not know are not judged", () => {
    expect(isPlanTransition("hovering", "stopped")).toBeNull();
    expect(isPlanTransition("running", "hovering")).toBeNull();
    expect(isPlanState("hovering")).toBe(false);
    expect(isFinished("hovering")).toBe(false);
  });

  it("are finished in exactly the state that leads nowhere", () => {
    for (const state of PLAN_STATES) expect(isFinished(state)).toBe(PLAN_TRANSITIONS[state].length === 0);
  });
});

describe.each(PHASES)("steps of the %s phase", (phase) => {
  const known = STEP_STATES.filter((state) => !STEP_NEVER[phase].some((never) => never === state));

  it.each(pairs(known))("%s to %s", (from, to) => {
    expect(isStepTransition(phase, from, to)).toBe(moves(STEP_MOVES[phase]).has(`${from}-${to}`));
  });

  it("have states that cannot occur in them", () => {
    for (const never of STEP_NEVER[phase]) {
      expect(STEP_TRANSITIONS[phase][never]).toBeUndefined();
      expect(isStepTransition(phase, never, "pending")).toBeNull();
      expect(isStepTransition(phase, "pending", never)).toBeNull();
    }
    expect(isStepTransition(phase, "hovering", "pending")).toBeNull();
  });
});

describe("worlds", () => {
  it.each(pairs(WORLD_STATES))("%s to %s", (from, to) => {
    expect(isWorldTransition(from, to)).toBe(from !== to);
  });
});

describe("the tables", () => {
  it("are frozen, rows and all", () => {
    const tables = [PLAN_TRANSITIONS, STEP_TRANSITIONS, ...Object.values(STEP_TRANSITIONS), WORLD_TRANSITIONS];
    for (const table of tables) {
      expect(Object.isFrozen(table)).toBe(true);
      for (const row of Object.values(table)) expect(Object.isFrozen(row)).toBe(true);
    }
  });
});
