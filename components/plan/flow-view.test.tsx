// @vitest-environment happy-dom
import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import { findSteps } from "./flow-find.ts";
import { foldWords } from "./flow-scene.ts";
import { FlowView } from "./flow-view.tsx";
import { step } from "./plan.test-kit.ts";
import { StepsTable } from "./steps-table.tsx";

const at = (stepId: number): FlowTree => ({ kind: "step", stepId });
/** Neighbours differ, so that nothing folds. */
const many = Array.from({ length: 10_000 }, (_, index) =>
  step(index + 1, { actionClass: `Actions::Number${index % 3_000}`, ...(index === 7_000 ? { state: "error" } : {}) }),
);
const flow: FlowTree = {
  kind: "concurrence",
  flows: Array.from({ length: 100 }, (_, row) => ({
    kind: "sequence" as const,
    flows: many.slice(row * 100, row * 100 + 100).map(({ id }) => at(id)),
  })),
};
const byId = new Map(many.map((each) => [each.id, each]));

const small: FlowTree = { kind: "sequence", flows: [at(1), { kind: "concurrence", flows: [at(2), at(3)] }, at(4)] };

describe("a flow of 10,000 steps", () => {
  it("is painted: of its steps none is an element, and the selected one is scrolled to", () => {
    const scrollTo = vi.spyOn(Element.prototype, "scrollTo");
    const { container } = render(
      <FlowView title="Run flow" flow={flow} entered steps={byId} selected={7_001} onSelect={() => {}} />,
    );
    expect(container.querySelectorAll("*").length).toBeLessThan(20);
    expect(container.querySelector("canvas")).not.toBeNull();
    expect(scrollTo).toHaveBeenCalledOnce();
    expect(screen.getByRole("group").getAttribute("aria-label")).toContain("10000 steps, 1 failed");
  });

  it("says where the arrow keys are", () => {
    render(<FlowView title="Run flow" flow={flow} entered steps={byId} selected={7_001} onSelect={() => {}} />);
    expect(screen.getByRole("status").textContent).toMatch(/^Step 7001, Actions::Number1000: error/);
  });

  it("has a table twin of which only a window is in the page", () => {
    renderInConsole(<StepsTable source="foreman" planId="p" steps={many} unlisted={[3]} selected={null} />);
    expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("10001");
    expect(screen.getAllByRole("row").length).toBeLessThan(200);
  });
});

describe("a small flow", () => {
  const draw = (selected: number | null, onSelect = vi.fn(), more: Partial<Parameters<typeof FlowView>[0]> = {}) => {
    renderInConsole(
      <FlowView title="Run flow" flow={small} entered steps={byId} selected={selected} onSelect={onSelect} {...more} />,
    );
    return onSelect;
  };

  it("moves with the arrow keys along the flow and between its rows, and selects by press", () => {
    const onSelect = draw(2);
    const press = (key: string) => fireEvent.keyDown(screen.getByRole("group"), { key });
    for (const key of ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"]) press(key);
    const mark = document.querySelector('[data-step="4"] circle');
    if (mark !== null) fireEvent.click(mark);
    expect(onSelect.mock.calls.map(([id]) => id)).toEqual([3, 1, 3, 2, 1, 4, 4]);
  });

  it("zooms by plus, minus and zero", () => {
    const onScale = vi.fn();
    draw(null, vi.fn(), { onScale, scale: 1 });
    for (const key of ["+", "-", "0"]) fireEvent.keyDown(screen.getByRole("group"), { key });
    expect(onScale.mock.calls.map(([scale]) => scale)).toEqual([1.25, 0.8, 1]);
  });

  it("marks what was found, what the critical path is, and how far a running step is", () => {
    const steps = new Map(byId).set(3, step(3, { state: "running", progressDone: 0.25 }));
    draw(1, vi.fn(), { steps, hits: new Set([2]), critical: [1, 3] });
    expect(document.querySelector('[data-step="2"]')?.classList.contains("hits")).toBe(true);
    expect(document.querySelectorAll(".crit").length).toBe(2);
    expect(document.querySelector('[data-step="3"] .ring')?.getAttribute("stroke-dasharray")).toMatch(/^12\.56/);
  });
});

describe("alike siblings", () => {
  const alike = new Map(
    Array.from({ length: 200 }, (_, index) => {
      const state = index === 40 ? "error" : index < 150 ? "success" : "running";
      return [index + 1, step(index + 1, { actionClass: "Actions::Same", state })] as const;
    }),
  );
  const wide: FlowTree = { kind: "concurrence", flows: [...alike.keys()].map(at) };

  it("are one cell with their states; the failed one stands by itself", () => {
    render(<FlowView title="Run flow" flow={wide} entered steps={alike} selected={null} onSelect={() => {}} />);
    expect(document.querySelectorAll("[data-step]").length).toBe(1);
    expect(document.querySelector("[data-fold]")?.textContent).toContain("149 success, 50 running");
  });

  it("are unfolded by a press and by Enter", () => {
    const onOpen = vi.fn();
    render(
      <FlowView
        title="Run flow"
        flow={wide}
        entered
        steps={alike}
        selected={null}
        onSelect={() => {}}
        onOpen={onOpen}
      />,
    );
    const group = screen.getByRole("group");
    fireEvent.keyDown(group, { key: "End" });
    expect(screen.getByRole("status").textContent).toContain("Enter unfolds");
    fireEvent.keyDown(group, { key: "Enter" });
    const mark = document.querySelector("[data-fold] circle");
    if (mark !== null) fireEvent.click(mark);
    expect(onOpen.mock.calls).toEqual([[1], [1]]);
  });

  it("say when some of them have not come yet", () => {
    const words = foldWords({ kind: "fold", key: 1, count: 4, stepIds: [1, 2, 999, 1_000], inSequence: false }, alike);
    expect(words.counts).toBe("2 success, 2 not read yet");
    expect(words.mark.tone).toBe("unknown");
  });
});

describe("the search in a flow", () => {
  const order = [...byId.keys()];
  it("finds by id, by words of the class, and by state, in order of the flow", () => {
    expect(findSteps("7001", order, byId)).toEqual([7_001]);
    expect(findSteps("number29 actions", order.slice(0, 100), byId)).toEqual([30]);
    expect(findSteps("error", order, byId)).toEqual([7_001]);
    expect(findSteps("  ", order, byId)).toEqual([]);
    expect(findSteps("99999", order, byId)).toEqual([]);
  });
});
