// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { type DnaFold, EMPTY_DNA } from "#server/contract/fold/dna.ts";
import type { CensusEstimate, CensusView } from "#server/contract/wire/dna-census.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { CensusPage } from "./census-page.tsx";

vi.mock("next/navigation", () => ({
  usePathname: () => "/census",
  useSearchParams: () => new URLSearchParams("source=eu-1"),
}));

const AT = epochMs(TEST_NOW - 22 * 60_000);
const asOf = new Date(TEST_NOW).toISOString();
const counted: DnaFold = {
  ...EMPTY_DNA,
  source: { ...EMPTY_DNA.source, state: "up", since: AT },
  owned: {
    "1:1": { asOf: AT, counts: [{ incarnationId: "1:1", namespace: "<b>eu</b>", moduleId: 0, keys: 101_233 }] },
  },
  census: {
    ...{ startedAt: AT, finishedAt: AT, rows: 101_240, unreadableRows: 7, otherKeys: 0 },
    types: [{ namespace: "<b>eu</b>", moduleId: 0, rows: 101_240 }],
  },
};
const cost: CensusEstimate = {
  ...{ asOf, faults: [], rows: 100_000_000, bytes: 10_000_000_000, durationMs: 5_000_000, rowsPerSecond: 20_000 },
  ...{ from: "last-census", knownAt: asOf, how: "rows as last counted" },
};
const walk = (over: Partial<CensusView> = {}): CensusView => ({
  ...{ asOf, faults: [], censusId: "c1", state: "running", note: null, startedAt: asOf, finishedAt: null },
  ...{ rows: 25_000, unreadableRows: 0, typesDone: 1, typesTotal: 3, keys: 25_000, types: [] },
  ...{ incarnation: null, requestedBy: "ann", expectedRows: 100_000, rowsPerSecond: 20_000, endsAt: asOf },
  ...over,
});

function draw(fold: DnaFold, walks: readonly CensusView[], more: Record<string, (input: unknown) => unknown> = {}) {
  return renderInConsole(<CensusPage />, {
    folds: { "dna:eu-1": fold },
    procedures: {
      "dna.census.list": () => ({ asOf, faults: [], walks }),
      "dna.census.estimate": () => cost,
      "journal.range": () => ({ events: [], nextCursor: null, horizon: null }),
      ...more,
    },
  });
}
const plain = () => document.body.textContent?.replaceAll(/[\u00a0\u202f]/g, " ") ?? "";

describe("the census of a source", () => {
  it("says what a count costs before it can be started, and how that is known", async () => {
    draw({ ...counted, owned: {}, census: null }, []);
    await screen.findByText(/How that is known/);
    expect(plain()).toContain("about 100 000 000 rows");
    expect(plain()).toContain("at 20 000 rows/s at most");
    expect(plain()).toContain("The keys were never counted.");
    expect(screen.getByRole("button", { name: "Count all keys" })).toBeTruthy();
  });

  it("starts one count of everybody's keys", async () => {
    const start = vi.fn(() => walk());
    draw(counted, [], { "dna.census.start": start });
    const button = await screen.findByRole("button", { name: "Count all keys" });
    await waitFor(() => expect(button.getAttribute("aria-disabled")).toBeNull());
    fireEvent.click(button);
    await waitFor(() => expect(start).toHaveBeenCalledWith({ source: "eu-1", incarnation: null }));
  });

  it("shows how far a count is and lets it be paused and stopped; the button to start another is gone", async () => {
    const pause = vi.fn(() => walk({ state: "paused" }));
    draw(counted, [walk()], { "dna.census.pause": pause });
    await screen.findByRole("img", { name: "25 % of the expected rows counted" });
    expect(screen.queryByRole("button", { name: "Count all keys" })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Pause counting" }));
    await waitFor(() => expect(pause).toHaveBeenCalledWith({ source: "eu-1", censusId: "c1" }));
  });

  it("offers to go on with a paused count", async () => {
    const resume = vi.fn(() => walk());
    draw(counted, [walk({ state: "paused", endsAt: null })], { "dna.census.resume": resume });
    fireEvent.click(await screen.findByRole("button", { name: "Go on counting" }));
    await waitFor(() => expect(resume).toHaveBeenCalledWith({ source: "eu-1", censusId: "c1" }));
  });

  it("shows why the last one failed, and still offers another", async () => {
    draw(counted, [walk({ state: "failed", note: "no such column", endsAt: null })]);
    await screen.findByText("no such column");
    expect(screen.getByRole("button", { name: "Count all keys" })).toBeTruthy();
  });

  it("tells owners, orphans and what could not be read, with the age of the count, and draws names as text", async () => {
    draw(counted, []);
    await screen.findByRole("table", { name: "Orphans" });
    expect(plain()).toContain("101 233");
    expect(plain()).toContain("never seen");
    expect(plain()).toContain("the normal resting state");
    expect(plain()).toMatch(/census \d+ (min|h)/);
    expect(plain()).toContain("<b>eu</b>");
    expect(document.querySelector("td b b")).toBeNull();
  });
});
