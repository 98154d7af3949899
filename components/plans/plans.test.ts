import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { routes } from "#components/ui/routes.ts";
import type { PlanFold } from "#server/contract/fold/dynflow.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { facets, failureText, matches, needsFirst, press } from "./plan-lines.ts";
import {
  ALL_STATES,
  conditionsOf,
  isUnfinished,
  type PlansQuery,
  parseLabel,
  parsePlanId,
  parseQuery,
  SORTS,
  toFilter,
  toPlace,
  UNFINISHED,
  WITHIN_HOURS,
  type Within,
} from "./plans-query.ts";

const query = (search = "") => parseQuery(new URLSearchParams(search));
const back = (it: PlansQuery) => parseQuery(new URLSearchParams(routes.plans(toPlace(it)).split("?")[1] ?? ""));

const words = fc.stringMatching(/^[a-z]{1,8}$/);
const instants = fc
  .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const queries: fc.Arbitrary<PlansQuery> = fc
  .record({
    source: fc.option(fc.string({ minLength: 1 })),
    states: fc.uniqueArray(fc.oneof(fc.constantFrom(...ALL_STATES), words), { maxLength: 7 }),
    results: fc.uniqueArray(words, { maxLength: 4 }),
    label: fc.option(fc.string({ minLength: 1, maxLength: 30 }).map(parseLabel)),
    within: fc.option(fc.constantFrom(...(Object.keys(WITHIN_HOURS) as Within[]))),
    from: fc.option(instants),
    to: fc.option(instants),
    sort: fc.constantFrom(...SORTS),
    descending: fc.boolean(),
    position: fc.option(
      fc.record({
        cursor: fc.string({ minLength: 1 }).filter((text) => !/[\n\r]/.test(text)),
        direction: fc.constantFrom("next" as const, "previous" as const),
      }),
    ),
  })
  .map((made) => ({
    ...made,
    from: made.within === null ? made.from : null,
    to: made.within === null ? made.to : null,
    sort: made.sort === "needs" && !isUnfinished(made.states) ? "startedAt" : made.sort,
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
    expect(parseLabel("*")).toBeNull();
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
const noFilter = toFilter({ states: [], results: [], label: null, within: null, from: null, to: null }, 0);

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
  it("finds by state, result, label and start as the database would", () => {
    const it = plan({ state: "paused", result: "error" });
    const filter = (search: string) => toFilter(query(search), Date.parse("2026-11-22T06:00:00Z"));
    expect(matches(it, filter("state=paused,running&result=error&label=Actions::*&within=24h"))).toBe(true);
    expect(matches(it, filter("state=running"))).toBe(false);
    expect(matches(it, filter("label=Actions"))).toBe(false);
    expect(matches(it, filter("within=1h"))).toBe(true);
    expect(matches(it, filter("to=2026-11-22T05:00:00Z"))).toBe(false);
    expect(matches(plan({ label: null }), filter("label=A*"))).toBe(false);
    expect(matches(plan({ startedAt: null }), filter("within=1h"))).toBe(false);
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
