// @vitest-environment happy-dom
import { fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafSample } from "#server/contract/haf.ts";
import { anApp, aRole, hafWith, recordOf } from "#server/contract/view/estate.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { HafPage } from "./haf-page.tsx";

const DATABASE: NonNullable<HafFold["database"]> = {
  ...{ version: "e4fd584f", postgres: 170_004, timeZone: "UTC", seesApps: true, pruned: false },
  has: { indexStatus: true, appLog: true, pruning: true },
};
const SAMPLE: HafSample = {
  ...{ block: 3_000, blockAgeMs: 4_000, head: 12_000, reversibleHead: null, blocksPerSecond: 125, leftMs: 72_000 },
  ...{ busy: null, apps: {}, building: [], eventQueue: 8, connections: [], databaseBytes: "8912896", vacuum: [] },
};
const stack = (over: Partial<HafFold> = {}): HafFold =>
  hafWith({ database: DATABASE, phases: ["replay"], syncState: "REINDEX", ready: false, ...over });
const draw = (fold: HafFold, over: Partial<HafSample> = {}, past = false) =>
  renderInConsole(<HafPage />, {
    folds: { "haf:hive": fold },
    samples: past ? {} : { "haf:hive": { asOf: epochMs(TEST_NOW), readMs: 3, haf: { ...SAMPLE, ...over } } },
    ...(past ? { past: {} } : {}),
  });
const section = (title: string): HTMLElement => {
  const found = screen.getByRole("heading", { level: 2, name: title }).closest("section");
  if (found === null) throw new Error(`no section ${title}`);
  return found;
};

describe("the page of a HAF stack", () => {
  it("says that no stack is configured, and how one is", () => {
    renderInConsole(<HafPage />, { folds: {} });
    expect(screen.getByText("No HAF stack is configured.")).toBeTruthy();
  });

  it("tells how far a replay is as a bar, in numbers, and how long it takes yet", () => {
    draw(stack());
    const bar = screen.getByRole("progressbar", { name: "Replay" });
    expect(bar.getAttribute("aria-valuenow")).toBe("25");
    expect(bar.getAttribute("aria-valuetext")).toMatch(/25.%, 1.min left, estimate/);
  });

  it("is not down while HAF changes indexes, and says so", () => {
    draw(stack(), { busy: "lock timeout on hafd.blocks" });
    expect(screen.getByText(/HAF is changing indexes/).textContent).toContain("it is not down");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says that its role may not see apps, never that there are none", () => {
    draw(stack({ database: { ...DATABASE, seesApps: false } }));
    expect(section("Apps").textContent).toContain("This role may not see the apps");
    expect(section("Apps").textContent).not.toContain("No app is set up yet");
  });

  it("says that no app is set up where it may see them", () => {
    draw(stack());
    expect(section("Apps").textContent).toContain("No app is set up yet");
  });

  it("keeps what was known of a stack that cannot be read, with why and since when", () => {
    draw(stack({ source: { state: "down", since: epochMs(TEST_NOW - 60_000), reason: "connect ECONNREFUSED" } }));
    expect(screen.getByRole("alert").textContent).toContain("connect ECONNREFUSED");
    expect(screen.getByRole("list", { name: "Phases" }).textContent).toContain("replay");
  });

  it("draws any name of an app as text, and opens it", () => {
    const names = ["<img src=x onerror=alert(1)>", "constructor", "__proto__"];
    const { went } = draw(stack({ apps: recordOf(names.map((name) => [name, anApp()])) }));
    const table = screen.getByRole("table", { name: "Apps" });
    expect(within(table).getAllByRole("row")).toHaveLength(1 + names.length);
    for (const name of names) expect(within(table).getByText(name).tagName).toBe("BDI");
    expect(table.querySelector("img")).toBeNull();
    const first = table.querySelector("tbody tr");
    if (first === null) throw new Error("no row");
    fireEvent.click(first);
    expect(went.at(-1)).toContain("app=");
  });

  it("shows what needs a person first, open, with what to do", () => {
    const since = epochMs(TEST_NOW - 1_000);
    draw(
      stack({
        checks: {
          fork: { level: "warning", since, evidence: "fork 2", about: [] },
          "app-detached": { level: "critical", since, evidence: "app1", about: ["app1"] },
          stale: { level: "ok", since, evidence: "fresh", about: [] },
        },
      }),
    );
    const levels = [...document.querySelectorAll("[data-check]")].map((each) => each.getAttribute("data-check"));
    expect(levels).toEqual(["app-detached", "fork", "stale"]);
    expect(document.querySelector("[data-check='app-detached'] details")?.hasAttribute("open")).toBe(true);
    expect(screen.getByRole("heading", { level: 1 }).textContent?.replaceAll("\u00a0", " ")).toBe(
      "1 thing of hive needs a person",
    );
  });

  it("says of each life of a role whether it was seen or inferred, and how it ended", () => {
    const roles = {
      "setup/a/1": aRole({ role: "setup", app: "a", generation: 1, state: "failed", inferred: false, exitCode: 137 }),
      "sync/a/1": aRole({ role: "sync", app: "a", generation: 1, state: "alive", inferred: true, exitCode: null }),
    };
    draw(stack({ roles }));
    const [, setup, sync] = within(screen.getByRole("table", { name: "Containers and roles" })).getAllByRole("row");
    expect(setup?.textContent).toMatch(/failed.*137.*seen/);
    expect(sync?.textContent).toMatch(/alive.*inferred/);
  });

  it("says of the past what is not kept, and shows everything else", () => {
    draw(
      stack({ apps: { a: anApp({ block: 77 }) }, progress: { block: 3_000, head: 12_000, apps: { a: 80 } } }),
      {},
      true,
    );
    const row = screen.getByRole("table", { name: "Apps" }).querySelector("tbody tr");
    expect(row?.textContent).toContain("80");
    expect(row?.textContent).toContain("not kept");
    expect(screen.getByRole("progressbar", { name: "Replay" }).getAttribute("aria-valuenow")).toBe("25");
    expect(screen.getByText("as it was known then")).toBeTruthy();
  });
});
