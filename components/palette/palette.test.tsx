// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { Palette } from "./palette.tsx";

Element.prototype.scrollIntoView ??= () => {};
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

  it("says that nothing is called so", () => {
    open();
    type("zzzz");
    expect(screen.getByText(/Nothing is called so/)).toBeTruthy();
  });
});
