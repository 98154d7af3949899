import fc from "fast-check";
import { expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { anyHistory } from "./fold/events.contract.ts";
import { type Folds, reduceFolds } from "./fold/fold.ts";
import { seesEvent, visibleFolds, visibleSamples } from "./visibility.ts";

const RUNS = { numRuns: 500 };
const HIDDEN = "dynflow:other";
const visible = new Set(["dna:eu-1", "dynflow:foreman", "operator", "console"]);
const fold = (events: readonly JournalEvent[]): Folds => events.reduce(reduceFolds, {});

it("shows nothing of a hidden stream, nor of what operators did to it", () => {
  fc.assert(
    fc.property(anyHistory(), (events) => {
      const seen = events.filter((event) => seesEvent(visible, event));
      expect(seen.some((event) => event.stream === HIDDEN)).toBe(false);
      const dropped = seen.flatMap(({ kind, body }) => (kind === "console.retention_applied" ? body.streams : []));
      expect(dropped).not.toContain(HIDDEN);
      const folds = visibleFolds(visible, fold(events));
      expect(Object.keys(folds)).not.toContain(HIDDEN);
      const { operator } = folds;
      if (operator?.family !== "operator") return;
      expect(operator.operations.filter(({ stream }) => stream === HIDDEN)).toEqual([]);
      expect(Object.values(operator.jobs).filter(({ stream }) => stream === HIDDEN)).toEqual([]);
    }),
    RUNS,
  );
});

it("shows everything to whoever is not limited", () => {
  fc.assert(
    fc.property(anyHistory(), (events) => {
      const folds = fold(events);
      expect(visibleFolds("all", folds)).toBe(folds);
      expect(events.every((event) => seesEvent("all", event))).toBe(true);
    }),
  );
});

it("tells the progress of visible jobs only", () => {
  const progress = {
    counts: { total: 1, applied: 0, moved: 0, failed: 0, unknown: 0 },
    walked: 1,
    walkedAll: false,
    perSecond: 1,
    estimatedEndAt: null,
  };
  const job = {
    kind: "dna.failover",
    title: "",
    target: "",
    state: "running",
    note: null,
    counts: progress.counts,
    createdAt: 1,
    requestedBy: "",
    requestId: "",
    since: 1,
  };
  const folds = {
    operator: {
      family: "operator",
      operations: [],
      jobs: { a: { ...job, stream: "dna:eu-1" }, b: { ...job, stream: HIDDEN } },
      approvals: {},
      drains: {},
      silences: { everywhere: { stream: null }, here: { stream: "dna:eu-1" }, there: { stream: HIDDEN } },
      readOnly: null,
      acknowledgements: { f: { stream: "dna:eu-1" }, g: { stream: HIDDEN } },
    },
  } as unknown as Folds;
  const samples = {
    operator: { asOf: 1, readMs: 0, jobs: { a: progress, b: progress } },
    [HIDDEN]: { asOf: 1, readMs: 0 },
  };
  const left = visibleFolds(visible, folds).operator;
  expect(left?.family === "operator" && Object.keys(left.acknowledgements)).toEqual(["f"]);
  expect(left?.family === "operator" && Object.keys(left.silences)).toEqual(["everywhere", "here"]);
  const seen = visibleSamples(visible, samples as never, visibleFolds(visible, folds));
  expect(Object.keys(seen)).toEqual(["operator"]);
  expect(Object.keys(seen.operator?.jobs ?? {})).toEqual(["a"]);
});
