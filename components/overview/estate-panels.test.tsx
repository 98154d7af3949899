// @vitest-environment happy-dom
import { screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { Folds } from "#server/contract/fold/fold.ts";
import { agentsWith, anAgent, anApp, hafWith, recordOf } from "#server/contract/view/estate.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OverviewPage } from "./overview-page.tsx";

const AT = epochMs(TEST_NOW - 60_000);
const FOLDS: Folds = {
  "haf:hive": hafWith({
    phases: ["replay", "app_sync"],
    phasesSince: AT,
    progress: { block: 500, head: 1_000, apps: {} },
    apps: recordOf([
      ["hivemind", anApp()],
      ["hafah", anApp({ state: "lagging" })],
    ]),
  }),
  "ingest:agents": agentsWith(
    recordOf([
      ["a1", anAgent("web1", [])],
      ["a2", anAgent("web2", [], "10.0.0.1", { state: "inactive", stateSince: AT })],
    ]),
    {
      gateways: recordOf([
        [
          "gw1:100",
          {
            ...{ state: "up" as const, since: AT, host: "gw1", evidence: "" },
            receivers: recordOf([["points", { state: "failing" as const, since: AT, reason: null }]]),
          },
        ],
      ]),
    },
  ),
};
/** By the link that leads on: what waits for its turn has a heading only. */
const panelOf = (link: string) =>
  screen.findByRole("link", { name: link }).then((found) => within(found.closest("section") ?? found));

// Nothing is ever scrolled here: all is drawn at once, as where a browser cannot tell what is in view.
beforeEach(() => void vi.stubGlobal("IntersectionObserver", undefined));
afterEach(() => void vi.unstubAllGlobals());

describe("the overview of all systems", () => {
  it("tells where each HAF stack stands and how its apps do, and leads on", async () => {
    renderInConsole(<OverviewPage />, { folds: FOLDS });
    const panel = await panelOf("stacks");
    expect(panel.getByRole("link", { name: "hive" }).getAttribute("href")).toBe("/haf?source=hive");
    expect(panel.getByText("app sync")).toBeTruthy();
    expect(panel.getByText(/1 lagging/)).toBeTruthy();
    expect(panel.getByText(/50\s%/)).toBeTruthy();
  });

  it("tells how many agents are in which state, worst first, and which receiver is in trouble", async () => {
    renderInConsole(<OverviewPage />, { folds: FOLDS });
    const panel = await panelOf("agents");
    const rows = panel.getAllByRole("row").slice(1);
    expect(rows.map((row) => row.textContent?.slice(0, 9))).toEqual([
      expect.stringContaining("inactive"),
      expect.stringContaining("active"),
    ]);
    expect(panel.getByText(/points failing/)).toBeTruthy();
    expect(panel.getByRole("link", { name: "inactive" }).getAttribute("href")).toBe("/agents?state=inactive");
  });

  it("counts both in what is known, and ranks what needs a person of them with all else", async () => {
    renderInConsole(<OverviewPage />, { folds: FOLDS });
    expect(await screen.findByText(/1\sHAF stack, 2\sagents/)).toBeTruthy();
    expect(screen.getByRole("heading", { level: 1 }).textContent).toMatch(/things need a person/);
    expect(screen.getByRole("link", { name: /Agent a2 is inactive/ })).toBeTruthy();
  });

  it("draws them, and fetches their code, only once they are scrolled into view", async () => {
    vi.unstubAllGlobals();
    renderInConsole(<OverviewPage />, { folds: FOLDS });
    expect(await screen.findByRole("heading", { name: "HAF stacks" })).toBeTruthy();
    expect(screen.queryByRole("link", { name: "stacks" })).toBeNull();
  });

  it("has no panel for what is not configured", async () => {
    renderInConsole(<OverviewPage />, { folds: {} });
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByRole("heading", { name: "HAF stacks" })).toBeNull();
    expect(screen.queryByRole("heading", { name: "Agents" })).toBeNull();
  });

  it("says of the past that stacks and agents were not known then", async () => {
    renderInConsole(<OverviewPage />, {
      past: { folds: {}, notKnown: [{ stream: "haf:hive", why: "before-horizon", knownFrom: null }] },
    });
    expect((await panelOf("stacks")).getByText("not known then")).toBeTruthy();
  });
});
