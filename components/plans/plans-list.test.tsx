// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIVE_KEY } from "#components/live/live-cache.ts";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW, type PlanFold } from "#server/contract/fold/dynflow.ts";
import type { LiveState } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { PlanList } from "./plan-list.tsx";
import { parseQuery } from "./plans-query.ts";
import { parseViews, READY_VIEWS, viewSearch } from "./saved-views.ts";
import { useSources } from "./use-plans.ts";
import { ViewsTabs } from "./views-tabs.tsx";

const up = { state: "up" as const, since: epochMs(TEST_NOW - 60_000), reason: null };
const plan = (over: Partial<PlanFold>): PlanFold => ({
  label: "Actions::Sync",
  state: "running",
  result: "pending",
  rootActionClass: "Actions::Sync",
  startedAt: "2026-11-22T06:40:00.000000Z",
  endedAt: null,
  steps: {},
  stepCount: 1,
  failure: null,
  stateSince: epochMs(TEST_NOW - 60_000),
  movedAt: epochMs(TEST_NOW - 60_000),
  unlockedSince: null,
  delay: null,
  ...over,
});
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const row = (number: number, over: object = {}) => ({
  id: id(number),
  label: "Actions::Sync",
  rootActionClass: "Actions::Sync",
  state: "stopped",
  result: "error",
  startedAt: "2026-11-22T05:00:00.000000Z",
  endedAt: "2026-11-22T05:01:00.000000Z",
  realTimeSec: 60,
  executionTimeSec: 42,
  progress: null,
  failure: null,
  locked: false,
  ...over,
});
const observed = { asOf: new Date(TEST_NOW).toISOString(), faults: [] };
const counts = (count: number) => ({
  ...observed,
  counts: [{ state: "stopped", result: "error", count }],
  total: count,
  tooSlow: false,
});
const part = (over: object = {}) => ({
  ...observed,
  hits: [],
  looked: { plans: 100, rows: 250, bytes: 9, notLookedInto: 0 },
  tookMs: 500,
  next: id(100),
  ...over,
});

function List({ search }: { readonly search: string }) {
  const sources = useSources();
  const query = parseQuery(new URLSearchParams(search));
  return <PlanList sources={sources ?? []} titles={new Map()} query={query} onQuery={() => undefined} />;
}

const folds = (plans: Record<string, PlanFold>) => ({ "dynflow:foreman": { ...EMPTY_DYNFLOW, source: up, plans } });
type Scene = Parameters<typeof renderInConsole>[1];
const open = (search: string, scene: Scene = {}) =>
  renderInConsole(<List search={search} />, {
    permissions: ["plans:read", "plans:search-text", "plans:resume"],
    folds: folds({ [id(1)]: plan({}), [id(2)]: plan({ startedAt: "2026-11-22T06:41:00.000000Z" }) }),
    ...scene,
    procedures: { "dynflow.plans.counts": () => counts(250), ...scene.procedures },
  });
const shown = () =>
  [...document.querySelectorAll("tr[data-row]")].map((each) => Number(each.getAttribute("data-row")?.slice(-3)));
const table = () => screen.getByRole("table", { name: "Plans" });
const said = (element: Element) => (element.textContent ?? "").replaceAll("\u00a0", " ");

describe("rows under a pointer", () => {
  /** The cache tells its observers a turn later. */
  const change = (cache: ReturnType<typeof open>["cache"], plans: Record<string, PlanFold>) =>
    act(async () => {
      cache.setQueryData<LiveState>(LIVE_KEY, (before) =>
        before === undefined ? undefined : { ...before, folds: folds(plans) },
      );
      await new Promise((resolve) => setTimeout(resolve, 0));
    });
  const paused = plan({ state: "paused", result: "error", startedAt: "2026-11-22T06:42:00.000000Z" });

  it("keep their places, change in place and stay when they have left; one press brings all up to date", async () => {
    const { cache } = open("");
    expect(shown()).toEqual([1, 2]);
    fireEvent.pointerEnter(table().parentElement ?? table(), { pointerType: "mouse" });
    await change(cache, { [id(2)]: plan({ state: "paused", result: "error" }), [id(3)]: paused });
    expect(shown()).toEqual([1, 2]);
    const [first, second] = document.querySelectorAll("tr[data-row]");
    expect([first?.className, first?.textContent]).toEqual([
      "gone",
      expect.stringContaining("not in this list any more"),
    ]);
    expect(second?.textContent).toContain("paused");
    fireEvent.click(screen.getByRole("button", { name: /1 new, 1 gone/ }));
    expect(shown()).toEqual([2, 3]);
    expect(screen.queryByRole("button", { name: /new|gone/ })).toBeNull();
  });

  it("are brought up to date by U, and by leaving them", async () => {
    const { cache } = open("");
    const box = table().parentElement ?? table();
    fireEvent.pointerEnter(box, { pointerType: "mouse" });
    await change(cache, { [id(3)]: paused });
    fireEvent.keyDown(window, { key: "u" });
    expect(shown()).toEqual([3]);
    await change(cache, { [id(1)]: plan({}) });
    expect(shown()).toEqual([3]);
    fireEvent.pointerLeave(box);
    expect(shown()).toEqual([1]);
  });

  it("move freely under a finger, which rests on nothing, and stay as long as something is selected", async () => {
    const { cache } = open("");
    fireEvent.pointerEnter(table().parentElement ?? table(), { pointerType: "touch" });
    await change(cache, { [id(2)]: plan({}) });
    expect(shown()).toEqual([2]);
    fireEvent.click(screen.getByRole("checkbox", { name: /Select plan/ }));
    await change(cache, { [id(4)]: plan({}) });
    expect(shown()).toEqual([2]);
  });
});

describe("a search plan by plan", () => {
  const hit = { ...row(7), evidence: [{ where: "error", id: 4, text: "Pulp3Error: No space left" }] };

  it("says how far it is and shows what it found so far, part after part", async () => {
    const parts = [
      part({ hits: [hit] }),
      part({ next: null, looked: { plans: 50, rows: 5, bytes: 1, notLookedInto: 2 } }),
    ];
    const { asked } = open("state=all&error=no+space", {
      procedures: { "dynflow.plans.searchText": () => parts.shift() },
    });
    const search = await screen.findByRole("region", { name: "Search" });
    await waitFor(() => expect(search.textContent).toContain("that is all"));
    expect(said(search)).toContain(
      "Looked at 150 of 250 plans, 255 rows a second, 1 found; 2 rows too long or unreadable",
    );
    expect(shown()).toEqual([7]);
    expect(table().textContent).toContain("step 4 Pulp3Error: No space left");
    const searched = asked.filter(({ path }) => path === "dynflow.plans.searchText");
    expect(searched.map(({ input }) => input)).toMatchObject([
      { needle: { errorText: "no space", inputText: null }, from: null },
      { from: id(100) },
    ]);
  });

  it("ends when it is cancelled, and goes on where it stopped", async () => {
    const waiting: (() => void)[] = [];
    const { asked } = open("state=all&action=Deep", {
      procedures: {
        "dynflow.plans.search": () =>
          waiting.length === 0
            ? new Promise((resolve) => waiting.push(() => resolve(part())))
            : part({ hits: [hit], next: null }),
      },
    });
    fireEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    for (const answer of waiting) answer();
    fireEvent.click(await screen.findByRole("button", { name: "Go on" }));
    await waitFor(() => expect(shown()).toEqual([7]));
    const froms = asked.filter(({ path }) => path === "dynflow.plans.search").map(({ input }) => input);
    expect(froms).toMatchObject([{ from: null }, { from: null }]);
  });

  it("in inputs waits until somebody asks for it, and is refused to whoever may not read them", async () => {
    const procedures = { "dynflow.plans.searchText": () => part({ next: null }) };
    const { asked, unmount } = open("state=all&input=web-01", { procedures });
    const button = await screen.findByRole("button", { name: "Search in inputs" });
    expect(asked.some(({ path }) => path === "dynflow.plans.searchText")).toBe(false);
    fireEvent.click(button);
    expect(await screen.findByText("None of 100 plans holds it.")).toBeTruthy();
    unmount();
    const refused = open("state=all&input=web-01", { procedures, role: "viewer", permissions: ["plans:read"] });
    expect(await screen.findByText("This is not to be searched by you.")).toBeTruthy();
    expect(refused.asked.some(({ path }) => path.startsWith("dynflow.plans.search"))).toBe(false);
  });
});

describe("counts", () => {
  it("that were given up are told so, and are never zero", async () => {
    open("state=all", {
      procedures: {
        "dynflow.plans.counts": () => ({ ...observed, counts: [], total: 0, tooSlow: true }),
        "dynflow.plans.list": () => ({ ...observed, rows: [row(1)], previousCursor: null, nextCursor: null }),
      },
    });
    expect(await screen.findByText("counting foreman takes too long: given up")).toBeTruthy();
    const chips = screen.getByRole("group", { name: /States and results/ });
    expect(chips.textContent).not.toMatch(/\d/);
  });
});

describe("pages", () => {
  const page = { ...observed, rows: [row(1)], previousCursor: "p", nextCursor: "n" };
  const pager = () => screen.findByRole("navigation", { name: "Pages" });

  it("are known by the number of their rows, and lead to the first, the last and any other", async () => {
    open("state=all&page=after.100", { procedures: { "dynflow.plans.list": () => page } });
    const nav = await pager();
    await waitFor(() => expect(said(nav)).toContain("of 3"));
    expect(within(nav).getByLabelText<HTMLInputElement>("page").value).toBe("2");
    expect(said(document.querySelector(".page-foot") ?? nav)).toContain("plans 101 to 101 of 250");
    for (const name of ["First", "Previous", "Next", "Last"]) {
      expect(within(nav).getByRole("button", { name }).getAttribute("aria-disabled")).toBeNull();
    }
  });

  it("ask the database for what the address says", async () => {
    const { asked, unmount } = open("state=all&page=last", { procedures: { "dynflow.plans.list": () => page } });
    await pager();
    unmount();
    const second = open("state=all&page=after.200&cols=state,label,caller", {
      procedures: { "dynflow.plans.list": () => page },
    });
    await pager();
    const inputs = [...asked, ...second.asked].filter(({ path }) => path === "dynflow.plans.list");
    expect(inputs.map(({ input }) => input)).toMatchObject([
      { from: { last: true }, with: ["failure"] },
      { from: { offset: 200 }, with: ["caller"] },
    ]);
  });
});

describe("columns", () => {
  beforeEach(() => localStorage.clear());
  afterEach(() => localStorage.clear());
  const heads = () =>
    [...table().querySelectorAll("thead th")].map((head) => head.textContent?.trim()).filter((text) => text !== "");

  it("are those that somebody chose, and are kept in this browser", async () => {
    const { unmount } = open("");
    fireEvent.click(screen.getByRole("button", { name: "Columns" }));
    fireEvent.click(screen.getByRole("checkbox", { name: "World" }));
    fireEvent.click(screen.getByRole("checkbox", { name: "done" }));
    expect(heads()).toContain("World");
    unmount();
    open("");
    expect(heads()).toContain("World");
    expect(heads()).not.toContain("done");
  });

  it("of a link are shown whatever this browser likes", () => {
    localStorage.setItem("worldline.plans.columns", "state,label,done");
    open("cols=state,label,plan,nonsense");
    expect(heads()).toEqual(["State", "Label", "Plan", "Action"]);
  });
});

describe("views", () => {
  beforeEach(() => localStorage.clear());
  afterEach(() => localStorage.clear());

  it("are links, whose parameters mean the same in any order", () => {
    renderInConsole(<ViewsTabs />, { folds: folds({}) });
    const tabs = within(screen.getByRole("navigation", { name: "Views" })).getAllByRole("link");
    expect(tabs.map((tab) => tab.getAttribute("href"))).toContain("/plans?state=running&lasting=1h");
    expect(tabs[0]?.getAttribute("aria-current")).toBe("page");
    expect(viewSearch("state=all&page=last&label=A")).toBe(viewSearch("label=A&state=all"));
  });

  it("are saved under a name in this browser, and dropped again", async () => {
    const { unmount } = renderInConsole(<ViewsTabs />, { folds: folds({}) });
    fireEvent.click(screen.getByRole("button", { name: "Save this view…" }));
    fireEvent.change(await screen.findByLabelText("Name"), { target: { value: "My mornings" } });
    fireEvent.submit(screen.getByLabelText("Name"));
    await waitFor(() => expect(screen.getByRole("link", { name: "My mornings" })).toBeTruthy());
    unmount();
    renderInConsole(<ViewsTabs />, { folds: folds({}) });
    expect(screen.getByRole("link", { name: "My mornings" }).getAttribute("href")).toBe("/plans");
  });

  it("survive whatever stands in this browser's store", () => {
    for (const text of [null, "", "{", "{}", "[1, null]", '[{"name": 1, "search": "x"}]'])
      expect(parseViews(text)).toEqual([]);
    const [view] = parseViews('[{"name": "x", "search": "page=last&state=all", "more": 1}]');
    expect(view).toEqual({ name: "x", search: "state=all" });
    expect(new Set(READY_VIEWS.map(({ name }) => name)).size).toBe(READY_VIEWS.length);
  });
});
