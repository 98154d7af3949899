// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW, type WorldFold } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { WorldsPage } from "./worlds-page.tsx";

const world = (over: Partial<WorldFold> = {}): WorldFold => ({
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname: "exec-one",
  pid: 7,
  queues: { default: 5 },
  lastSeenText: null,
  unreadable: null,
  seenSince: epochMs(TEST_NOW - 60_000),
  ping: null,
  ...over,
});
const folds = {
  "dynflow:foreman": {
    ...EMPTY_DYNFLOW,
    source: { state: "up" as const, since: epochMs(0), reason: null },
    worlds: { one: world(), two: world({ hostname: "exec-two", ping: { at: epochMs(TEST_NOW), roundTripMs: null } }) },
  },
};
const sources = (actRefused: string | null) => ({
  "dynflow.sources.list": () => ({
    asOf: null,
    faults: [],
    sources: [{ id: "foreman", title: "Foreman", actRefused, worldId: null }],
  }),
});

describe("the worlds", () => {
  it("puts the executor that does not answer first, and says so in the title", () => {
    renderInConsole(<WorldsPage />, { folds, procedures: sources(null) });
    const rows = [...document.querySelectorAll("tr[data-row]")].map((row) => row.textContent);
    expect(rows[0]).toContain("not answering");
    expect(rows[1]).toContain("not asked");
    expect(screen.getByRole("heading", { level: 1 }).textContent?.replaceAll("\u00a0", " ")).toBe(
      "1 executor of 2 not well",
    );
  });

  it("pings with a reason", async () => {
    const { asked } = renderInConsole(<WorldsPage />, {
      folds,
      procedures: {
        ...sources(null),
        "dynflow.worlds.ping": () => ({ journalId: "01", answered: true, roundTripMs: 11 }),
      },
    });
    await waitFor(() => expect(asked.map(({ path }) => path)).toContain("dynflow.sources.list"));
    fireEvent.click(screen.getByRole("button", { name: "Ping… exec-one" }));
    const dialog = screen.getByRole("dialog");
    fireEvent.change(within(dialog).getByLabelText(/Reason/), { target: { value: "after the switch" } });
    await act(async () => fireEvent.click(within(dialog).getByRole("button", { name: "Ping exec-one" })));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(asked.find(({ path }) => path === "dynflow.worlds.ping")?.input).toMatchObject({
      source: "foreman",
      worldId: "one",
      reason: "after the switch",
    });
  });

  it("sends nothing where acting is switched off, and says why", async () => {
    renderInConsole(<WorldsPage />, { folds, procedures: sources("Acting is switched off") });
    const button = await screen.findByRole("button", { name: "Ping… exec-one: Acting is switched off" });
    fireEvent.click(button);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("says what no world means", () => {
    renderInConsole(<WorldsPage />, { folds: { "dynflow:foreman": EMPTY_DYNFLOW }, procedures: sources(null) });
    expect(screen.getByText("No world is registered.")).toBeTruthy();
    expect(screen.getByText("No lock is held.")).toBeTruthy();
  });
});
