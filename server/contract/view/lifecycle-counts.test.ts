import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MACHINES } from "#server/contract/diagram/machines.ts";
import { EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW, type LockFold, type PlanFold, type WorldFold } from "#server/contract/fold/dynflow.ts";
import { EMPTY_CONSOLE, type Folds } from "#server/contract/fold/fold.ts";
import { EMPTY_HAF } from "#server/contract/fold/haf.ts";
import { EMPTY_INGEST } from "#server/contract/fold/ingest.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { Samples } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { lifecycleCounts, type StateCount } from "./lifecycle-counts.ts";

const AT = epochMs(1_795_300_000_000);
const plan = (state: string, steps: PlanFold["steps"] = null): PlanFold => ({
  ...{ label: null, state, result: "pending", rootActionClass: null, startedAt: null, endedAt: null },
  ...{ steps, stepCount: 0, failure: null, stateSince: AT, movedAt: AT, unlockedSince: null },
});
const world = (change: Partial<WorldFold> = {}): WorldFold => ({
  ...{ class: "W", executor: true, active: true, hostname: "h", pid: 1, queues: {}, lastSeenText: null },
  ...{ unreadable: null, seenSince: AT, ping: null, ...change },
});
const lock = (name: string, worldId: string | null, id = "x"): LockFold => ({
  ...{ class: `Dynflow::Coordinator::${name}`, id, ownerId: null, planId: null, worldId, clientWorldId: null },
  ...{ requestId: null, unreadable: null, seenSince: AT },
});
const node = (state: NodeFold["state"]): NodeFold => ({
  ...{ cluster: "c", node: "n@h", createdAt: AT, nodeId: "1", state, since: AT, silentMsThen: 0 },
  ...{ evidence: "e", flags: {}, firstSeenAt: AT },
});

const FOLDS: Folds = {
  "dynflow:a": {
    ...EMPTY_DYNFLOW,
    plans: {
      p1: plan("running", { 1: "success", 2: "running", 3: "suspended" }),
      p2: plan("paused", { 1: "error" }),
      p3: plan("paused"),
    },
    worlds: { w1: world(), w2: world({ active: false }), w3: world() },
    locks: {
      l1: lock("ExecutionLock", "w1"),
      l2: lock("PlanningLock", "away"),
      l3: lock("WorldInvalidationLock", "w1", "world-invalidation:w3"),
    },
  },
  "dna:b": { ...EMPTY_DNA, nodes: { i1: node("alive"), i2: node("alive"), i3: node("silent") } },
  "haf:c": { ...EMPTY_HAF, phases: ["app_sync", "api_serving"] },
  "ingest:agents": EMPTY_INGEST,
  operator: EMPTY_OPERATOR,
  console: {
    ...EMPTY_CONSOLE,
    readers: { "dna:b/nodes": { state: "parked", failures: 50, reason: null, since: AT } },
  },
};
const SAMPLES: Samples = {
  "dna:b": {
    asOf: AT,
    readMs: 1,
    beam: {
      i1: { asOf: AT, running: 7, refreshMs: 100 },
      i2: { asOf: AT, running: null, refreshMs: 6_000 },
      i3: { asOf: AT, running: 2, refreshMs: 60_000 },
    },
  },
};

function countsOf(
  kind: string,
  folds: Folds = FOLDS,
  samples: Samples = SAMPLES,
): Readonly<Record<string, StateCount>> {
  const machine = MACHINES.find((each) => each.kind === kind);
  return machine === undefined ? {} : lifecycleCounts(machine, folds, samples);
}
const numbers = (kind: string) =>
  Object.fromEntries(
    Object.entries(countsOf(kind)).flatMap(([state, count]) =>
      count.kind === "counted" ? [[state, count.count]] : [],
    ),
  );

describe("what is in each state now", () => {
  it("counts unfinished plans, and says why not the finished ones", () => {
    expect(numbers("plan")).toMatchObject({ running: 1, paused: 2, planning: 0 });
    expect(countsOf("plan").stopped).toMatchObject({ kind: "not-counted" });
  });

  it("counts a step where its state tells the phase, and else says what it cannot tell", () => {
    expect(countsOf("step-run").suspended).toEqual({ kind: "counted", count: 1 });
    expect(countsOf("step-run").running).toMatchObject({ kind: "among", count: 1 });
    expect(countsOf("step-plan").running).toMatchObject({ kind: "among", count: 1 });
    expect(countsOf("step-run").pending).toEqual({ kind: "counted", count: 0 });
  });

  it("counts worlds and locks in the words of their lists", () => {
    expect(numbers("world")).toMatchObject({ active: 1, terminating: 1, invalidating: 1 });
    expect(numbers("lock")).toMatchObject({ held: 2, orphaned: 1, planning: 0 });
  });

  it("counts incarnations, stacks in every phase they are in, and parts that failed", () => {
    expect(numbers("incarnation")).toMatchObject({ alive: 2, silent: 1 });
    expect(numbers("haf")).toMatchObject({ app_sync: 1, api_serving: 1, replay: 0 });
    expect(numbers("reader")).toEqual({ parked: 1, restarting: 0 });
  });

  it("takes workers by their own word, of living nodes alone", () => {
    expect(countsOf("worker").waiting).toEqual({ kind: "counted", count: 1 });
    expect(countsOf("worker").beating).toMatchObject({ kind: "among", count: 1 });
    expect(countsOf("worker").stale).toEqual({ kind: "counted", count: 0 });
  });

  it("counts running actors only as far as nodes told them, and no others", () => {
    expect(countsOf("actor").running).toMatchObject({ kind: "among", count: 9 });
    expect(countsOf("actor").owned).toMatchObject({ kind: "not-counted" });
    expect(countsOf("actor", FOLDS, {}).running).toMatchObject({ kind: "not-counted" });
  });
});

it("has an entry for each state of every machine, whatever is known, and each unknown with its reason", () => {
  const some = fc.subarray(Object.keys(FOLDS)).map(
    (keys): Folds =>
      Object.fromEntries(
        keys.flatMap((key) => {
          const fold = FOLDS[key];
          return fold === undefined ? [] : [[key, fold]];
        }),
      ),
  );
  fc.assert(
    fc.property(some, fc.constantFrom(SAMPLES, {}), fc.constantFrom(...MACHINES), (folds, samples, machine) => {
      const counts = lifecycleCounts(machine, folds, samples);
      expect(Object.keys(counts).toSorted()).toEqual([...machine.states].toSorted());
      for (const count of Object.values(counts)) {
        if (count.kind !== "not-counted") expect(Number.isSafeInteger(count.count)).toBe(true);
        if (count.kind !== "counted") expect(count.why.length).toBeGreaterThan(10);
      }
    }),
  );
});
