/** The rows of a timeline: a step each, or lanes of a queue or of a world. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import { isOver, shortClass } from "./step-words.ts";
import type { HistoryOutput, StepView } from "./types.ts";

export const TIMELINE_MODES = ["step", "queue", "world"] as const;
export type TimelineMode = (typeof TIMELINE_MODES)[number];

export interface TimelineSpan {
  /** `PLAN_PHASE` = all steps of planning. */
  readonly stepId: number;
  readonly step: StepView | null;
  /** Since when it could have run: what it follows was over. `null` = not known, or it did not wait. */
  readonly waitFromMs: number | null;
  /** `null` = it has not begun: it waits. */
  readonly startMs: number | null;
  /** `null` = it has not ended. */
  readonly endMs: number | null;
  /** Set when this is no step but a plan that one planned. */
  readonly subPlan?: SubPlan;
}

/** A plan that a step of this one planned, as the list of sub-plans tells of it. */
export interface SubPlan {
  readonly id: string;
  readonly label: string | null;
  readonly rootActionClass: string | null;
  readonly state: string | null;
  readonly result: string | null;
  readonly callerActionId: number | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly failing: boolean;
}

export interface TimelineRow {
  /** Heads name a group and have no bars. */
  readonly kind: "head" | "step" | "lane" | "sub-plan";
  readonly label: string;
  readonly spans: readonly TimelineSpan[];
}

/** All steps of planning stand on one line of their own. */
export const PLAN_PHASE = -1;
/** No step either. */
const SUB_PLAN = -2;
/** Waits of steps that have not begun are shown for so many: the others wait for these. */
const WAITING_MAX = 200;

export interface TimelineInput {
  readonly steps: readonly StepView[];
  readonly flows: readonly FlowTree[];
  readonly history: HistoryOutput | undefined;
  readonly mode: TimelineMode;
  /** Shown under the steps that planned them. */
  readonly subPlans?: readonly SubPlan[];
  /** How a world is called. */
  readonly worldName: (worldId: string) => string;
}

export function timelineRows(input: TimelineInput): readonly TimelineRow[] {
  const { steps, mode } = input;
  const spans = spansOf(input);
  const planning = planningSpan(steps);
  if (mode === "step") {
    const rows = spans.map(
      (span): TimelineRow => ({ kind: "step", label: shortClass(span.step?.actionClass ?? ""), spans: [span] }),
    );
    const all: readonly TimelineRow[] =
      planning === null ? rows : [{ kind: "step", label: "planning", spans: [planning] }, ...rows];
    return withSubPlans(all, input.subPlans ?? []);
  }
  const nameOf = mode === "queue" ? queueOf : worldsOf(input);
  const groups = Map.groupBy(
    spans.filter((span) => span.startMs !== null),
    nameOf,
  );
  const named = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return named.flatMap(([name, own]) => {
    const lanes = lanesOf(own);
    return [
      { kind: "head" as const, label: name, spans: [] },
      ...lanes.map((lane, at) => ({ kind: "lane" as const, label: String(at + 1), spans: lane })),
    ];
  });
}

/** Sub-plans under the run step of the action that planned them, by begin; those whose step is not here come last. */
function withSubPlans(rows: readonly TimelineRow[], subPlans: readonly SubPlan[]): readonly TimelineRow[] {
  if (subPlans.length === 0) return rows;
  const byAction = Map.groupBy(subPlans, (plan) => plan.callerActionId);
  const all: TimelineRow[] = [];
  for (const row of rows) {
    all.push(row);
    const step = row.spans[0]?.step;
    if (step?.phase !== "run") continue;
    for (const plan of byAction.get(step.actionId) ?? []) all.push(subPlanRow(plan));
    byAction.delete(step.actionId);
  }
  for (const rest of byAction.values()) for (const plan of rest) all.push(subPlanRow(plan));
  return all;
}

function subPlanRow(subPlan: SubPlan): TimelineRow {
  const { label, rootActionClass, startedAt, endedAt, state } = subPlan;
  const startMs = parseInstant(startedAt);
  const span: TimelineSpan = {
    stepId: SUB_PLAN,
    step: null,
    waitFromMs: null,
    startMs,
    endMs: parseInstant(endedAt) ?? (state === "stopped" ? startMs : null),
    subPlan,
  };
  return { kind: "sub-plan", label: shortClass(label ?? rootActionClass ?? "not planned yet"), spans: [span] };
}

/** In order of begin; those that wait last. */
function spansOf({ steps, flows, history }: TimelineInput): readonly TimelineSpan[] {
  const ready = readyTimes(flows, steps, executionBegan(history));
  const begun: TimelineSpan[] = [];
  const waiting: TimelineSpan[] = [];
  for (const step of steps) {
    if (step.phase === "plan") continue;
    const startMs = parseInstant(step.startedAt);
    const readyMs = ready.get(step.id) ?? null;
    if (startMs === null) {
      const waits = readyMs !== null && step.state === "pending" && waiting.length < WAITING_MAX;
      if (waits) waiting.push({ stepId: step.id, step, waitFromMs: readyMs, startMs: null, endMs: null });
      continue;
    }
    const runs = step.state === "running" || step.state === "suspended";
    const endMs = runs ? null : (parseInstant(step.endedAt) ?? startMs);
    const waitFromMs = readyMs !== null && readyMs < startMs ? readyMs : null;
    begun.push({ stepId: step.id, step, waitFromMs, startMs, endMs });
  }
  begun.sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0) || a.stepId - b.stepId);
  return [...begun, ...waiting];
}

function planningSpan(steps: readonly StepView[]): TimelineSpan | null {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs: number | null = Number.NEGATIVE_INFINITY;
  for (const step of steps) {
    const began = step.phase === "plan" ? parseInstant(step.startedAt) : null;
    if (began === null) continue;
    startMs = Math.min(startMs, began);
    const ended = step.state === "running" ? null : (parseInstant(step.endedAt) ?? began);
    endMs = endMs === null || ended === null ? null : Math.max(endMs, ended);
  }
  return startMs === Number.POSITIVE_INFINITY
    ? null
    : { stepId: PLAN_PHASE, step: null, waitFromMs: null, startMs, endMs };
}

/** When execution began first, in whole seconds. */
function executionBegan(history: HistoryOutput | undefined): number | null {
  const first = history?.entries.find(({ name }) => name === "start execution");
  return first === undefined ? null : parseInstant(first.at);
}

interface Waiting {
  readonly flow: Exclude<FlowTree, { kind: "step" }>;
  readonly readyMs: number | null;
  next: number;
  /** Sequence: when the part before was over. Concurrence: when the last of all was. `null` = it is not. */
  atMs: number | null;
}

/**
 * Since when each step could have run: in a sequence since what is before it was over. Not known where that did not end,
 * and for the first when nobody wrote down when execution began. Iterative.
 */
export function readyTimes(
  flows: readonly FlowTree[],
  steps: readonly StepView[],
  beganMs: number | null,
): ReadonlyMap<number, number> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const ready = new Map<number, number>();
  const root: FlowTree = { kind: "sequence", flows };
  const stack: Waiting[] = [{ flow: root, readyMs: beganMs, next: 0, atMs: beganMs }];
  const done = (endMs: number | null): void => {
    const above = stack.at(-1);
    if (above === undefined) return;
    if (above.flow.kind === "sequence") above.atMs = endMs;
    else above.atMs = above.atMs === null || endMs === null ? null : Math.max(above.atMs, endMs);
  };
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const part = top.flow.flows[top.next];
    top.next += 1;
    if (part === undefined) {
      stack.pop();
      done(top.atMs);
      continue;
    }
    const readyMs = top.flow.kind === "sequence" ? top.atMs : top.readyMs;
    if (part.kind === "step") {
      if (readyMs !== null) ready.set(part.stepId, readyMs);
      const step = byId.get(part.stepId);
      done(isOver(step) ? parseInstant(step?.endedAt ?? null) : null);
    } else stack.push({ flow: part, readyMs, next: 0, atMs: readyMs });
  }
  return ready;
}

const queueOf = ({ step }: TimelineSpan): string => (step?.queue == null ? "no queue" : `queue ${step.queue}`);

interface Tenure {
  readonly worldId: string | null;
  readonly fromMs: number;
  readonly toMs: number;
}

/** History is kept in whole seconds. */
const HISTORY_STEP_MS = 1_000;
const ENDS: ReadonlySet<string> = new Set(["pause execution", "finish execution", "terminate execution"]);

/** Who executed the plan when, from its history: from a start until the next thing that ended it. */
export function tenuresOf(history: HistoryOutput | undefined): readonly Tenure[] {
  const tenures: Tenure[] = [];
  let open: { readonly worldId: string | null; readonly fromMs: number } | null = null;
  const close = (toMs: number): void => {
    if (open !== null) tenures.push({ ...open, toMs });
    open = null;
  };
  for (const { at, name, worldId } of history?.entries ?? []) {
    const atMs = parseInstant(at);
    if (atMs === null) continue;
    if (name === "start execution") {
      close(atMs);
      open = { worldId, fromMs: atMs };
    } else if (ENDS.has(name)) close(atMs + HISTORY_STEP_MS);
  }
  close(Number.POSITIVE_INFINITY);
  return tenures;
}

export const WORLD_NOT_KNOWN = "world not known";

function worldsOf({ history, worldName }: TimelineInput): (span: TimelineSpan) => string {
  const tenures = tenuresOf(history);
  return ({ startMs }) => {
    if (startMs === null) return WORLD_NOT_KNOWN;
    // Seconds may be shared by an end and a begin: the later one is the one that ran it.
    const of = tenures.findLast((tenure) => startMs >= tenure.fromMs && startMs < tenure.toMs);
    return of?.worldId == null ? WORLD_NOT_KNOWN : worldName(of.worldId);
  };
}

interface Lane {
  readonly spans: TimelineSpan[];
  /** When its last bar ends. */
  freeMs: number;
}

/** As few lanes as it takes, so that no two bars of one overlap. Spans come in order of begin. */
export function lanesOf(spans: readonly TimelineSpan[]): readonly (readonly TimelineSpan[])[] {
  const lanes: Lane[] = [];
  // A heap by the time at which they are free: the first is free before all others.
  const heap: Lane[] = [];
  for (const span of spans) {
    const top = heap[0];
    const endMs = span.endMs ?? Number.POSITIVE_INFINITY;
    if (top !== undefined && top.freeMs <= (span.startMs ?? 0)) {
      top.spans.push(span);
      top.freeMs = endMs;
      sink(heap);
    } else {
      const lane = { spans: [span], freeMs: endMs };
      lanes.push(lane);
      heap.push(lane);
      rise(heap);
    }
  }
  return lanes.map((lane) => lane.spans);
}

function swap(heap: Lane[], a: number, b: number): void {
  const [first, second] = [heap[a], heap[b]];
  if (first === undefined || second === undefined) return;
  heap[a] = second;
  heap[b] = first;
}

const freeOf = (heap: readonly Lane[], at: number): number => heap[at]?.freeMs ?? Number.POSITIVE_INFINITY;

function rise(heap: Lane[]): void {
  for (let at = heap.length - 1; at > 0; ) {
    const above = (at - 1) >> 1;
    if (freeOf(heap, above) <= freeOf(heap, at)) return;
    swap(heap, above, at);
    at = above;
  }
}

function sink(heap: Lane[]): void {
  for (let at = 0; ; ) {
    const left = 2 * at + 1;
    const least = freeOf(heap, left + 1) < freeOf(heap, left) ? left + 1 : left;
    if (least >= heap.length || freeOf(heap, least) >= freeOf(heap, at)) return;
    swap(heap, least, at);
    at = least;
  }
}
