// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_CONSOLE } from "#server/contract/fold/fold.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { ArchitecturePage } from "./architecture-page.tsx";

const SINCE = new Date(TEST_NOW - 60_000).toISOString();
const reader = (name: string, state: string) => ({
  ...{ name, title: `Part ${name}`, stream: null, state, since: SINCE, restarts: 50 },
  ...(state === "parked" ? { failures: 50, reason: "it broke" } : { failures: 0, reason: null }),
});
const NEVER = () => new Error("not told");

function renderPage(permissions: readonly string[] = ["readers:restart"]) {
  return renderInConsole(<ArchitecturePage />, {
    permissions,
    folds: { console: EMPTY_CONSOLE },
    procedures: {
      "admin.readers.list": () => ({
        asOf: SINCE,
        readers: [reader("console/clock", "running"), reader("dna:eu-1/nodes", "parked")],
      }),
      "admin.readers.restart": () => ({ journalId: "j", phase: "executed", note: null }),
      "admin.architecture": NEVER,
      "safety.get": NEVER,
    },
  });
}

describe("the parts of the console", () => {
  it("shows the parked one first, with its error, and restarts it with a reason and what was seen", async () => {
    const { asked } = renderPage();
    const table = await screen.findByRole("table", { name: "Parts that act on their own" });
    const [, first] = within(table).getAllByRole("row");
    expect(first?.textContent).toContain("parked");
    expect(first?.textContent).toContain("it broke");
    expect(screen.getByRole("heading", { level: 1 }).textContent).toMatch(/^1\sparts? of the console is parked$/);
    fireEvent.click(screen.getByRole("button", { name: /^Restart/ }));
    const dialog = await screen.findByRole("dialog");
    fireEvent.change(within(dialog).getByLabelText(/^Reason/), { target: { value: "mended" } });
    fireEvent.click(within(dialog).getByRole("button", { name: "Restart it" }));
    await waitFor(() => expect(asked.map(({ path }) => path)).toContain("admin.readers.restart"));
    expect(asked.find(({ path }) => path === "admin.readers.restart")?.input).toMatchObject({
      name: "dna:eu-1/nodes",
      expectedState: "parked",
      reason: "mended",
    });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("says to whoever may not why nothing can be restarted", async () => {
    renderPage([]);
    const button = await screen.findByRole("button", { name: /^Restart/ });
    expect(button.getAttribute("aria-disabled") ?? button.getAttribute("aria-describedby")).not.toBeNull();
    fireEvent.click(button);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("tells of the past what the journal knows: parts that had failed", async () => {
    const since = epochMs(TEST_NOW);
    const readers = { "dna:eu-1/nodes": { state: "parked" as const, failures: 50, reason: "it broke", since } };
    const folds = { console: { ...EMPTY_CONSOLE, readers } };
    renderInConsole(<ArchitecturePage />, { folds, past: { folds }, procedures: {} });
    const table = await screen.findByRole("table", { name: "Parts that had failed" });
    expect(table.textContent).toContain("dna:eu-1/nodes");
    expect(screen.queryByRole("button", { name: /^Restart/ })).toBeNull();
  });
});
