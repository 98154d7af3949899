// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { FailoverPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import { FailoverDialog } from "./failover-dialog.tsx";

vi.mock("next/navigation", () => ({ usePathname: () => "/", useSearchParams: () => new URLSearchParams() }));

const ID = "1795311820417:-6140123412340123";
const asOf = new Date(TEST_NOW).toISOString();
const preview = (over: Partial<FailoverPreviewOutput> = {}): FailoverPreviewOutput => ({
  asOf,
  faults: [],
  node: {
    source: "eu-1",
    cluster: "prod",
    incarnation: ID,
    node: "dna@10.0.0.7",
    createdAt: asOf,
    nodeId: "-6140123412340123",
    state: "gone",
    since: asOf,
    evidence: "",
    flags: {},
    silentMs: 127_000,
    load: null,
    writeAgeMs: null,
    owned: {
      asOf,
      keys: 101_233,
      types: [
        { namespace: "fleet", moduleId: 1, keys: 38_112 },
        { namespace: "<img src=x onerror=alert(1)>", moduleId: 0, keys: 63_121 },
      ],
    },
  },
  releasable: {
    releasable: true,
    certainty: "presumed",
    reasons: [{ holds: true, text: "75 s of silence.", detail: "Counted so far: 127 s." }],
    readyInMs: 0,
    residualRisk: "A suspended VM that wakes later would still run its instances.",
  },
  census: null,
  keys: 101_233,
  rounds: 2_026,
  estimateMs: 1_013_000,
  roundsPerSecond: 2,
  keysPerRound: 50,
  refusals: [],
  notMoved: null,
  targets: [],
  targetsLeftOut: 0,
  claimRefusal: "No node of the cluster has been alive for 30 s: nobody can be given its keys.",
  ...over,
});

function open(answer: FailoverPreviewOutput, procedures: Record<string, (input: unknown) => unknown> = {}) {
  const onClose = vi.fn();
  const view = renderInConsole(<FailoverDialog source="eu-1" incarnation={ID} onClose={onClose} />, {
    folds: {},
    procedures: { "dna.failover.preview": () => answer, ...procedures },
  });
  return { ...view, onClose };
}

const plain = (text: string | null | undefined) => text?.replaceAll("\u00a0", " ") ?? "";
const submit = () => screen.getByRole("button", { name: /^Fail over/ });

function fill() {
  fireEvent.change(screen.getByLabelText(/^Reason/), { target: { value: "killed by the kernel" } });
  fireEvent.change(screen.getByLabelText(/^Type/), { target: { value: "dna@10.0.0.7" } });
}

describe("FailoverDialog", () => {
  it("says what it will touch by type, how long, why it may, how sure that is and what remains", async () => {
    open(preview());
    await screen.findByText("What it will touch");
    const text = plain(screen.getByRole("dialog").textContent);
    for (const part of [
      "<img src=x onerror=alert(1)> / 0",
      "63 121",
      "38 112",
      "101 233",
      "75 s of silence",
      "Presumed dead",
      "would still run its instances",
    ])
      expect(text).toContain(part);
    expect(document.querySelector("img")).toBeNull();
    expect(plain(submit().textContent)).toBe("Fail over 101 233 keys");
  });

  it("sends what was seen, once, and leads to the job", async () => {
    const start = vi.fn(() => ({ journalId: "j", jobId: "01JOB" }));
    const { asked, went } = open(preview(), { "dna.failover.start": start });
    await screen.findByText("What it will touch");
    fill();
    fireEvent.click(submit());
    fireEvent.click(submit());
    await waitFor(() => expect(went).toEqual(["/jobs/01JOB"]));
    expect(start).toHaveBeenCalledTimes(1);
    expect(asked.find(({ path }) => path === "dna.failover.start")?.input).toMatchObject({
      source: "eu-1",
      incarnation: ID,
      targets: null,
      expectedState: "gone",
      expectedNode: "dna@10.0.0.7",
      expectedKeys: 101_233,
      reason: "killed by the kernel",
    });
  });

  const node = (number: number, refusal: string | null) => ({
    incarnation: `2000:${number}`,
    node: `dna@10.0.0.${number}`,
    state: refusal === null ? "alive" : "late",
    aliveMs: refusal === null ? 90_000 : null,
    load: 0.4,
    running: 3_104,
    owned: null,
    weight: 50,
    refusal,
  });

  it("gives the keys to the nodes that were chosen, by their weights, and says who gets about how many", async () => {
    const start = vi.fn(() => ({ journalId: "j", jobId: "01JOB" }));
    const offer = { targets: [node(1, null), node(2, null), node(3, "it is late")], claimRefusal: null };
    const { asked } = open(preview({ ...offer, keys: 900 }), { "dna.failover.start": start });
    await screen.findByText("What it will touch");
    expect(plain(screen.getByRole("dialog").textContent)).toContain("Not needed for recovery.");
    fireEvent.click(screen.getByRole("radio", { name: /^Give to chosen nodes/ }));
    fireEvent.change(screen.getByLabelText("Weight of dna@10.0.0.2"), { target: { value: "100" } });
    const rows = screen.getAllByRole("row").map((row) => plain(row.textContent));
    expect(rows.find((text) => text.startsWith("dna@10.0.0.1"))).toMatch(/300$/);
    expect(rows.find((text) => text.startsWith("dna@10.0.0.2"))).toMatch(/600$/);
    expect(rows.find((text) => text.startsWith("dna@10.0.0.3"))).toContain("it is late");
    expect(screen.getByRole("checkbox", { name: "dna@10.0.0.3" }).hasAttribute("disabled")).toBe(true);
    fill();
    fireEvent.click(submit());
    await waitFor(() => expect(start).toHaveBeenCalledTimes(1));
    expect(asked.find(({ path }) => path === "dna.failover.start")?.input).toMatchObject({
      targets: [
        { incarnation: "2000:1", weight: 50 },
        { incarnation: "2000:2", weight: 100 },
      ],
    });
  });

  it("cannot give keys away while nobody has been alive long enough", async () => {
    open(preview());
    await screen.findByText("What it will touch");
    fill();
    expect(submit().getAttribute("aria-disabled")).toBeNull();
    fireEvent.click(screen.getByRole("radio", { name: /^Give to chosen nodes/ }));
    expect(submit().getAttribute("aria-disabled")).toBe("true");
  });

  it("shows that the world has moved, and stays open", async () => {
    const { onClose } = open(preview(), {
      "dna.failover.start": () => new Error("The world has moved since you looked"),
    });
    await screen.findByText("What it will touch");
    fill();
    fireEvent.click(submit());
    await screen.findByText("The world has moved since you looked");
    expect(onClose).not.toHaveBeenCalled();
  });

  it("counts down while only time is missing, and refuses meanwhile", async () => {
    const waiting = preview({ refusals: ["Not yet true: 75 s of silence."] });
    open({ ...waiting, releasable: { ...waiting.releasable, releasable: false, readyInMs: 35_000 } });
    await screen.findByRole("timer");
    fill();
    expect(submit().getAttribute("aria-disabled")).toBe("true");
  });

  it("asks to count first when nobody knows what would be touched", async () => {
    const uncounted = preview({
      keys: null,
      rounds: null,
      estimateMs: null,
      refusals: ["Its keys have not been counted: count them first."],
    });
    open({ ...uncounted, node: { ...uncounted.node, owned: null } });
    expect(await screen.findByRole("button", { name: "Count its keys" })).toBeTruthy();
    expect(submit().getAttribute("aria-disabled")).toBe("true");
  });

  it("follows a walk that counts, and can stop it", async () => {
    const walk = {
      asOf,
      faults: [],
      censusId: "c1",
      state: "running" as const,
      note: null,
      startedAt: asOf,
      finishedAt: null,
      rows: 12_000,
      unreadableRows: 0,
      typesDone: 1,
      typesTotal: 3,
      keys: 900,
      types: [],
    };
    const cancel = vi.fn(() => ({ ...walk, state: "cancelled" }));
    open(preview({ census: walk }), { "dna.census.get": () => walk, "dna.census.cancel": cancel });
    await screen.findByRole("img", { name: "1 of 3 types walked" });
    fireEvent.click(screen.getByRole("button", { name: "Stop counting" }));
    await waitFor(() => expect(cancel).toHaveBeenCalledWith({ source: "eu-1", censusId: "c1" }));
  });

  it("says what failed when it cannot be read at all", async () => {
    open(preview(), { "dna.failover.preview": () => new Error("eu-1 is down") });
    expect(plain((await screen.findByRole("alert")).textContent)).toContain("eu-1 is down");
  });
});
