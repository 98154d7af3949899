// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { answers, PLAN_ID, STEPS } from "./plan.test-kit.ts";
import { PlanPage } from "./plan-page.tsx";

const folds = {
  "dynflow:foreman": { ...EMPTY_DYNFLOW, source: { state: "up" as const, since: epochMs(0), reason: null } },
};
const open = (scene: Parameters<typeof renderInConsole>[1] = {}) =>
  renderInConsole(<PlanPage source="foreman" planId={PLAN_ID} />, { folds, procedures: answers(), ...scene });

const resumed = (phases: Partial<OperationFold["at"]>, phase: OperationFold["phase"]): OperationFold => ({
  id: "01KAX4Y0QZ0000000000000000",
  action: "dynflow.plans.resume",
  stream: "dynflow:foreman",
  target: PLAN_ID,
  expected: {},
  found: "The plan runs under our request",
  actor: { user: "mira", role: "operator", address: "10.9.1.14", reason: "deleted old exports" },
  phase,
  at: phases,
});

describe("the plan page", () => {
  it("opens a failed plan on its first failed step, the error on screen, its payload read for it alone", async () => {
    const { asked } = open();
    await screen.findByText("[Errno 28] No space left on device");
    expect(screen.getByRole("heading", { level: 1 }).textContent).toContain("ContentView::Publish");
    expect(screen.getByText("Step 17, run")).toBeTruthy();
    const read = asked.filter(({ path }) => path === "dynflow.plans.action").map(({ input }) => input);
    expect(read).toEqual([{ source: "foreman", planId: PLAN_ID, stepId: 17 }]);
  });

  it("says what viewers do not read, instead of leaving it out", async () => {
    const masked = { masked: true as const };
    open({
      role: "viewer",
      permissions: ["plans:read"],
      procedures: answers({}, { error: masked, input: masked, output: masked, chunks: masked }),
    });
    await screen.findByText("Katello::Errors::Pulp3Error");
    expect(screen.getAllByText(/hidden from viewers/).length).toBeGreaterThanOrEqual(3);
    expect(document.body.textContent).not.toContain("canary");
  });

  it("goes to the next failed step with N", async () => {
    const { went } = open();
    await screen.findByText("[Errno 28] No space left on device");
    fireEvent.keyDown(window, { key: "n" });
    expect(went).toEqual([`/plans/foreman/${PLAN_ID}?step=19`]);
  });

  it("sends with a resume what the operator saw, a reason and an id of its own", async () => {
    const { asked } = open({
      procedures: {
        ...answers(),
        "dynflow.plans.resume": () => ({ journalId: "01", phase: "executed", note: null }),
      },
    });
    await screen.findByText("[Errno 28] No space left on device");
    fireEvent.keyDown(window, { key: "r" });
    const dialog = await screen.findByRole("dialog");
    expect(dialog.textContent).toContain("runs again, with the same input");
    fireEvent.change(within(dialog).getByLabelText(/Reason/), { target: { value: "disk cleared" } });
    await act(async () => fireEvent.click(within(dialog).getByRole("button", { name: /^Resume plan/ })));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const sent = asked.filter(({ path }) => path === "dynflow.plans.resume").map(({ input }) => input);
    expect(sent).toEqual([
      {
        source: "foreman",
        planId: PLAN_ID,
        expectedState: "paused",
        expectedFailedStepId: 17,
        reason: "disk cleared",
        requestId: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      },
    ]);
  });

  it("keeps the dialog open and says so when the plan has moved", async () => {
    open({
      procedures: {
        ...answers(),
        "dynflow.plans.resume": () => new Error("The plan has moved: it is running, not paused"),
      },
    });
    await screen.findByText("[Errno 28] No space left on device");
    fireEvent.click(screen.getByRole("button", { name: /Resume…/ }));
    fireEvent.change(await screen.findByLabelText(/Reason/), { target: { value: "disk cleared" } });
    fireEvent.click(screen.getByRole("button", { name: /^Resume plan/ }));
    await screen.findByText("The plan has moved: it is running, not paused");
    expect(screen.getByText("The world has moved")).toBeTruthy();
  });

  it("offers no resume to whoever may not, and says why", async () => {
    open({ role: "viewer", permissions: ["plans:read"] });
    const button = await screen.findByRole("button", { name: /Resume…/ });
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(screen.getByText(/plans:resume/)).toBeTruthy();
    fireEvent.click(button);
    fireEvent.keyDown(window, { key: "r" });
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  const ALL = ["resume", "skip", "cancel", "abort", "halt", "start"].map((verb) => `plans:${verb}` as const);

  it("keeps every action in the menu, and says of each that cannot be done why not", async () => {
    open({ permissions: ["plans:read", ...ALL] });
    await screen.findByText("[Errno 28] No space left on device");
    fireEvent.keyDown(window, { key: "m" });
    const menu = screen.getByRole("menu", { name: "Actions" });
    const items = within(menu).getAllByRole("menuitem");
    expect(items.map((item) => item.querySelector(".menu-name")?.textContent)).toEqual([
      "Resume…",
      "Start now…",
      "Skip…",
      "Cancel…",
      expect.stringMatching(/^Cancel step/),
      "Abort…",
      "Halt…",
    ]);
    const off = items.filter((item) => item.getAttribute("aria-disabled") === "true");
    expect(off.map((item) => item.querySelector(".menu-says")?.textContent)).toEqual([
      expect.stringContaining("only a scheduled one"),
      expect.stringContaining("only a running or a scheduled one"),
      expect.stringContaining("only steps of a running one"),
      expect.stringContaining("only steps of a running one"),
    ]);
    expect(document.activeElement?.textContent).toContain("Resume…");
    fireEvent.keyDown(document.activeElement ?? window, { key: "ArrowUp" });
    expect(document.activeElement?.textContent).toContain("Halt…");
    fireEvent.keyDown(document.activeElement ?? window, { key: "Escape" });
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement?.textContent).toContain("Actions");
  });

  it("halts only after what stays was shown and the word is typed", async () => {
    const sent: unknown[] = [];
    open({
      permissions: ["plans:read", ...ALL],
      procedures: {
        ...answers(),
        "dynflow.plans.haltPreview": () => ({
          asOf: null,
          faults: [],
          state: "paused",
          refusals: [],
          executorId: null,
          executorKnown: null,
          left: [{ state: "pending", count: 2 }],
          busy: [],
          subPlans: 1,
          before: null,
        }),
        "dynflow.plans.halt": (input: unknown) => {
          sent.push(input);
          return { journalId: "j", phase: "verified", note: null };
        },
      },
    });
    await screen.findByText("[Errno 28] No space left on device");
    fireEvent.keyDown(window, { key: "q" });
    const dialog = await screen.findByRole("dialog");
    await within(dialog).findByText("never runs");
    expect(dialog.textContent).toMatch(/1.sub-plan of it has not ended/);
    fireEvent.change(within(dialog).getByLabelText(/Reason/), { target: { value: "it hangs" } });
    fireEvent.click(within(dialog).getByRole("button", { name: /^Halt plan/ }));
    expect(sent).toEqual([]);
    fireEvent.change(within(dialog).getByLabelText(/Type/), { target: { value: "halt" } });
    await act(async () => fireEvent.click(within(dialog).getByRole("button", { name: /^Halt plan/ })));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({ expectedState: "paused", expectedExecutorId: null, again: false });
  });

  it("says why the plan itself cannot be resumed now", async () => {
    open({
      procedures: answers({ resume: { possible: false, reasons: ["an executor holds the plan's execution lock"] } }),
    });
    expect(await screen.findByText("An executor holds the plan's execution lock.")).toBeTruthy();
  });

  it("follows what became of a resume: requested, executed, verified, each with its time", async () => {
    const at = epochMs(Date.now());
    const operation = resumed({ requested: at, executed: epochMs(at + 24), verified: epochMs(at + 1_200) }, "verified");
    open({
      folds: {
        ...folds,
        operator: {
          family: "operator",
          operations: [operation],
          jobs: {},
          acknowledgements: {},
          approvals: {},
          drains: {},
          silences: {},
          readOnly: null,
        },
      },
    });
    await screen.findByText("[Errno 28] No space left on device");
    const line = document.querySelector(".outcome")?.textContent?.replaceAll("\u00a0", " ") ?? "";
    expect(line).toContain("resume by mira “deleted old exports”");
    expect(line).toMatch(/requested.*executed \+24 ms.*verified \+1\.2 s.*The plan runs under our request/);
  });

  it("shows names of upstream as text only", async () => {
    const hostile = '<img src=x onerror="alert(1)">';
    open({
      procedures: answers(
        { label: hostile },
        { error: { exceptionClass: hostile, message: hostile, backtrace: [hostile] } },
      ),
    });
    await waitFor(() => expect(screen.getAllByText(hostile).length).toBeGreaterThan(2));
    expect(document.querySelector("img")).toBeNull();
  });

  it("says what is wrong when the plan cannot be read, and offers to try again", async () => {
    open({ procedures: { ...answers(), "dynflow.plans.get": () => new Error("connect ECONNREFUSED") } });
    expect(await screen.findByText("connect ECONNREFUSED")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try now" })).toBeTruthy();
    expect(STEPS.length).toBeGreaterThan(0);
  });

  it("says of a plan that was deleted while it was open when, keeps what it was, and asks no more", async () => {
    let gone = false;
    const procedures = answers();
    const { asked, cache } = open({
      procedures: {
        ...procedures,
        "dynflow.plans.get": () =>
          gone ? new Error(`No plan ${PLAN_ID} in foreman`, { cause: "NOT_FOUND" }) : procedures["dynflow.plans.get"](),
      },
    });
    await screen.findByText("[Errno 28] No space left on device");
    gone = true;
    await act(async () => cache.invalidateQueries());
    const told = await screen.findByText(/Deleted at/);
    expect(told.textContent).toMatch(/Deleted at .* no such plan any more/);
    expect(screen.getByRole("heading", { level: 1 }).textContent).toContain("ContentView::Publish");
    const reads = () => asked.filter(({ path }) => path === "dynflow.plans.get").length;
    const before = reads();
    await act(async () => new Promise((resolve) => setTimeout(resolve, 50)));
    expect(reads()).toBe(before);
  });
});
