// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { LIVE_KEY } from "#components/live/live-cache.ts";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { JournalPage } from "./journal-page.tsx";

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
    await waitFor(() => expect(ids()).toEqual(["c", "b", "a"]), { timeout: 3_000 });
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
    const waiting = await screen.findByRole("button", { name: /1.new event above/ }, { timeout: 3_000 });
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
});
