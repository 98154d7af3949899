// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { ActorLive, ExplainOutput, LiveOutput, StopPreviewOutput } from "#server/contract/wire/dna-actors.ts";
import { MessageNow } from "./message-now.tsx";
import { OnNodes } from "./on-nodes.tsx";
import { RunningSection } from "./running-section.tsx";
import { StopDialog } from "./stop-dialog.tsx";
import { StorageSection } from "./storage-section.tsx";

vi.mock("next/navigation", () => ({ usePathname: () => "/actors", useSearchParams: () => new URLSearchParams() }));

const asOf = new Date(TEST_NOW).toISOString();
const observed = { asOf, faults: [] };
const PLACE = { source: "eu-1", namespace: "weather", moduleId: 0, name: "oslo" };
const OWNER = "1000:7";
const HOSTILE = '<img src=x onerror="alert(1)">';
const running = (change: object = {}): Extract<ActorLive, { kind: "running" }> => ({
  ...{ kind: "running", node: "dna@10.0.0.7", incarnation: OWNER, partition: 3, ref: "<0.312.0>", phase: "idle" },
  ...{ buffered: 0, mailbox: 0, memoryBytes: 2_600, reductions: 7, status: "waiting", currentFunction: null },
  ...change,
});
const live = (change: Partial<LiveOutput> = {}): LiveOutput => ({
  ...{ ...observed, ownerWrittenAt: asOf, live: running(), evaluate: true, doubled: null },
  ...change,
});

describe("whether it runs", () => {
  const draw = (answer: LiveOutput) =>
    renderInConsole(<RunningSection source="eu-1" live={answer} everyMs={5_000} />, { folds: {} });

  it("shows the backlog as buffer and mailbox together, and links to the partition", () => {
    const { container } = draw(live({ live: running({ buffered: 31, mailbox: 2, phase: "pending_storage" }) }));
    expect(container.textContent).toMatch(/33\s+31 buffered \+ 2 queued/);
    const link = screen.getByRole("link", { name: "partition 3" });
    expect(link.getAttribute("href")).toContain("tab=inside");
  });
  it("does not take a buffer that was not told for an empty one", () => {
    const { container } = draw(live({ live: running({ buffered: null, mailbox: 2, phase: "busy" }) }));
    expect(container.textContent).toContain("what is buffered, which was not told");
  });
  it.each<[ActorLive, string]>([
    [{ kind: "off", reason: "No access is configured.", noAccess: true }, "Not known here."],
    [{ kind: "unreachable", node: "dna@h", reason: "no answer" }, "proves nothing about its life"],
    [{ kind: "other", node: "dna@h", incarnation: "2:2" }, "another incarnation"],
    [{ kind: "absent", node: "dna@h", incarnation: OWNER }, "the next message starts it there"],
  ])("says why not: %o", (told, words) => {
    expect(draw(live({ live: told })).container.textContent).toContain(words);
  });
  it("raises the alarm of a key that runs twice, naming where", () => {
    const instances = [
      { incarnation: OWNER, node: "dna@a" },
      { incarnation: null, node: HOSTILE },
    ];
    draw(live({ doubled: { since: asOf, evidence: "in both registries", instances } }));
    const alarm = screen.getByRole("alert");
    expect(alarm.textContent).toMatch(/2\s+times at once/);
    expect(within(alarm).getByText(HOSTILE)).toBeTruthy();
    expect(document.querySelector("img[src]")).toBeNull();
  });
});

describe("a message now", () => {
  const explained = (change: Partial<ExplainOutput> = {}): ExplainOutput => ({
    ...{ ...observed, actor: null, end: "forward", sentence: "It is forwarded.", nodes: ["request"], edges: [] },
    ...{ possible: [], assumptions: ["A thing taken for granted."], warning: null, entry: null },
    ...change,
  });
  const draw = (answer: ExplainOutput, entry: string | null = null) =>
    renderInConsole(<MessageNow place={PLACE} entry={entry} />, {
      folds: {},
      procedures: { "dna.actors.explain": () => answer },
    });

  it("warns in red while the node goes by another owner than the register's", async () => {
    draw(
      explained({
        warning: "This node goes by dna@b for another 41.0 s.",
        entry: { incarnation: OWNER, node: "dna@a", asked: true, missing: null },
      }),
      OWNER,
    );
    expect((await screen.findByRole("alert")).textContent).toContain("41.0 s");
  });
  it("asks for the chosen node, keeps one that is no longer listed, and says what could not be asked", async () => {
    const { asked } = draw(
      explained({ entry: { incarnation: OWNER, node: "dna@a", asked: false, missing: "No access." } }),
      OWNER,
    );
    expect(await screen.findByText(/No access\./)).toBeTruthy();
    expect((screen.getByLabelText(/entering at/) as HTMLSelectElement).value).toBe(OWNER);
    expect(asked[0]?.input).toMatchObject({ ...PLACE, entry: OWNER });
  });
  it("puts the choice into the address", async () => {
    const { went } = draw(explained(), OWNER);
    fireEvent.change(await screen.findByLabelText(/entering at/), { target: { value: "" } });
    expect(went).toEqual(["/actors?source=eu-1&ns=weather&module=0&name=oslo"]);
  });
});

describe("what the nodes go by", () => {
  it("is asked only when somebody wants to know, and marks the node whose cache is wrong", async () => {
    const node = {
      incarnation: OWNER,
      node: "dna@a",
      owner: true,
      runs: true,
      partition: 3,
      cached: null,
      missing: null,
    };
    const cached = { incarnation: "2:2", node: "dna@c", ttlMs: 41_000, differs: true };
    const { asked } = renderInConsole(<OnNodes place={PLACE} refusal={null} />, {
      folds: {},
      procedures: {
        "dna.actors.onNodes": () => ({
          ...observed,
          notAsked: 0,
          nodes: [node, { ...node, incarnation: "3:3", node: "dna@b", owner: false, runs: false, cached }],
        }),
      },
    });
    expect(asked).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: "Ask the nodes" }));
    expect(await screen.findByText(/1.node goes by another owner/)).toBeTruthy();
    expect(screen.getByText(/the register says another/)).toBeTruthy();
    expect(screen.getByText("41 s")).toBeTruthy();
  });
  it("says why it cannot be asked", () => {
    renderInConsole(<OnNodes place={PLACE} refusal="No access is configured." />, { folds: {} });
    expect(screen.getByRole("button", { name: "Ask the nodes" }).getAttribute("aria-disabled")).toBe("true");
    expect(screen.getAllByText("No access is configured.").length).toBeGreaterThan(0);
  });
});

describe("storage", () => {
  const rows = [
    { key: btoa("state"), text: "state", size: 185, writtenAt: asOf },
    { key: btoa("\u0001\u00ff"), text: null, size: null, writtenAt: null },
  ];
  const draw = (permissions?: readonly string[]) =>
    renderInConsole(<StorageSection place={PLACE} />, {
      folds: {},
      ...(permissions === undefined ? {} : { role: "viewer", permissions: [...permissions] }),
      procedures: {
        "dna.actors.storage": () => ({ ...observed, rows, nextAfter: null }),
        "dna.actors.storageValue": () => ({
          ...observed,
          value: {
            form: "text",
            bytes: 4,
            writtenAt: asOf,
            json: null,
            text: HOSTILE,
            base64: btoa("wind"),
            withheld: null,
          },
        }),
      },
    });

  it("shows keys and sizes, bytes as hex, and asks for no value until one is wanted", async () => {
    const { asked } = draw();
    expect(await screen.findByText("state")).toBeTruthy();
    expect(screen.getByText("0x01ff")).toBeTruthy();
    expect(asked.map(({ path }) => path)).toEqual(["dna.actors.storage"]);
    fireEvent.click(screen.getByRole("button", { name: "state" }));
    expect(await screen.findByText(HOSTILE)).toBeTruthy();
    expect(document.querySelector("img[src]")).toBeNull();
  });
  it("never asks for a value for whoever may not read it, and says so", async () => {
    const { asked } = draw(["dna:read"]);
    const key = await screen.findByRole("button", { name: "state" });
    fireEvent.click(key);
    expect((key as HTMLButtonElement).disabled).toBe(true);
    expect(screen.getByText(/Values are not shown/).textContent).toContain("dna:values");
    expect(asked.map(({ path }) => path)).not.toContain("dna.actors.storageValue");
  });
});

describe("the dialog to stop it", () => {
  const preview = (change: Partial<StopPreviewOutput> = {}): StopPreviewOutput => ({
    ...{ ...observed, live: running({ buffered: 31 }), owner: { incarnation: OWNER, node: "dna@10.0.0.7" } },
    ...{ refusals: [], safeRefusals: [], loss: "Lost at once: 31 buffered events and 0 queued messages." },
    ...change,
  });
  const open = (answer: StopPreviewOutput, outcome: unknown = null) => {
    const onDone = vi.fn();
    const view = renderInConsole(<StopDialog place={PLACE} onDone={onDone} onClose={() => {}} />, {
      folds: {},
      procedures: { "dna.actors.stopPreview": () => answer, "dna.actors.stop": () => outcome },
    });
    return { ...view, onDone };
  };
  const press = async (name: string) => fireEvent.click(await screen.findByRole("button", { name }));
  const write = (label: RegExp, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

  it("sends what was seen, once, with the reason", async () => {
    const { asked, onDone } = open(preview(), { journalId: "j", outcome: "stopped", phase: "verified", note: null });
    await screen.findByText("The next message starts it again");
    write(/^Reason/, "it leaks");
    await press("Stop it when idle");
    await waitFor(() => expect(onDone).toHaveBeenCalled());
    const sent = asked.filter(({ path }) => path === "dna.actors.stop");
    expect(sent).toHaveLength(1);
    expect(sent[0]?.input).toMatchObject({
      ...{ ...PLACE, expectedOwner: OWNER, expectedRef: "<0.312.0>", force: false, reason: "it leaks" },
      expectedBuffered: 31,
    });
  });
  it("by force shows the loss and takes the name typed", async () => {
    open(preview());
    await press("By force");
    expect(screen.getByText(/Lost at once: 31 buffered/)).toBeTruthy();
    write(/^Reason/, "it leaks");
    const send = screen.getByRole("button", { name: "End it at once" });
    expect(send.getAttribute("aria-disabled")).toBe("true");
    write(/^Type/, "oslo");
    expect(send.getAttribute("aria-disabled")).not.toBe("true");
  });
  it("without evaluate offers force, and says why not safely", async () => {
    open(preview({ safeRefusals: ["It needs beam.evaluate."] }));
    await press("Safely");
    expect(screen.getAllByText("It needs beam.evaluate.").length).toBeGreaterThan(0);
    write(/^Reason/, "it leaks");
    expect(screen.getByRole("button", { name: "Stop it when idle" }).getAttribute("aria-disabled")).toBe("true");
  });
  it("tells busy and unknown in place, and sends nothing again", async () => {
    const { asked } = open(preview(), {
      journalId: "j",
      outcome: "busy",
      phase: "failed",
      note: "31 buffered: it runs on",
    });
    await screen.findByText("The next message starts it again");
    write(/^Reason/, "it leaks");
    await press("Stop it when idle");
    expect(await screen.findByText("31 buffered: it runs on")).toBeTruthy();
    expect(asked.filter(({ path }) => path === "dna.actors.stop")).toHaveLength(1);
  });
});
