// @vitest-environment happy-dom
import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import { FlowView } from "./flow-view.tsx";
import { step } from "./plan.test-kit.ts";
import { StepsTable } from "./steps-table.tsx";

const many = Array.from({ length: 10_000 }, (_, index) => step(index + 1, index === 7_000 ? { state: "error" } : {}));
const flow: FlowTree = {
  kind: "concurrence",
  flows: Array.from({ length: 100 }, (_, row) => ({
    kind: "sequence" as const,
    flows: many.slice(row * 100, row * 100 + 100).map(({ id }) => ({ kind: "step" as const, stepId: id })),
  })),
};
const byId = new Map(many.map((each) => [each.id, each]));

describe("a flow of 10,000 steps", () => {
  it("puts into the page only what can be seen, and scrolls to the selected one", () => {
    const scrollTo = vi.spyOn(Element.prototype, "scrollTo");
    render(<FlowView title="Run flow" flow={flow} entered steps={byId} selected={7_001} onSelect={() => {}} />);
    expect(document.querySelectorAll("[data-step]").length).toBeLessThan(1_000);
    expect(scrollTo).toHaveBeenCalledOnce();
    expect(screen.getByRole("group").getAttribute("aria-label")).toContain("10000 steps, 1 failed");
  });

  it("moves with the arrow keys and selects by press", () => {
    const onSelect = vi.fn();
    render(<FlowView title="Run flow" flow={flow} entered steps={byId} selected={2} onSelect={onSelect} />);
    fireEvent.keyDown(screen.getByRole("group"), { key: "ArrowRight" });
    fireEvent.keyDown(screen.getByRole("group"), { key: "ArrowLeft" });
    const mark = document.querySelector('[data-step="101"] circle');
    if (mark !== null) fireEvent.click(mark);
    expect(onSelect.mock.calls.map(([id]) => id)).toEqual([3, 1, 101]);
  });

  it("has a table twin of which only a window is in the page", () => {
    renderInConsole(<StepsTable source="foreman" planId="p" steps={many} unlisted={[3]} selected={null} />);
    expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("10001");
    expect(screen.getAllByRole("row").length).toBeLessThan(200);
    expect(screen.getByRole("button", { name: /error 1/ })).toBeTruthy();
  });
});
