// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { LIVE_KEY } from "#components/live/live-cache.ts";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { Thing } from "#server/contract/wire/journal.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { Timeline } from "./timeline.tsx";

vi.mock("next/navigation", () => ({
  usePathname: () => "/actors",
  useSearchParams: () => new URLSearchParams("source=eu-1&name=city"),
}));

const HOSTILE = "<img src=x onerror=alert(1)>";
const ACTOR: Thing = { type: "actor", source: "eu-1", id: "game:0:city" };
const KEY = { namespace: "game", moduleId: 0, name: "city" };
const event = (over: object): JournalEvent =>
  ({
    id: "e1",
    stream: "dna:eu-1",
    seq: "1",
    subject: "game:0:city",
    occurredAt: epochMs(TEST_NOW - 60_000),
    observedAt: epochMs(TEST_NOW - 60_000),
    synthetic: false,
    causedBy: null,
    actor: null,
    kind: "dna.actor.released",
    body: { ...KEY, owner: "1000:1", jobId: "job-1" },
    ...over,
  }) as unknown as JournalEvent;
const requested = event({
  id: "op1",
  stream: "operator",
  kind: "op.requested",
  actor: { user: "mira", role: "admin", address: { masked: true }, reason: HOSTILE },
  body: { action: "dna.failover.start", stream: "dna:eu-1", target: "1000:1", expected: null, found: null },
});
const changed = event({
  id: "e2",
  observedAt: epochMs(TEST_NOW - 30_000),
  kind: "dna.actor.owner_changed",
  body: {
    ...KEY,
    from: { incarnation: null, claimedAt: null, unreadable: null },
    to: { incarnation: "2000:-2", claimedAt: epochMs(TEST_NOW - 31_000), unreadable: null },
    notKnownFrom: epochMs(TEST_NOW - 32_000),
  },
});
const outcome = {
  jobId: "job-0",
  title: "Release the keys of dna@10.0.0.7",
  of: "1000:1",
  requestedBy: "ann",
  requestId: "op0",
  outcome: "applied",
  note: null,
  at: new Date(TEST_NOW - 300_000).toISOString(),
};

const draw = (over: object = {}) =>
  renderInConsole(<Timeline thing={ACTOR} what="city" />, {
    folds: {},
    procedures: {
      "journal.history": () => ({
        events: [changed, event({ causedBy: "op1" })],
        nextCursor: null,
        blindSpots: [],
        horizon: null,
      }),
      "journal.around": () => ({ event: event({ causedBy: "op1" }), cause: requested, effects: [changed] }),
      "jobs.ofTarget": () => ({ outcomes: [outcome], more: false }),
      ...over,
    },
  });
const kinds = () => [...document.querySelectorAll("ol.hist > li")].map((row) => row.getAttribute("data-event"));

describe("Timeline", () => {
  it("shows newest first what was seen, what was not known between, and what jobs did", async () => {
    const { asked } = draw();
    await waitFor(() => expect(kinds()).toEqual(["dna.actor.owner_changed", "not-known", "dna.actor.released", "job"]));
    expect(screen.getByText(/owned by 2000:−2|owned by 2000:-2/)).toBeTruthy();
    expect(screen.getByText("Not known").closest("li")?.textContent).toContain("not between");
    expect(screen.getByText("Release the keys of dna@10.0.0.7").getAttribute("href")).toBe("/jobs/job-0");
    expect(asked.find(({ path }) => path === "jobs.ofTarget")?.input).toEqual({
      stream: "dna:eu-1",
      target: "0/game|city",
    });
    expect(screen.getByText("That is all that was ever recorded of it.")).toBeTruthy();
  });

  it("tells of an event what it came from and what came of it, as text, and leads there and to its instant", async () => {
    draw();
    fireEvent.click(await screen.findByRole("button", { name: /released from/ }));
    const cause = await screen.findByRole("link", { name: /dna\.failover\.start requested/ });
    expect(cause.getAttribute("href")).toBe("/journal?stream=operator&subject=game%3A0%3Acity&event=op1");
    const asOf = screen.getByRole("link", { name: "Show as of here" });
    expect(new URL(asOf.getAttribute("href") ?? "", "http://c").searchParams.get("at")).toBe(
      new Date(TEST_NOW - 60_000).toISOString(),
    );
    expect(document.querySelector("img")).toBeNull();
  });

  it("goes on to tell what comes of an event while it is looked at", async () => {
    let effects: readonly JournalEvent[] = [];
    const { cache } = draw({
      "journal.around": () => ({ event: event({ causedBy: "op1" }), cause: requested, effects }),
    });
    fireEvent.click(await screen.findByRole("button", { name: /released from/ }));
    await screen.findByRole("link", { name: /dna\.failover\.start requested/ });
    effects = [changed];
    act(() => {
      cache.setQueryData<LiveState>(LIVE_KEY, (live) => (live === undefined ? live : { ...live, cursor: "moved" }));
    });
    expect(await screen.findByRole("link", { name: /nobody owns it → owned by/ }, { timeout: 10_000 })).toBeTruthy();
  });

  it("says why it cannot be read, and of an empty one that nothing was recorded", async () => {
    draw({ "journal.history": () => new Error("the journal is closed") });
    expect(await screen.findByText("the journal is closed")).toBeTruthy();
    document.body.innerHTML = "";
    draw({
      "journal.history": () => ({ events: [], nextCursor: null, blindSpots: [], horizon: "2026-11-01T00:00:00.000Z" }),
      "jobs.ofTarget": () => ({ outcomes: [], more: false }),
    });
    expect(await screen.findByText("Nothing was recorded of it.")).toBeTruthy();
    expect(screen.getByText(/not everything is kept/)).toBeTruthy();
  });
});
