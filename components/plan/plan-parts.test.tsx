// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { DelayedView } from "./delayed-view.tsx";
import { DependenciesView } from "./dependencies-view.tsx";
import { DEPENDENCY_NODES_MAX, dependencyDiagram, dependencyMarks } from "./dependency-diagram.ts";
import { PLAN_ID, plan } from "./plan.test-kit.ts";
import { SubPlansView } from "./sub-plans-view.tsx";

const AS_OF = "2026-11-22T06:52:13.000Z";
const LEAF = "00000000-0000-4000-8000-000000000009";
const folds = {
  "dynflow:foreman": { ...EMPTY_DYNFLOW, source: { state: "up" as const, since: epochMs(0), reason: null } },
};

const walk = (over: Readonly<Record<string, unknown>> = {}) => ({
  asOf: AS_OF,
  faults: [],
  token: null,
  walked: 1_002,
  levels: 2,
  again: 0,
  stopped: null,
  counts: [],
  failing: 0,
  matches: 0,
  found: [],
  firstFailure: null,
  ...over,
});
const entry = (id: string, over: Readonly<Record<string, unknown>> = {}) => ({
  id,
  label: "Lab::Host::Update",
  rootActionClass: null,
  state: "paused",
  result: "error",
  callerActionId: 1,
  callerStepId: 4,
  ...over,
});
const found = (error: unknown) =>
  walk({
    firstFailure: {
      path: [entry(PLAN_ID, { callerActionId: null, callerStepId: null }), entry(LEAF)],
      step: { stepId: 3, actionClass: "Lab::Disk", phase: "run", error },
    },
  });

function openSubPlans(answers: readonly unknown[]) {
  const left = [...answers];
  return renderInConsole(<SubPlansView source="foreman" plan={plan({ subPlanIds: [LEAF] })} />, {
    folds,
    procedures: {
      "dynflow.plans.subPlans": () => ({ asOf: AS_OF, faults: [], rows: [], nextCursor: null, counts: [] }),
      "dynflow.plans.subPlanWalk": () => left.shift() ?? walk(),
    },
  });
}
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

describe("the first failure below a plan", () => {
  it("is shown with the way to it, its step and its error, one press away", async () => {
    const { asked } = openSubPlans([found({ exceptionClass: "Lab::DiskFull", message: "no space left" })]);
    press("Go to the first failure");
    await screen.findByText("no space left");
    const open = screen.getByRole("link", { name: "Open the plan that failed" });
    expect(open.getAttribute("href")).toBe(`/plans/foreman/${LEAF}?step=3`);
    expect(within(screen.getByRole("list", { name: "The way to it" })).getAllByRole("listitem")).toHaveLength(2);
    const input = asked.find(({ path }) => path === "dynflow.plans.subPlanWalk")?.input;
    expect(input).toEqual({ source: "foreman", planId: PLAN_ID, until: "failure", find: "", token: null });
  });

  it("is not told to viewers in words, but where it is", async () => {
    openSubPlans([found({ masked: true })]);
    press("Go to the first failure");
    await screen.findByText("Its error is hidden from viewers.");
    expect(screen.getByRole("link", { name: "Step 3, run" })).toBeTruthy();
  });

  it("is looked for in slices, then asked whether to go on", async () => {
    const slice = walk({ token: "t" });
    const { asked } = openSubPlans([slice, slice, slice, slice, slice, walk()]);
    press("Go to the first failure");
    await screen.findByRole("button", { name: "Go on" });
    expect(screen.getByText("Nothing failed as far as it walked.")).toBeTruthy();
    press("Go on");
    await screen.findByText(/Nothing below it failed/);
    const tokens = asked.flatMap(({ path, input }) =>
      path === "dynflow.plans.subPlanWalk" ? [(input as { readonly token: string | null }).token] : [],
    );
    expect(tokens).toEqual([null, "t", "t", "t", "t", "t"]);
  });

  it("is not all that can be looked for: what holds a text is listed", async () => {
    const match = { ...entry(LEAF), parentId: PLAN_ID, level: 1, startedAt: null, failing: false };
    const { asked } = openSubPlans([walk({ matches: 1, found: [match] })]);
    fireEvent.change(screen.getByLabelText("Find below by label, class or id"), { target: { value: " host " } });
    fireEvent.submit(screen.getByLabelText("Find below by label, class or id"));
    const table = await screen.findByRole("table", { name: "Found below" });
    expect(within(table).getAllByRole("row")).toHaveLength(2);
    expect(asked.find(({ path }) => path === "dynflow.plans.subPlanWalk")?.input).toMatchObject({
      find: "host",
      until: "end",
    });
  });

  it("says why the walk ended where it could not go on", async () => {
    openSubPlans([new Error("did not answer within 2 s")]);
    press("Count everything below");
    await screen.findByText(/did not answer within 2 s/);
  });
});

const delayed = (readiness: unknown, over: Readonly<Record<string, unknown>> = {}) => ({
  asOf: AS_OF,
  faults: [],
  state: "scheduled",
  readiness,
  delayed: {
    startAt: "2026-11-22T07:00:00.000000Z",
    startBefore: null,
    frozen: false,
    serializer: "Dynflow::Serializers::Noop",
    args: { value: [1] },
  },
  prerequisites: { waits: 0, satisfied: 0, failed: 0 },
  poller: null,
  pollEveryMs: 15_000,
  ...over,
});
const START = { kind: "start" };

describe("a delay", () => {
  it.each([
    [{ kind: "ready", outcome: START, within: AS_OF }, /It is ready/],
    [
      { kind: "ready", outcome: { kind: "timeout", at: AS_OF }, within: AS_OF },
      /It will not start: the next look stops it/,
    ],
    [{ kind: "never" }, /It can never start by itself/],
    [{ kind: "planning" }, /A world is planning it now/],
    [{ kind: "not-scheduled" }, /not scheduled any more/],
    [
      { kind: "waiting", obstacles: [{ kind: "no-poller" }], earliest: null, outcome: START },
      /nobody looks for plans that are due/,
    ],
    [
      { kind: "waiting", obstacles: [{ kind: "frozen" }], earliest: null, outcome: START },
      /no clock alone will start it/,
    ],
    [
      {
        kind: "waiting",
        obstacles: [{ kind: "start-at", at: "2026-11-22T07:00:00.000Z" }],
        earliest: "2026-11-22T07:00:00.000Z",
        outcome: START,
      },
      /It waits for its time/,
    ],
  ])("that is %o says so", async (readiness, text) => {
    renderInConsole(<DelayedView source="foreman" plan={plan({ state: "scheduled" })} />, {
      folds,
      procedures: { "dynflow.plans.delayed": () => delayed(readiness) },
    });
    await waitFor(() => expect(document.querySelector(".verdict")?.textContent).toMatch(text));
  });

  it("whose row is gone offers nothing that the console would refuse", async () => {
    renderInConsole(<DelayedView source="foreman" plan={plan({ state: "scheduled" })} />, {
      folds,
      procedures: { "dynflow.plans.delayed": () => delayed({ kind: "never" }) },
    });
    expect(await screen.findByText(/can neither be started nor cancelled\. Halt stops it/)).toBeTruthy();
  });
});

describe("dependencies", () => {
  const of = (state: string) => {
    const one = { id: LEAF, label: "Lab::Slow", rootActionClass: null, state: "running", result: "pending" };
    // So many that no picture of them is drawn.
    const far = Array.from({ length: DEPENDENCY_NODES_MAX }, (_each, index) => ({
      ...one,
      id: `00000000-0000-4000-8000-1${String(index).padStart(11, "0")}`,
      side: "waits-for",
      distance: 2,
      standing: "waits",
    }));
    const self = { ...one, id: PLAN_ID, state, side: "self", distance: 0, standing: "waits" };
    renderInConsole(<DependenciesView source="foreman" plan={plan({ state })} />, {
      folds,
      procedures: {
        "dynflow.plans.dependencies": () => ({
          asOf: AS_OF,
          faults: [],
          plans: [self, { ...one, side: "waits-for", distance: 1, standing: "waits" }, ...far],
          edges: [{ waiting: PLAN_ID, prerequisite: LEAF, circle: false }],
          cut: false,
          failedStops: state === "scheduled" ? true : null,
        }),
      },
    });
  };

  it("hold up a plan that is scheduled", async () => {
    of("scheduled");
    expect(await screen.findByText(/It cannot start before one of them has stopped/)).toBeTruthy();
  });

  it("do not hold up one that runs: it was started all the same", async () => {
    of("running");
    expect(await screen.findByText(/they do not hold it up\. 1 of them has not stopped/)).toBeTruthy();
    expect(screen.queryByText(/cannot start/)).toBeNull();
  });
});

describe("the picture of dependencies", () => {
  const hostile = `A["x"] --> B; click A "javascript:alert(5)"`;
  const one = (id: string, side: "self" | "waits-for", standing: "waits" | "satisfied") => ({
    id,
    label: hostile,
    rootActionClass: null,
    state: "stopped",
    result: "success",
    side,
    distance: side === "self" ? 0 : 1,
    standing,
  });
  const graph = {
    plans: [one("a", "self", "waits"), one("b", "waits-for", "satisfied")],
    edges: [{ waiting: "a", prerequisite: "b", circle: false }],
  };

  it("holds nothing of upstream in its source", () => {
    const { source, text, nodes } = dependencyDiagram(graph);
    expect(source).toMatch(/^flowchart LR\n {2}n0\["x+"\]\n {2}n1\["x+"\]\n {2}n1 e0@--> n0\n$/);
    expect(text).not.toMatch(/--> B|"x"|javascript:/);
    expect(nodes[0]?.label).toContain("x");
  });

  it("marks where one is and what is over", () => {
    expect(dependencyMarks(graph)).toEqual({ now: ["a"], passed: ["b"], live: ["b a"], notes: {} });
  });
});
