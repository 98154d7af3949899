import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { routes } from "#components/ui/routes.ts";
import type { PlanFold } from "#server/contract/fold/dynflow.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { facets, failureText, matches, needsFirst, press } from "./plan-lines.ts";
import {
  ALL_STATES,
  ANY_PLAN,
  conditionsOf,
  isLive,
  isSearch,
  type PlansQuery,
  parseLabel,
  parsePlanId,
  parseQuery,
  parseTyped,
  SORTS,
  toFilter,
  toPlace,
  UNFINISHED,
  WITHIN_HOURS,
  type Within,
} from "./plans-query.ts";

const PLAN = "7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80";
const query = (search = "") => parseQuery(new URLSearchParams(search));
const back = (it: PlansQuery) => parseQuery(new URLSearchParams(routes.plans(toPlace(it)).split("?")[1] ?? ""));

const words = fc.stringMatching(/^[a-z]{1,8}$/);
const instants = fc
  .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const labels = fc.option(fc.string({ minLength: 1, maxLength: 30 }).map(parseLabel));
const needles = fc.option(
  fc
    .string({ minLength: 2, maxLength: 30 })
    .map((text) => text.trim())
    .filter((text) => text.length >= 2),
);
const withins = fc.option(fc.constantFrom(...(Object.keys(WITHIN_HOURS) as Within[])));
const positions = fc.option(
  fc.oneof(
    fc.record({
      cursor: fc.string({ minLength: 1 }).filter((text) => !/[\n\r]/.test(text)),
      direction: fc.constantFrom("next" as const, "previous" as const),
    }),
    fc.record({ offset: fc.nat({ max: 999_999_999 }) }),
    fc.constant({ last: true } as const),
  ),
);
const queries: fc.Arbitrary<PlansQuery> = fc
  .record({
    source: fc.option(fc.string({ minLength: 1 })),
    states: fc.uniqueArray(fc.oneof(fc.constantFrom(...ALL_STATES), words), { maxLength: 7 }),
    results: fc.uniqueArray(words, { maxLength: 4 }),
    text: needles,
    label: labels,
    rootClass: labels,
    caller: fc.option(fc.uuid()),
    topLevel: fc.boolean(),
    heldBy: needles,
    delayed: fc.option(fc.boolean()),
    lasting: fc.option(fc.constantFrom("1m" as const, "1h" as const, "7d" as const)),
    ended: withins,
    within: withins,
    from: fc.option(instants),
    to: fc.option(instants),
    error: needles,
    input: needles,
    action: needles,
    ran: needles,
    sort: fc.constantFrom(...SORTS),
    descending: fc.boolean(),
    position: positions,
    row: fc.option(fc.nat({ max: 999_999_999 })),
    columns: fc.option(fc.uniqueArray(words, { minLength: 1, maxLength: 4 })),
  })
  .map((made) => ({
    ...made,
    from: made.within === null ? made.from : null,
    to: made.within === null ? made.to : null,
    sort: made.sort === "needs" && !isLive(made) ? "startedAt" : made.sort,
  }));

describe("the list in the address", () => {
  it("comes back as it was, whatever was filtered and sorted", () => {
    fc.assert(
      fc.property(queries, (it) => {
        expect(back(it)).toEqual(it);
      }),
    );
  });

  it("survives any address", () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (text) => {
        expect(back(query(text))).toEqual(query(text));
      }),
    );
  });

  it("shows what is unfinished, what needs a person first, when nothing is said", () => {
    expect(query()).toMatchObject({ states: UNFINISHED, sort: "needs", position: null });
    expect(routes.plans(toPlace(query()))).toBe("/plans");
  });

  it("sorts by start, the newest first, as soon as finished plans are among them", () => {
    expect(query("state=stopped")).toMatchObject({ sort: "startedAt", descending: true });
    expect(query("state=all&sort=needs")).toMatchObject({ sort: "startedAt", states: [] });
  });

  it("reads a star as a prefix and everything else as the whole label", () => {
    expect(parseLabel("Actions::*")).toEqual({ kind: "prefix", text: "Actions::" });
    expect(parseLabel(" Actions::Sync ")).toEqual({ kind: "exact", text: "Actions::Sync" });
    expect(parseLabel("*Sync*")).toEqual({ kind: "contains", text: "Sync" });
    expect(parseLabel("*")).toBeNull();
  });

  it("takes what somebody types for a part of label, class or id, unless a star says otherwise", () => {
    expect(parseTyped(" 7be1…1b80 ")).toEqual({ text: "7be1…1b80", label: null });
    expect(parseTyped("Actions::*")).toEqual({ text: null, label: { kind: "prefix", text: "Actions::" } });
    expect(parseTyped("  ")).toEqual({ text: null, label: null });
  });

  it("asks the database as soon as something is asked for that the feed does not tell", () => {
    expect(query("lasting=1h&world=w&q=sync")).toMatchObject({ sort: "needs" });
    for (const part of ["top=yes", "delayed=no", "ended=24h", "action=Sync", `caller=${PLAN}`]) {
      expect(query(part)).toMatchObject({ states: UNFINISHED, sort: "startedAt" });
    }
    expect([isSearch(query("error=no+space")), isSearch(query("top=yes"))]).toEqual([true, false]);
    expect(query("error=x")).toMatchObject({ error: null });
  });

  it("asks the same question for a whole minute", () => {
    const first = toFilter(query("within=1h"), Date.parse("2026-11-22T06:00:10Z"));
    expect(first.startedFrom).toBe("2026-11-22T05:00:00.000Z");
    expect(toFilter(query("within=1h"), Date.parse("2026-11-22T06:00:59Z"))).toEqual(first);
  });

  it("offers each condition to be dropped, and drops only that", () => {
    const it = query("label=A*&within=24h&result=error&state=paused");
    expect(conditionsOf(it).map(({ words: said }) => said)).toEqual([
      "label A*",
      "started within 24 h",
      "result error",
      "state paused",
    ]);
    expect(conditionsOf(it)[1]?.without).toEqual({ ...it, within: null });
  });

  it("knows a pasted plan id", () => {
    expect(parsePlanId(" 7BE1C0DE-41f3-4f0a-9a52-5d0c6c3f1b80\n")).toBe("7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80");
    expect(parsePlanId("7be1c0de")).toBeNull();
  });
});

const plan = (over: Partial<PlanFold>): PlanFold => ({
  label: "Actions::Sync",
  state: "running",
  result: "pending",
  rootActionClass: "Actions::Sync",
  startedAt: "2026-11-22T05:00:00.000000Z",
  endedAt: null,
  steps: {},
  stepCount: 0,
  failure: null,
  stateSince: epochMs(0),
  movedAt: epochMs(0),
  unlockedSince: null,
  ...over,
});
const failure = {
  stepId: 17,
  actionClass: "A::B",
  exceptionClass: "Katello::Errors::Pulp3Error",
  message: "no space\nleft",
};
const noFilter = toFilter(ANY_PLAN, 0);

describe("needsFirst", () => {
  const source = (plans: Record<string, PlanFold>) => ({
    id: "foreman",
    fold: { ...EMPTY_DYNFLOW, plans },
    sample: undefined,
  });

  it("puts plans paused on an error before everything else, the longest waiting first", () => {
    const lines = needsFirst(
      [
        source({
          scheduled: plan({ state: "scheduled" }),
          running: plan({}),
          young: plan({ state: "paused", result: "error", failure, startedAt: "2026-11-22T05:30:00Z" }),
          skipped: plan({ state: "paused", result: "warning", steps: { "4": "skipping" } }),
          old: plan({ state: "paused", result: "error", failure, startedAt: "2026-11-22T04:00:00Z" }),
          odd: plan({ state: "hibernating" }),
        }),
      ],
      noFilter,
    );
    expect(lines.map(({ id }) => id)).toEqual(["odd", "old", "young", "skipped", "running", "scheduled"]);
    expect(lines[3]?.note).toBe("1 skipping: waits for a resume");
  });

  it("says how the steps of a running plan stand", () => {
    const [line] = needsFirst(
      [source({ a: plan({ steps: { "1": "success", "3": "suspended", "4": "suspended" } }) })],
      noFilter,
    );
    expect(line?.note).toBe("2 suspended; no executor holds its lock");
  });
});

describe("matches", () => {
  const NOW_MS = Date.parse("2026-11-22T06:00:00Z");
  const lock = {
    class: "Dynflow::Coordinator::ExecutionLock",
    id: `execution-plan:${PLAN}`,
    ownerId: "world:w",
    planId: PLAN,
    worldId: "w",
    clientWorldId: null,
    requestId: null,
    unreadable: null,
    seenSince: epochMs(0),
  };
  const fold = { ...EMPTY_DYNFLOW, locks: { it: lock } };
  const found = (it: PlanFold, search: string) => matches(PLAN, it, toFilter(query(search), NOW_MS), fold, NOW_MS);

  it("finds by state, result, label and start as the database would", () => {
    const it = plan({ state: "paused", result: "error" });
    expect(found(it, "state=paused,running&result=error&label=Actions::*&within=24h")).toBe(true);
    expect(found(it, "state=running")).toBe(false);
    expect(found(it, "label=Actions")).toBe(false);
    expect(found(it, "within=1h")).toBe(true);
    expect(found(it, "to=2026-11-22T05:00:00Z")).toBe(false);
    expect(found(plan({ label: null }), "label=A*")).toBe(false);
    expect(found(plan({ startedAt: null }), "within=1h")).toBe(false);
  });

  it("finds text anywhere, classes, holders and durations as the database would", () => {
    const scheduled = plan({ state: "scheduled", label: null, rootActionClass: "Lab::Later", startedAt: null });
    for (const search of ["q=later", "q=7be1", "q=7BE1…1b80", "q=1b80", "class=Lab::*", "world=w"]) {
      expect([search, found(scheduled, search)]).toEqual([search, true]);
    }
    for (const search of ["q=sooner", "q=7be1…ffff", "class=Later", "world=x", "lasting=1m", "ended=24h"]) {
      expect([search, found(scheduled, search)]).toEqual([search, false]);
    }
    expect([found(plan({}), "lasting=1h"), found(plan({}), "lasting=6h")]).toEqual([true, false]);
  });
});

describe("chips", () => {
  const counts = [
    { state: "paused", result: "error", count: 5 },
    { state: "paused", result: "warning", count: 1 },
    { state: "stopped", result: "success", count: 9 },
    { state: "stopped", result: "error", count: 2 },
  ];

  it("count states within the chosen results, and results within the chosen states", () => {
    const { byState, byResult } = facets(counts, ["paused"], ["error"]);
    expect([...byState]).toEqual([
      ["paused", 5],
      ["stopped", 2],
    ]);
    expect([...byResult]).toEqual([
      ["error", 5],
      ["warning", 1],
    ]);
  });

  it("stand alone when pressed, give everything back when pressed again, and join with Shift", () => {
    expect(press(UNFINISHED, "paused", false, UNFINISHED)).toEqual(["paused"]);
    expect(press(["paused"], "paused", false, UNFINISHED)).toEqual(UNFINISHED);
    expect(press(["paused"], "stopped", true, UNFINISHED)).toEqual(["paused", "stopped"]);
    expect(press(["paused", "stopped"], "paused", true, UNFINISHED)).toEqual(["stopped"]);
  });
});

describe("failureText", () => {
  it("is one line, and hides what is hidden", () => {
    expect(failureText(failure)).toBe("Pulp3Error: no space");
    expect(failureText({ ...failure, message: { masked: true } })).toBe("Pulp3Error, message hidden from viewers");
  });
});
