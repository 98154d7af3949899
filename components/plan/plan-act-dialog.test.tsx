// @vitest-environment happy-dom
import { act, fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { type Procedures, renderInConsole } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { CancelDialog } from "./cancel-dialog.tsx";
import { PLAN_ID, plan } from "./plan.test-kit.ts";

const preview = (over: Readonly<Record<string, unknown>> = {}) => ({
  asOf: null,
  faults: [],
  state: "running",
  scheduled: false,
  refusals: [],
  steps: [
    { stepId: 3, actionClass: "Lab::Poll", state: "suspended", cancellable: "sub-plans" },
    { stepId: 5, actionClass: "Lab::Copy", state: "suspended", cancellable: null },
  ],
  ...over,
});

function open(procedures: Procedures) {
  const onDone = vi.fn();
  const ui = <CancelDialog source="foreman" plan={plan({ state: "running" })} onDone={onDone} onClose={() => {}} />;
  const scene = { permissions: ["plans:cancel"], folds: { "dynflow:foreman": EMPTY_DYNFLOW }, procedures };
  return { onDone, ...renderInConsole(ui, scene) };
}
const button = (name: RegExp) => within(screen.getByRole("dialog")).getByRole("button", { name });
const press = (name: RegExp) => act(async () => fireEvent.click(button(name)));
const reason = () => fireEvent.change(screen.getByLabelText(/Reason/), { target: { value: "it hangs" } });

describe("an action on a plan that is previewed", () => {
  it("waits for its preview, and is refused for each reason that the preview gives", async () => {
    let answer = (_: unknown): void => {};
    const { asked } = open({
      "dynflow.plans.cancelPreview": () => new Promise((resolve) => (answer = resolve)),
    });
    reason();
    await screen.findByText("What it would touch is being read.");
    await press(/^Cancel$/);
    await act(async () => answer(preview({ refusals: ["nobody answers", "it moves"] })));
    await screen.findByText("Nobody answers; it moves.");
    expect(screen.getByText("It moves.")).toBeTruthy();
    await press(/^Cancel 1.step$/);
    expect(asked.filter(({ path }) => path === "dynflow.plans.cancel")).toEqual([]);
  });

  it("goes to unsafe steps only after consent and a typed word, with what was seen", async () => {
    const { asked, onDone } = open({
      "dynflow.plans.cancelPreview": () => preview(),
      "dynflow.plans.cancel": () => ({ journalId: "j", phase: "executed", note: null }),
    });
    await screen.findByText("left out: not known to be cancellable");
    fireEvent.click(screen.getByRole("checkbox"));
    await screen.findByText("may be destroyed");
    reason();
    await press(/^Cancel 2.steps$/);
    expect(onDone).not.toHaveBeenCalled();
    fireEvent.change(screen.getByLabelText(/Type/), { target: { value: "destroy" } });
    await press(/^Cancel 2.steps$/);
    expect(onDone).toHaveBeenCalledOnce();
    expect(asked.findLast(({ path }) => path === "dynflow.plans.cancel")?.input).toMatchObject({
      source: "foreman",
      planId: PLAN_ID,
      expectedState: "running",
      expectedStepIds: [3, 5],
      force: true,
      reason: "it hangs",
    });
  });

  it("reads its preview again when the plan has moved, and stays open", async () => {
    let read = 0;
    const { onDone } = open({
      "dynflow.plans.cancelPreview": () => {
        read += 1;
        return read === 1 ? preview() : preview({ steps: [] });
      },
      "dynflow.plans.cancel": () => new Error("The plan has moved"),
    });
    await screen.findByText("has sub-plans, which it cancels");
    reason();
    await press(/^Cancel 1.step$/);
    await screen.findByText("The plan has moved");
    await screen.findByText("No open step is of a class that is known to be cancellable.");
    expect(onDone).not.toHaveBeenCalled();
  });
});
