// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW, type PlanFold } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { PlansPage } from "./plans-page.tsx";

const up = { state: "up" as const, since: epochMs(TEST_NOW - 60_000), reason: null };
const plan = (over: Partial<PlanFold>): PlanFold => ({
  label: "Actions::Katello::Repository::Sync",
  state: "running",
  result: "pending",
  rootActionClass: "Actions::Katello::Repository::Sync",
  startedAt: "2026-11-22T06:40:00.000000Z",
  endedAt: null,
  steps: { "3": "suspended" },
  stepCount: 1,
  failure: null,
  stateSince: epochMs(TEST_NOW - 60_000),
  movedAt: epochMs(TEST_NOW - 60_000),
  unlockedSince: null,
  ...over,
});
const failure = {
  stepId: 17,
  actionClass: "Actions::Pulp3::CreatePublication",
  exceptionClass: "Katello::Errors::Pulp3Error",
  message: "No space left on device",
};
const A = "aaaaaaaa-0000-4000-8000-000000000001";
const B = "bbbbbbbb-0000-4000-8000-000000000002";
const C = "cccccccc-0000-4000-8000-000000000003";
const folds = {
  "dynflow:foreman": {
    ...EMPTY_DYNFLOW,
    source: up,
    plans: { [A]: plan({}), [B]: plan({ state: "paused", result: "error", failure }) },
  },
  "dynflow:lab": {
    ...EMPTY_DYNFLOW,
    source: { state: "down" as const, since: epochMs(TEST_NOW - 240_000), reason: "connect ECONNREFUSED" },
    plans: { [C]: plan({ state: "scheduled", startedAt: null }) },
  },
};
const source = (id: string) => ({
  id,
  title: id,
  health: "up",
  since: "2026-11-22T06:00:00Z",
  reason: null,
  dialect: null,
  schemaVersion: 25,
  act: true,
  actRefused: null,
  worldId: null,
  lapMs: null,
  databaseShare: null,
  indexes: [],
});
const procedures = {
  "dynflow.sources.list": () => ({ asOf: null, faults: [], sources: [source("foreman"), source("lab")] }),
  "dynflow.plans.counts": () => ({
    asOf: null,
    faults: [],
    counts: [
      { state: "paused", result: "error", count: 1 },
      { state: "stopped", result: "success", count: 29_218 },
    ],
    total: 29_219,
  }),
};
const open = (scene: Parameters<typeof renderInConsole>[1] = {}) =>
  renderInConsole(<PlansPage />, { folds, procedures, ...scene });
const rows = () => [...document.querySelectorAll("tr[data-row]")];

describe("the list of plans", () => {
  it("shows unfinished plans of all sources from the feed, what needs a person first, with the cause", () => {
    open();
    expect(rows().map((row) => row.getAttribute("data-row"))).toEqual([`foreman ${B}`, `foreman ${A}`, `lab ${C}`]);
    expect(rows()[0]?.textContent).toContain("17 CreatePublication Pulp3Error: No space left on device");
    expect(rows()[1]?.textContent).toContain("1 suspended");
  });

  it("greys the rows of a source that is down, and says since when", () => {
    open();
    expect(rows()[2]?.classList.contains("stale")).toBe(true);
    expect(rows()[0]?.classList.contains("stale")).toBe(false);
    expect(document.querySelector(".sub")?.textContent).toContain("lab is down");
  });

  it("moves with J and K, opens with Enter", () => {
    const { went } = open();
    fireEvent.keyDown(window, { key: "j" });
    fireEvent.keyDown(window, { key: "j" });
    fireEvent.keyDown(window, { key: "k" });
    fireEvent.keyDown(window, { key: "Enter" });
    expect(went).toEqual([`/plans/foreman/${B}`]);
  });

  it("puts a pressed chip and a chosen order into the address", async () => {
    const { went } = open();
    const chips = screen.getByRole("group", { name: /States and results/ });
    await waitFor(() => expect(chips.textContent?.replaceAll("\u00a0", " ")).toContain("stopped58 436"));
    fireEvent.click(within(chips).getByRole("button", { name: /paused/ }));
    fireEvent.click(screen.getByRole("button", { name: "Label" }));
    expect(went).toEqual(["/plans?state=paused", "/plans?sort=label"]);
  });

  it("resumes a paused plan from its row with R, and refuses it with the reason to whoever may not", async () => {
    const { unmount, asked } = open();
    fireEvent.keyDown(window, { key: "j" });
    fireEvent.keyDown(window, { key: "r" });
    expect(await screen.findByRole("dialog")).toBeTruthy();
    await waitFor(() => expect(asked.map(({ path }) => path)).toContain("dynflow.plans.get"));
    unmount();
    open({ role: "viewer", permissions: ["plans:read"] });
    const button = screen.getByRole("button", { name: /^Resume… bbbb/ });
    expect(button.getAttribute("title")).toContain("plans:resume");
    fireEvent.click(button);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("opens a pasted plan id in the source that has it", async () => {
    const { went } = open();
    const field = screen.getByRole("searchbox");
    fireEvent.change(field, { target: { value: ` ${A.toUpperCase()} ` } });
    fireEvent.keyDown(field, { key: "Enter" });
    await waitFor(() => expect(went).toEqual([`/plans/foreman/${A}`]));
  });

  it("says nothing at all before the feed is there, rather than that there is nothing", () => {
    renderInConsole(<PlansPage />, { procedures });
    expect(document.querySelector("[aria-busy]")).not.toBeNull();
    expect(screen.queryByText(/No plan/)).toBeNull();
  });

  it("tells nothing there yet from nothing that matches", async () => {
    const empty = { "dynflow:foreman": { ...EMPTY_DYNFLOW, source: up } };
    const none = { ...procedures, "dynflow.plans.counts": () => ({ asOf: null, faults: [], counts: [], total: 0 }) };
    const { unmount } = open({ folds: empty, procedures: none });
    expect(await screen.findByText("No plan was ever made here.")).toBeTruthy();
    unmount();
    open({ folds: empty });
    expect((await screen.findByText(/None of/)).textContent?.replaceAll("\u00a0", " ")).toBe(
      "None of 29 219 plans match.",
    );
    expect(screen.getByRole("link", { name: "only unfinished" }).getAttribute("href")).toBe("/plans?state=all");
  });
});
