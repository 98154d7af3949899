// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import type { InvalidatePreview, ProbeView } from "#server/contract/wire/dynflow-worlds.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { InvalidateDialog } from "./invalidate-dialog.tsx";
import type { WorldLine } from "./world-lines.ts";

const PLAN = "33333333-3333-4333-8333-333333333333";
const iso = (ms: number) => new Date(TEST_NOW + ms).toISOString();
const world: WorldFold = {
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname: "exec-one",
  pid: 7,
  queues: { default: 5 },
  lastSeenText: "2026-11-22 05:47:44.945",
  unreadable: null,
  seenSince: epochMs(TEST_NOW - 60_000),
  ping: null,
};
const probe = (over: Partial<ProbeView>): ProbeView => ({
  state: "silent",
  startedAt: iso(-70_000),
  pings: [
    { at: iso(-70_000), waitedMs: 30_000, roundTripMs: null },
    { at: iso(-30_000), waitedMs: 30_000, roundTripMs: null },
  ],
  nextAt: null,
  goodUntil: iso(600_000),
  note: null,
  ...over,
});
const preview = (over: Partial<InvalidatePreview> = {}): InvalidatePreview => ({
  asOf: iso(0),
  faults: [],
  worldId: "one",
  executor: true,
  hostname: "exec-one",
  probe: null,
  refusals: [],
  plans: [
    {
      planId: PLAN,
      lock: "execution",
      label: "Actions::Example",
      state: "running",
      fate: "paused-with-error",
      words: "",
      failedStepIds: [4],
      reason: null,
    },
  ],
  planCount: 1,
  fates: { "paused-with-error": 1 },
  executors: [{ id: "two", hostname: "exec-two" }],
  otherLocks: 1,
  envelopes: 3,
  warnings: ["Hooks of the application do not run."],
  ...over,
});

const line: WorldLine = {
  source: "foreman",
  id: "one",
  world,
  word: "not answering",
  locks: 2,
  plans: 1,
  share: 1,
  roles: [],
  ours: false,
};

function open(answer: InvalidatePreview, permissions: readonly string[] = ["worlds:invalidate"]) {
  const closed: string[] = [];
  const scene = renderInConsole(
    <InvalidateDialog line={line} actRefused={null} onClose={() => closed.push("closed")} />,
    {
      permissions,
      procedures: {
        "dynflow.worlds.invalidatePreview": () => answer,
        "dynflow.worlds.probe": () => ({ journalId: "j", probe: probe({ state: "pinging", pings: [] }) }),
        "dynflow.worlds.invalidate": () => ({ journalId: "j", jobId: "job-1" }),
      },
    },
  );
  return { ...scene, closed };
}
const press = (name: string | RegExp) => act(async () => void fireEvent.click(screen.getByRole("button", { name })));
const write = (label: RegExp, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

describe("the end of a dead world", () => {
  it("asks for two pings first, with a reason, and says what it holds", async () => {
    const { asked } = open(preview());
    await screen.findByText(/It is offered\s+only after two pings/);
    expect(screen.getByRole("dialog").textContent).toMatch(/3\senvelopes wait for it/);
    write(/Reason/, "its host is gone");
    await press("Ping exec-one twice");
    await waitFor(() => expect(asked.map(({ path }) => path)).toContain("dynflow.worlds.probe"));
    expect(asked.find(({ path }) => path === "dynflow.worlds.probe")?.input).toMatchObject({
      source: "foreman",
      worldId: "one",
      reason: "its host is gone",
    });
  });

  it("counts down while it is pinged", async () => {
    const first = probe({ state: "pinging", pings: probe({}).pings.slice(0, 1), nextAt: iso(12_000) });
    open(preview({ probe: first }));
    const pings = await screen.findByRole("list", { name: "Pings" });
    expect(pings.textContent).toContain("no answer within 30");
    expect(pings.textContent).toContain("waits for an answer");
  });

  it("is not offered to a world that answered", async () => {
    const answered = probe({
      state: "answered",
      pings: [{ at: iso(-5_000), waitedMs: 12, roundTripMs: 12 }],
      note: "It answered in 12 ms: it lives",
    });
    open(preview({ probe: answered, refusals: ["It answered a ping: it lives."] }));
    await screen.findByText(/It is not invalidated/);
    expect(screen.queryByRole("button", { name: /^Invalidate/ })).toBeNull();
  });

  it("shows what becomes of each plan, wants the name typed, and sends how many plans were seen", async () => {
    const { asked, went, closed } = open(preview({ probe: probe({}) }));
    const table = await screen.findByRole("table", { name: "What becomes of each plan" });
    expect(table.textContent).toContain("paused, error step 4 fails");
    expect(screen.getByText("Hooks of the application do not run.")).toBeTruthy();
    write(/Reason/, "its host is gone");
    await press("Invalidate exec-one, 1 plan".replaceAll(" plan", "\u00a0plan"));
    expect(asked.map(({ path }) => path)).not.toContain("dynflow.worlds.invalidate");
    write(/Type/, "exec-one");
    await press(/^Invalidate exec-one/);
    await waitFor(() => expect(closed).toEqual(["closed"]));
    expect(asked.find(({ path }) => path === "dynflow.worlds.invalidate")?.input).toMatchObject({
      worldId: "one",
      expectedPlans: 1,
      reason: "its host is gone",
    });
    expect(went).toEqual(["/jobs/job-1"]);
  });

  it("takes a permission of its own", async () => {
    open(preview({ probe: probe({}) }), ["worlds:ping"]);
    const button = await screen.findByRole("button", { name: /^Invalidate exec-one/ });
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(screen.getByText(/worlds:invalidate/)).toBeTruthy();
  });
});
