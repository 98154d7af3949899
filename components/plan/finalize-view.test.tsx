// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { FinalizeView } from "./finalize-view.tsx";
import { plan, step } from "./plan.test-kit.ts";
import type { PlanOutput, StepView } from "./types.ts";

const at = (stepId: number) => ({ kind: "step" as const, stepId });
const flows = (run: readonly number[], finalize: readonly number[]): Partial<PlanOutput> => ({
  runFlow: { kind: "sequence", flows: run.map(at) },
  finalizeFlow: { kind: "sequence", flows: finalize.map(at) },
});
const pending = { state: "pending", startedAt: null, endedAt: null };

function open(over: Partial<PlanOutput>, steps: readonly StepView[]) {
  const shown = plan({ stepCount: steps.length, ...over });
  return renderInConsole(
    <FinalizeView source="foreman" plan={shown} steps={steps} selected={null} onSelect={() => undefined}>
      {null}
    </FinalizeView>,
  );
}
const text = () => document.body.textContent?.replaceAll("\u00a0", " ") ?? "";

describe("what a plan finalizes", () => {
  it.each<readonly [string, Partial<PlanOutput>, readonly StepView[], RegExp]>([
    ["is nothing", flows([3], []), [step(3)], /nothing to finalize/],
    [
      "is not reached while the run flow is not over",
      flows([3, 4], [5]),
      [step(3), step(4, pending), step(5, pending)],
      /not reached: 1 step of the run flow is not over/,
    ],
    ["is next once it is", flows([3], [5]), [step(3), step(5, pending)], /It is next/],
    [
      "was not reached by a plan that stopped before",
      { ...flows([3], [5]), state: "stopped" },
      [step(3, { state: "error" }), step(5, pending)],
      /stopped before/,
    ],
    ["is over", flows([3], [5]), [step(3), step(5)], /All of it is over/],
    ["is on its way", flows([3], [5, 6]), [step(3), step(5), step(6, pending)], /1 of 2 are over/],
    ["has failed", flows([3], [5, 6]), [step(3), step(5, { state: "error" }), step(6, pending)], /1 step failed/],
    [
      "cannot be read",
      { finalizeFlow: { unreadable: "a flow that is no flow", bytes: 9 } },
      [step(3)],
      /could not be decoded: a flow that is no flow/,
    ],
  ])("%s", (_what, over, steps, expected) => {
    open(over, steps);
    expect(text()).toMatch(expected);
  });

  it("names a step without a row, and tells it from one that has not come yet", () => {
    open(flows([3], [5]), [step(3)]);
    expect(screen.getByText("step 5 has no row")).toBeTruthy();
  });

  it("waits for a step that has not come yet", () => {
    open({ ...flows([3], [5]), stepCount: 2 }, [step(3)]);
    expect(screen.getByText("step 5, reading …")).toBeTruthy();
  });
});
