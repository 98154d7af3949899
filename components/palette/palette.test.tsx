// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { plan, STEPS } from "#components/plan/plan.test-kit.ts";
import { usePlan } from "#components/plan/use-plan.ts";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { Palette } from "./palette.tsx";

Element.prototype.scrollIntoView ??= () => {};
const address = vi.hoisted(() => ({ path: "/", search: "step=17" }));
vi.mock("next/navigation", () => ({
  usePathname: () => address.path,
  useSearchParams: () => new URLSearchParams(address.search),
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

  const NODES: Folds = {
    "dna:eu-1": {
      ...EMPTY_DNA,
      nodes: {
        "1:1": {
          ...{ cluster: "prod", node: "dna@a", createdAt: epochMs(0), nodeId: "1", state: "alive", since: epochMs(0) },
          ...{ silentMsThen: 0, evidence: "", flags: {}, firstSeenAt: epochMs(0) },
        },
      },
    },
  };

  it("opens the list of steps of a node that is to be drained, and does nothing by itself", async () => {
    const { asked } = open(NODES);
    type("drain dna@a");
    fireEvent.click(await screen.findByRole("option", { name: /^Drain and stop dna@a/ }));
    expect(await screen.findByRole("dialog", { name: /^Drain and stop a node/ })).toBeTruthy();
    await waitFor(() => expect(asked.map(({ path }) => path)).toContain("dna.drain.get"));
    expect(asked.map(({ path }) => path)).not.toContain("dna.drain.advance");
  });

  it("says why a node cannot be drained in the past, and opens nothing", async () => {
    renderInConsole(<Palette onClose={vi.fn()} />, { folds: NODES, procedures, past: { folds: NODES } });
    type("drain dna@a");
    const option = await screen.findByRole("option", { name: /^Drain and stop dna@a/ });
    expect(option.textContent).toContain("Not live");
    fireEvent.click(option);
    expect(screen.getByRole("status").textContent).toContain("Not live");
    expect(screen.queryByRole("dialog", { name: /^Drain and stop a node/ })).toBeNull();
  });

  it("stops the actor whose page is open by its own dialog", async () => {
    address.path = "/actors";
    address.search = "source=eu-1&ns=weather&module=0&name=ljubljana";
    const { asked } = open(NODES);
    type("stop ljub");
    fireEvent.click(await screen.findByRole("option", { name: /^Stop actor ljubljana/ }));
    expect(await screen.findByRole("dialog", { name: /^Stop actor/ })).toBeTruthy();
    const place = { source: "eu-1", namespace: "weather", moduleId: 0, name: "ljubljana" };
    await waitFor(() =>
      expect(asked.find(({ path }) => path === "dna.actors.stopPreview")?.input).toMatchObject(place),
    );
    expect(asked.map(({ path }) => path)).not.toContain("dna.actors.stop");
    address.path = "/";
    address.search = "step=17";
  });

  it("says that nothing is called so", () => {
    open();
    type("zzzz");
    expect(screen.getByText(/Nothing is called so/)).toBeTruthy();
  });
});
