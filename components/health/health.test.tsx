// @vitest-environment happy-dom
import { screen, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { type DnaFold, EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { HEALTH_CHECKS } from "#server/contract/view/health-checks.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { HealthPage } from "./health-page.tsx";

const address = vi.hoisted(() => ({ search: "" }));
vi.mock("next/navigation", () => ({
  usePathname: () => "/health",
  useSearchParams: () => new URLSearchParams(address.search),
}));

const AT = epochMs(TEST_NOW - 60_000);
const fold = (over: Partial<DnaFold> = {}): DnaFold => ({
  ...EMPTY_DNA,
  source: { ...EMPTY_DNA.source, state: "up", since: AT },
  health: {
    names: { level: "ok", evidence: "No name beats under two incarnations.", about: [], since: AT, at: AT },
    "one-cluster": {
      ...{ level: "critical", evidence: "<img src=x onerror=alert(1)>, prod beat", since: AT, at: AT },
      about: ["<img src=x onerror=alert(1)>", "prod"],
    },
    takeover: { level: "warning", evidence: "k went from a to b.", about: ["k"], since: AT, at: AT },
  },
  ...over,
});
const items = () => screen.getAllByRole("listitem").filter((item) => item.querySelector("details") !== null);
const draw = (search: string, folds: Record<string, DnaFold>) => {
  address.search = search;
  return renderInConsole(<HealthPage />, { folds, procedures: {} });
};

describe("the health of clusters", () => {
  it("shows every check, the worst first and open, with what it is about and what to do", async () => {
    draw("", { "dna:eu-1": fold() });
    await screen.findByRole("list", { name: "Checks of eu-1" });
    const [first, second] = items();
    expect(items()).toHaveLength(HEALTH_CHECKS.length);
    expect(first?.querySelector("details")?.open).toBe(true);
    expect(first?.textContent).toContain("What to do:");
    expect(first?.textContent).toContain("<img src=x onerror=alert(1)>");
    expect(document.querySelector("img")).toBeNull();
    expect(second?.querySelector("details")?.dataset.level).toBe("warning");
    expect(second?.querySelector("details")?.open).toBe(false);
  });

  it("opens the check that the address names, and leads on to where it is looked into", async () => {
    draw("source=eu-1&check=takeover", { "dna:eu-1": fold(), "dna:us-1": fold() });
    await screen.findByRole("list", { name: "Checks of eu-1" });
    expect(screen.queryByRole("list", { name: "Checks of us-1" })).toBeNull();
    const named = document.querySelector<HTMLDetailsElement>('[data-check="takeover"]');
    expect(named?.open).toBe(true);
    expect(within(named as HTMLElement).getByRole("link", { name: "Actors of the source" })).toBeTruthy();
  });

  it("says of what was never judged that it is not known, never that it is well", async () => {
    draw("", { "dna:eu-1": fold({ health: {} }) });
    await screen.findByRole("list", { name: "Checks of eu-1" });
    const levels = items().map((item) => item.querySelector("details")?.dataset.level);
    expect(new Set(levels)).toEqual(new Set(["not-known"]));
  });

  it("of a source that is down says that nothing is judged, above what was said last", async () => {
    const down = { ...EMPTY_DNA.source, state: "down" as const, reason: "no answer", since: AT };
    draw("", { "dna:eu-1": fold({ source: down }) });
    expect((await screen.findByRole("alert")).textContent).toContain("eu-1 is down: nothing is judged");
    expect(items()).toHaveLength(HEALTH_CHECKS.length);
  });

  it("says so when no such source is known", async () => {
    draw("source=nowhere", { "dna:eu-1": fold() });
    await screen.findByText("No DNA source nowhere is known.");
  });
});
