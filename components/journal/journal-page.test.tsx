// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { LIVE_KEY } from "#components/live/live-cache.ts";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { SlotsProvider } from "#components/ui/slots.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { JournalPage } from "./journal-page.tsx";
import { kindsOf } from "./journal-query.ts";

const place = vi.hoisted(() => ({ search: new URLSearchParams() }));
vi.mock("next/navigation", () => ({ usePathname: () => "/journal", useSearchParams: () => place.search }));
beforeEach(() => {
  place.search = new URLSearchParams();
});

const PLAN = "7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80";
const requested = (id: string, at: number): JournalEvent => ({
  id,
  stream: "operator",
  seq: "1",
  subject: PLAN,
  occurredAt: epochMs(at),
  observedAt: epochMs(at),
  synthetic: false,
  causedBy: null,
  actor: { user: "mira", role: "operator", address: { masked: true }, reason: "deleted <b>old</b> exports" },
  kind: "op.requested",
  body: { action: "dynflow.plans.resume", stream: "dynflow:foreman", target: PLAN, expected: {}, found: null },
});

const range = (pages: Readonly<Record<string, readonly JournalEvent[]>>, news: () => readonly JournalEvent[]) => ({
  "journal.range": (input: unknown) => {
    const { cursor, from } = input as { cursor?: string | null; from?: string | null };
    if (from != null) return { events: news(), nextCursor: null, horizon: null };
    return { events: pages[cursor ?? ""] ?? [], nextCursor: cursor == null ? "next" : null, horizon: null };
  },
});
/** What a window of 360 pixels answers. */
const narrow = Object.assign(new EventTarget(), {
  matches: false,
  media: "",
  onchange: null,
  addListener() {},
  removeListener() {},
}) as MediaQueryList;
const ids = () => [...document.querySelectorAll("tr[data-row]")].map((row) => row.getAttribute("data-row"));

describe("the journal", () => {
  it("reads on with More, and puts news on top as the feed moves, each once", async () => {
    let news: readonly JournalEvent[] = [];
    const pages = { "": [requested("b", TEST_NOW - 1_000)], next: [requested("a", TEST_NOW - 2_000)] };
    const { cache } = renderInConsole(<JournalPage />, { folds: {}, procedures: range(pages, () => news) });
    await waitFor(() => expect(ids()).toEqual(["b"]));
    fireEvent.click(screen.getByRole("button", { name: "More" }));
    await waitFor(() => expect(ids()).toEqual(["b", "a"]));
    news = [requested("c", TEST_NOW), requested("b", TEST_NOW - 1_000)];
    act(() => {
      cache.setQueryData<LiveState>(LIVE_KEY, (live) => (live === undefined ? live : { ...live, cursor: "moved" }));
    });
    await waitFor(() => expect(ids()).toEqual(["c", "b", "a"]), { timeout: 10_000 });
  });

  it("puts nothing in above somebody who reads further down, and says how many wait", async () => {
    let news: readonly JournalEvent[] = [];
    const { cache } = renderInConsole(
      <main id="main">
        <JournalPage />
      </main>,
      { folds: {}, procedures: range({ "": [requested("b", TEST_NOW - 1_000)] }, () => news) },
    );
    await waitFor(() => expect(ids()).toEqual(["b"]));
    const scroller = screen.getByRole("main");
    scroller.scrollTop = 500;
    fireEvent.scroll(scroller);
    news = [requested("c", TEST_NOW)];
    act(() => {
      cache.setQueryData<LiveState>(LIVE_KEY, (live) => (live === undefined ? live : { ...live, cursor: "moved" }));
    });
    const waiting = await screen.findByRole("button", { name: /1.new event above/ }, { timeout: 10_000 });
    expect(ids()).toEqual(["b"]);
    fireEvent.click(waiting);
    scroller.scrollTop = 0;
    fireEvent.scroll(scroller);
    await waitFor(() => expect(ids()).toEqual(["c", "b"]));
  });

  it("tells who asked and why, as text, and leads to what it was about", async () => {
    renderInConsole(<JournalPage />, { folds: {}, procedures: range({ "": [requested("b", TEST_NOW)] }, () => []) });
    await waitFor(() => expect(ids()).toEqual(["b"]));
    expect(screen.getByText("mira")).toBeTruthy();
    expect(screen.getByText("deleted <b>old</b> exports")).toBeTruthy();
    expect(document.querySelector(".c-subject a")?.getAttribute("href")).toBe(`/plans/foreman/${PLAN}`);
  });

  it("asks for the kinds that a group stands for", async () => {
    const { went } = renderInConsole(<JournalPage />, { folds: {}, procedures: range({}, () => []) });
    fireEvent.change(screen.getByLabelText("kind"), { target: { value: "op.*" } });
    expect(went).toEqual(["/journal?kind=op.*"]);
  });

  it("has its filters open where there is room, behind a button that says how many are set", async () => {
    place.search = new URLSearchParams("stream=operator&user=mira&kind=op.*");
    renderInConsole(<JournalPage />, { folds: {}, procedures: range({}, () => []) });
    const button = screen.getByRole("button", { name: "Filters, 3 set" });
    const folded = document.getElementById(button.getAttribute("aria-controls") ?? "");
    expect(button.getAttribute("aria-expanded")).toBe("true");
    expect(folded?.hidden).toBe(false);
    expect(folded?.contains(screen.getByLabelText("user"))).toBe(true);
    fireEvent.click(button);
    expect(button.getAttribute("aria-expanded")).toBe("false");
    expect(folded?.hidden).toBe(true);
  });

  it("has them folded on a small screen, the subject never", async () => {
    place.search = new URLSearchParams("view=actions&subject=x");
    const media = vi.spyOn(window, "matchMedia").mockImplementation(() => narrow);
    renderInConsole(<JournalPage />, { folds: {}, procedures: range({}, () => []) });
    // The view of actions fixes the kind, and the subject is in view: neither is counted.
    const button = screen.getByRole("button", { name: "Filters" });
    expect(button.getAttribute("aria-expanded")).toBe("false");
    expect(document.getElementById(button.getAttribute("aria-controls") ?? "")?.hidden).toBe(true);
    expect(screen.getByRole("searchbox", { name: /^Subject/ })).toBeTruthy();
    fireEvent.click(button);
    expect(button.getAttribute("aria-expanded")).toBe("true");
    media.mockRestore();
  });

  it("exports what the filter selects, as JSON lines and as CSV", async () => {
    renderInConsole(<JournalPage />, { folds: {}, procedures: range({ "": [requested("b", TEST_NOW)] }, () => []) });
    await waitFor(() => expect(ids()).toEqual(["b"]));
    expect(screen.getByRole("link", { name: "JSON lines" }).getAttribute("href")).toBe(
      "/api/journal/export?format=jsonl",
    );
    expect(screen.getByRole("link", { name: "CSV" }).getAttribute("href")).toBe("/api/journal/export?format=csv");
  });
});

describe("the actions", () => {
  const phase = (id: string, kind: string, at: number, over: object = {}) =>
    ({ ...requested(id, at), kind, causedBy: "r", body: { ...requested(id, at).body, ...over } }) as JournalEvent;

  it("are one row each: every phase with its time, who, why, what was seen and what was found", async () => {
    place.search = new URLSearchParams("view=actions");
    const phases = [
      phase("v", "op.verified", TEST_NOW, { found: "the plan runs" }),
      phase("e", "op.executed", TEST_NOW - 1_000),
      { ...requested("r", TEST_NOW - 2_000), body: { ...requested("r", 0).body, expected: { state: "paused" } } },
    ];
    const { asked } = renderInConsole(<JournalPage />, {
      folds: {},
      procedures: range({ "": phases as JournalEvent[] }, () => []),
    });
    await waitFor(() => expect(ids()).toEqual(["r"]));
    const row = document.querySelector("tr[data-row=r]")?.textContent ?? "";
    for (const text of ["requested", "executed", "verified", "+2.0 s", "mira", "address hidden", "saw state paused"])
      expect(row.replaceAll("\u00a0", " ").replaceAll("\u2009", " ")).toContain(text);
    expect(row).toContain("found the plan runs");
    expect(asked[0]?.input).toMatchObject({ kinds: kindsOf("op.*") });
  });

  it("open an event that is not among those that were read", async () => {
    place.search = new URLSearchParams("event=far");
    renderInConsole(
      <SlotsProvider>
        {({ drawer }) => (
          <>
            <JournalPage />
            <div ref={drawer} />
          </>
        )}
      </SlotsProvider>,
      {
        folds: {},
        procedures: {
          ...range({ "": [requested("b", TEST_NOW)] }, () => []),
          "journal.around": () => ({ event: requested("far", TEST_NOW - 9_000), cause: null, effects: [] }),
        },
      },
    );
    expect(await screen.findByText("op.requested", { selector: "h2 *" })).toBeTruthy();
  });
});
