/**
 * Two runs of the same kind side by side: which step of one stands for which of the other, how long each took and how
 * long it had waited before. Deterministic: the same two plans give the same pairs in the same order.
 */
import type { Flow, PlanRecord, StepPhase, StepRow, UtcMicros } from "./model.ts";

/** One step of one run. */
export interface RunStep {
  readonly step: StepRow;
  /** Seconds between when nothing before it in its flow was left to do, and its start; `null` = it cannot be told. */
  readonly waitedSec: number | null;
}

export interface StepPair {
  readonly phase: StepPhase | "unknown";
  readonly actionClass: string;
  /** `null` = this run has no such step. */
  readonly left: RunStep | null;
  readonly right: RunStep | null;
  /** How the two were found to belong together; `null` = one is alone. */
  readonly by: "place" | "class" | null;
}

type Plan = Pick<PlanRecord, "stepIds" | "steps" | "runFlow" | "finalizeFlow">;

interface Placed extends RunStep {
  /** Where it is in its flow: indices from the root on. */
  readonly place: string;
}

/**
 * Pairs steps of the same phase and class: first those at the same place of the flow, then what is left in order of the
 * flow. In the order of the left run, what only the right one has after what it follows there.
 */
export function alignRuns(left: Plan, right: Plan): readonly StepPair[] {
  const ours = placed(left);
  const theirs = placed(right);
  const partnerOf = new Map<Placed, { readonly step: Placed; readonly by: "place" | "class" }>();
  const taken = new Set<Placed>();
  const match = (keyOf: (one: Placed) => string, by: "place" | "class") => {
    const free = Map.groupBy(
      theirs.filter((one) => !taken.has(one)),
      keyOf,
    );
    for (const one of ours) {
      if (partnerOf.has(one)) continue;
      const partner = free.get(keyOf(one))?.shift();
      if (partner === undefined) continue;
      partnerOf.set(one, { step: partner, by });
      taken.add(partner);
    }
  };
  match((one) => JSON.stringify([one.step.phase, one.step.actionClass, one.place]), "place");
  match((one) => JSON.stringify([one.step.phase, one.step.actionClass]), "class");

  const pairs: StepPair[] = ours.map((one) => {
    const partner = partnerOf.get(one);
    return pairOf(one, partner?.step ?? null, partner?.by ?? null);
  });
  return withRightOnly(pairs, theirs, taken);
}

const pairOf = (left: Placed | null, right: Placed | null, by: StepPair["by"]): StepPair => {
  const either = left ?? right;
  return {
    phase: either?.step.phase ?? "unknown",
    actionClass: either?.step.actionClass ?? "",
    left: left === null ? null : { step: left.step, waitedSec: left.waitedSec },
    right: right === null ? null : { step: right.step, waitedSec: right.waitedSec },
    by,
  };
};

function withRightOnly(
  pairs: readonly StepPair[],
  theirs: readonly Placed[],
  taken: ReadonlySet<Placed>,
): readonly StepPair[] {
  const after = new Map<number | null, StepPair[]>();
  let before: number | null = null;
  for (const one of theirs) {
    if (taken.has(one)) before = one.step.id;
    else after.set(before, [...(after.get(before) ?? []), pairOf(null, one, null)]);
  }
  return [
    ...(after.get(null) ?? []),
    ...pairs.flatMap((pair) => [pair, ...(pair.right === null ? [] : (after.get(pair.right.step.id) ?? []))]),
  ];
}

/** Planning by id, then the run flow, then the finalize flow; steps in neither last. */
function placed(plan: Plan): readonly Placed[] {
  const byId = new Map(plan.steps.map((step) => [step.id, step]));
  const found: Placed[] = [];
  const seen = new Set<number>();
  const planning = plan.steps.filter((step) => step.phase === "plan");
  for (const [index, step] of planning.entries()) {
    seen.add(step.id);
    found.push({ step, waitedSec: null, place: String(index) });
  }
  let ready = latest(planning.map((step) => secondsOf(step.endedAt)));
  for (const flow of [plan.runFlow, plan.finalizeFlow]) {
    if (!flow.ok) {
      ready = null;
      continue;
    }
    const walked = walk(flow.value, byId, ready);
    for (const one of walked.steps) {
      if (seen.has(one.step.id)) continue;
      seen.add(one.step.id);
      found.push(one);
    }
    ready = walked.endedSec;
  }
  const others = plan.steps.filter((step) => !seen.has(step.id));
  return [...found, ...others.map((step) => ({ step, waitedSec: null, place: "" }))];
}

/** The steps of a flow that may begin at `ready`, and when the last of them ended. */
function walk(
  flow: Flow,
  byId: ReadonlyMap<number, StepRow>,
  ready: number | null,
): { readonly steps: readonly Placed[]; readonly endedSec: number | null } {
  const steps: Placed[] = [];
  const visit = (node: Flow, place: string, from: number | null): number | null => {
    if (node.kind === "step") {
      const step = byId.get(node.stepId);
      if (step === undefined) return null;
      const started = secondsOf(step.startedAt);
      const waited = started === null || from === null ? null : Math.max(0, started - from);
      steps.push({ step, place, waitedSec: waited === null ? null : round(waited) });
      return secondsOf(step.endedAt);
    }
    if (node.kind === "concurrence") {
      const ends = node.flows.map((part, index) => visit(part, `${place}/${index}`, from));
      return ends.length === 0 ? from : latest(ends);
    }
    let end = from;
    for (const [index, part] of node.flows.entries()) end = visit(part, `${place}/${index}`, end);
    return end;
  };
  return { steps, endedSec: visit(flow, "", ready) };
}

/** `null` as soon as one of them is not known. */
function latest(instants: readonly (number | null)[]): number | null {
  let last: number | null = null;
  for (const each of instants) {
    if (each === null) return null;
    last = last === null ? each : Math.max(last, each);
  }
  return last;
}

const MICROS = 1_000_000;
const round = (seconds: number): number => Math.round(seconds * MICROS) / MICROS;

/** Seconds since 1970 with their microseconds. */
function secondsOf(instant: UtcMicros | null): number | null {
  const match = instant === null ? null : /^(.{19})\.(\d{6})Z$/.exec(instant);
  if (match === null) return null;
  const whole = Date.parse(`${match[1]}Z`);
  return Number.isNaN(whole) ? null : whole / 1_000 + Number(match[2]) / MICROS;
}
