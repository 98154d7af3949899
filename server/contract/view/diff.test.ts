import { describe, expect, it } from "vitest";
import { type DnaFold, EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW, type LockFold, type PlanFold } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { diffPlan } from "./diff-plan.ts";
import { diffTopology } from "./diff-topology.ts";

const node = (name: string, over: Partial<NodeFold> = {}): NodeFold => ({
  cluster: "prod",
  node: name,
  createdAt: epochMs(1),
  nodeId: "1",
  state: "alive",
  since: epochMs(1),
  silentMsThen: 0,
  evidence: "",
  flags: {},
  firstSeenAt: epochMs(1),
  ...over,
});
const dna = (nodes: Readonly<Record<string, NodeFold>>, state: "up" | "down" = "up"): DnaFold => ({
  ...EMPTY_DNA,
  nodes,
  source: { state, since: epochMs(1), reason: null },
});

describe("the difference of two topologies", () => {
  it("is empty between an instant and itself, whatever else moved on", () => {
    const folds = { "dna:a": dna({ "1:1": node("n@1") }) };
    const later = { "dna:a": dna({ "1:1": node("n@1", { since: epochMs(9), evidence: "other words" }) }) };
    expect(diffTopology(folds, folds)).toEqual({ nodes: [], sources: [], notComparable: [] });
    expect(diffTopology(folds, later).nodes).toEqual([]);
  });

  it("tells what came, what is gone, and what has another state or flag, in the order of the map", () => {
    const earlier = { "dna:a": dna({ "1:1": node("n@2"), "2:1": node("n@10"), "3:1": node("n@1") }) };
    const later = {
      "dna:a": dna({
        "1:1": node("n@2", { state: "silent", flags: { superseded: "by 9:9" } }),
        "3:1": node("n@1"),
        "9:9": node("n@2", { state: "observing" }),
      }),
    };
    expect(
      diffTopology(earlier, later).nodes.map(({ incarnation, change, fields }) => [
        incarnation,
        change,
        ...fields.map(({ what, from, to }) => `${what} ${from} ${to}`),
      ]),
    ).toEqual([
      ["1:1", "changed", "state alive silent", "superseded null set"],
      ["9:9", "came", "state null observing"],
      ["2:1", "gone", "state alive null"],
    ]);
  });

  it("is the other way round when the instants are", () => {
    const [a, b] = [
      { "dna:a": dna({ "1:1": node("n@1") }) },
      { "dna:a": dna({ "1:1": node("n@1", { state: "late" }) }) },
    ];
    expect(diffTopology(b, a).nodes[0]?.fields).toEqual([{ what: "state", from: "late", to: "alive" }]);
  });

  it("does not take a source that one instant does not know for one without nodes", () => {
    const known = { "dna:a": dna({ "1:1": node("n@1") }), "dynflow:f": EMPTY_DYNFLOW };
    expect(diffTopology({}, known)).toEqual({ nodes: [], sources: [], notComparable: ["a"] });
    expect(diffTopology(known, {}).notComparable).toEqual(["a"]);
  });

  it("tells a source that went away", () => {
    const diff = diffTopology({ "dna:a": dna({}) }, { "dna:a": dna({}, "down") });
    expect(diff.sources).toEqual([{ source: "a", change: { what: "source", from: "up", to: "down" } }]);
  });

  it("finds nothing inherited under hostile ids", () => {
    const folds = { "dna:a": dna({ constructor: node("n@1") }) };
    expect(diffTopology({ "dna:a": dna({}) }, folds).nodes.map(({ change }) => change)).toEqual(["came"]);
  });
});

const plan = (over: Partial<PlanFold> = {}): PlanFold => ({
  label: null,
  state: "running",
  result: "pending",
  rootActionClass: null,
  startedAt: null,
  endedAt: null,
  steps: { 1: "success", 2: "running" },
  stepCount: 2,
  failure: null,
  stateSince: epochMs(1),
  movedAt: epochMs(1),
  unlockedSince: null,
  ...over,
});
const lock = (over: Partial<LockFold> = {}): LockFold => ({
  class: "Dynflow::Coordinator::ExecutionLock",
  id: "p",
  ownerId: null,
  planId: "p",
  worldId: "w1",
  clientWorldId: null,
  requestId: null,
  unreadable: null,
  seenSince: epochMs(1),
  ...over,
});
const dynflow = (own: PlanFold | null, locks: Readonly<Record<string, LockFold>> = {}) => ({
  ...EMPTY_DYNFLOW,
  plans: own === null ? {} : { p: own },
  locks,
});

describe("the difference of a plan", () => {
  it("is of state, result, failed step, steps and locks", () => {
    const failure = { stepId: 2, actionClass: "A", exceptionClass: "E", message: "m" };
    const later = plan({
      state: "paused",
      result: "error",
      steps: { 1: "success", 2: "error", 3: "pending" },
      failure,
    });
    const diff = diffPlan(dynflow(plan(), { l: lock() }), dynflow(later, { m: lock({ worldId: "w2" }) }), "p");
    expect(diff.fields.map(({ what, from, to }) => `${what} ${from} ${to}`)).toEqual([
      "state running paused",
      "result pending error",
      "failed null step 2",
    ]);
    expect(diff.steps).toEqual([
      { stepId: 2, from: "running", to: "error" },
      { stepId: 3, from: null, to: "pending" },
    ]);
    expect(diff.locks).toEqual([{ lock: "ExecutionLock", change: "acquired", worldId: "w2" }]);
    expect(diffPlan(dynflow(plan(), { l: lock() }), dynflow(plan()), "p").locks).toEqual([
      { lock: "ExecutionLock", change: "released", worldId: "w1" },
    ]);
  });

  it("says at which instant it was not among the unfinished plans", () => {
    expect(diffPlan(dynflow(null), dynflow(plan()), "p")).toMatchObject({
      known: { earlier: false, later: true },
      steps: [],
    });
    expect(diffPlan(null, null, "p")).toEqual({
      known: { earlier: false, later: false },
      fields: [],
      steps: [],
      locks: [],
    });
  });

  it("does not take steps that are not kept for steps that are the same", () => {
    expect(diffPlan(dynflow(plan()), dynflow(plan({ steps: null })), "p").steps).toBeNull();
  });
});
