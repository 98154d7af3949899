// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { plan, STEPS } from "#components/plan/plan.test-kit.ts";
import { usePlan } from "#components/plan/use-plan.ts";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { Palette } from "./palette.tsx";

Element.prototype.scrollIntoView ??= () => {};
const address = vi.hoisted(() => ({ path: "/" }));
vi.mock("next/navigation", () => ({
  usePathname: () => address.path,
  useSearchParams: () => new URLSearchParams("step=17"),
}));
const PLAN = "7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80";
const procedures = {
  "dynflow.sources.list": () => ({
    asOf: null,
    faults: [],
    sources: [{ id: "foreman", title: "F", actRefused: null }],
  }),
  "dynflow.plans.list": () => ({
    asOf: null,
    faults: [],
    rows: [{ id: PLAN }],
    previousCursor: null,
    nextCursor: null,
  }),
};
const open = (folds = {}) => {
  const onClose = vi.fn();
  return { onClose, ...renderInConsole(<Palette onClose={onClose} />, { folds, procedures }) };
};
/** What the page of the plan does. */
function PlanRead() {
  usePlan("foreman", PLAN);
  return null;
}
const type = (text: string) => fireEvent.change(screen.getByRole("combobox"), { target: { value: text } });

describe("the palette", () => {
  it("has the focus where one types", () => {
    open();
    expect(document.activeElement).toBe(screen.getByRole("combobox"));
  });

  it("goes to a page and closes", async () => {
    const { went, onClose } = open();
    type("journal");
    fireEvent.click(await screen.findByRole("option", { name: /Journal/ }));
    expect(went).toEqual(["/journal"]);
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("opens a pasted plan id, finished ones too, in the source that has it", async () => {
    const { went } = open({ "dynflow:foreman": EMPTY_DYNFLOW });
    type(PLAN);
    await act(async () => fireEvent.click(screen.getByRole("option", { name: `Plan ${PLAN}` })));
    await waitFor(() => expect(went).toEqual([`/plans/foreman/${PLAN}`]));
  });

  it("opens the dialog of an action on the plan whose page is open, and says why another is refused", async () => {
    address.path = `/plans/foreman/${PLAN}`;
    const own = {
      ...procedures,
      "dynflow.plans.get": () => plan(),
      "dynflow.plans.steps": () => ({ asOf: null, faults: [], steps: STEPS, unlistedStepIds: [], nextCursor: null }),
      "dynflow.plans.history": () => ({ asOf: null, faults: [], events: [] }),
      "dynflow.plans.skipPreview": () => ({
        asOf: null,
        faults: [],
        state: "paused",
        refusals: [],
        changes: [{ stepId: 17, actionClass: "Lab::Copy", from: "error", to: "skipping" }],
      }),
    };
    const permissions = ["plans:read", "plans:skip", "plans:abort"];
    const onClose = vi.fn();
    const { asked } = renderInConsole(
      <>
        <PlanRead />
        <Palette onClose={onClose} />
      </>,
      { folds: { "dynflow:foreman": EMPTY_DYNFLOW }, procedures: own, permissions },
    );
    await waitFor(() => expect(asked.map(({ path }) => path)).toContain("dynflow.plans.get"));
    type("publish");
    const aborting = await screen.findByRole("option", { name: /^Abort steps of/ });
    await waitFor(() => expect(aborting.textContent).toContain("only steps of a running one"));
    expect(screen.getByRole("option", { name: /^Halt/ }).textContent).toContain("plans:halt");
    fireEvent.click(aborting);
    expect(screen.getByRole("status").textContent).toContain("only steps of a running one");
    fireEvent.click(screen.getByRole("option", { name: /^Skip in/ }));
    const dialog = await screen.findByRole("dialog", { name: /^Skip in/ });
    await within(dialog).findByRole("button", { name: /^Skip 1.step$/ });
    expect(asked.findLast(({ path }) => path === "dynflow.plans.skipPreview")?.input).toMatchObject({ stepIds: [17] });
    address.path = "/";
  });

  it("says that nothing is called so", () => {
    open();
    type("zzzz");
    expect(screen.getByText(/Nothing is called so/)).toBeTruthy();
  });
});
