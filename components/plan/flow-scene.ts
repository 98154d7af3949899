/** What a flow shows, beside where it stands: states, folds with their counts, hits, the critical path. Pure. */
import { formatCount, formatDurationMs, parseInstant, plural } from "#components/ui/format.ts";
import type { FoldedSiblings } from "#server/contract/view/plan-flow.ts";
import type { FlowIndex, PlacedCell } from "#server/contract/view/plan-flow-index.ts";
import { lookOf, type Shape, TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import { countStates, shortClass, stepLine } from "./step-words.ts";
import type { StepView } from "./types.ts";

export interface FlowScene {
  readonly index: FlowIndex;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  /** Where the arrow keys are, when that is a fold: its key. */
  readonly cursor: number | null;
  /** Steps that a search found. */
  readonly hits: ReadonlySet<number>;
  /** Steps of the critical path, in order; empty when it is not shown. */
  readonly critical: readonly number[];
  /** Steps that differ from the instant that is compared with. */
  readonly changed: ReadonlySet<string>;
  readonly nowMs: number | null;
  foldOf(fold: FoldedSiblings): FoldWords;
}

export interface Mark {
  readonly tone: Tone;
  readonly shape: Shape;
}

const UNKNOWN: Mark = lookOf("step", "unknown");
const marks = new Map<string, Mark>();

/** The mark of a step; without a row, or before it has come, it is not known. */
export function markOf(step: StepView | undefined): Mark {
  if (step === undefined) return UNKNOWN;
  const known = marks.get(step.state) ?? lookOf("step", step.state);
  if (marks.size < MARKS_KEPT) marks.set(step.state, known);
  return known;
}
/** States are an open set: what a database invents is not remembered for ever. */
const MARKS_KEPT = 64;

/** What a fold says. */
export interface FoldWords {
  /** `2 000 × CreatePublication`, or `200 branches of CreatePublication, SaveVersion`. */
  readonly name: string;
  /** `1 990 success, 8 running, 2 error`. */
  readonly counts: string;
  /** Share of each state, worst last, for its bar. */
  readonly shares: readonly { readonly mark: Mark; readonly state: string; readonly share: number }[];
  /** The worst of its states. */
  readonly mark: Mark;
}

const NAMES_SHOWN = 2;

export function foldWords(fold: FoldedSiblings, steps: ReadonlyMap<number, StepView>): FoldWords {
  const own = fold.stepIds.flatMap((id) => steps.get(id) ?? []);
  const missing = fold.stepIds.length - own.length;
  const counts = new Map(countStates(own));
  if (missing > 0) counts.set("not read yet", missing);
  const ranked = [...counts].map(([state, count]) => ({ state, count, mark: lookOf("step", state) }));
  ranked.sort((a, b) => rank(a.mark.tone) - rank(b.mark.tone));
  const names = [...new Set(own.map((step) => shortClass(step.actionClass)))];
  const shown = names.slice(0, NAMES_SHOWN).join(", ") + (names.length > NAMES_SHOWN ? " …" : "");
  const branches = fold.stepIds.length > fold.count;
  return {
    name: `${formatCount(fold.count)} ${branches ? "branches of" : "×"} ${shown === "" ? "steps" : shown}`,
    counts: ranked.map(({ state, count }) => `${formatCount(count)} ${state}`).join(", "),
    shares: ranked.map(({ state, count, mark }) => ({ state, mark, share: count / fold.stepIds.length })),
    mark: ranked.at(-1)?.mark ?? UNKNOWN,
  };
}

const rank = (tone: Tone): number => TONES_WORST_FIRST.length - TONES_WORST_FIRST.indexOf(tone);

/** The one line under the name of a step; `…` for one that has not come yet. */
export const lineOf = (step: StepView | undefined, nowMs: number | null): string =>
  step === undefined ? "not read" : stepLine(step, step.state === "running" ? nowMs : null);

/** 0 to 1 while a step is under way and says how far it is; `null` otherwise. */
export function progressOf(step: StepView | undefined): number | null {
  if (step === undefined || (step.state !== "running" && step.state !== "suspended")) return null;
  const { progressDone } = step;
  return progressDone === null || progressDone <= 0 ? null : Math.min(1, progressDone);
}

/** Said by screen readers, and as title. */
export function cellWords(cell: PlacedCell, scene: Pick<FlowScene, "steps" | "foldOf" | "nowMs">): string {
  if (cell.kind === "fold") {
    const { name, counts } = scene.foldOf(cell.fold.fold);
    return `${name}: ${counts}. Enter unfolds them.`;
  }
  const { stepId } = cell.step;
  const step = scene.steps.get(stepId);
  if (step === undefined) return `Step ${stepId}: its row is not here`;
  const progress = progressOf(step);
  const done = progress === null ? "" : `, ${Math.round(progress * PERCENT)} % done`;
  return `Step ${stepId}, ${step.actionClass}: ${lineOf(step, scene.nowMs)}${done}`;
}
const PERCENT = 100;

/** Measured time of a step in milliseconds: what it took, or has taken so far; `null` before it began. */
export function stepTimeMs(step: StepView | undefined, nowMs: number | null): number | null {
  const startMs = parseInstant(step?.startedAt ?? null);
  if (step === undefined || startMs === null || step.state === "pending") return null;
  const under = step.state === "running" || step.state === "suspended";
  if (under) return Math.max(0, (nowMs ?? startMs) - startMs);
  const endMs = parseInstant(step.endedAt);
  if (step.realTimeSec !== null && step.realTimeSec > 0) return step.realTimeSec * MS_PER_SECOND;
  return endMs === null ? null : Math.max(0, endMs - startMs);
}
const MS_PER_SECOND = 1_000;

export const criticalWords = (totalMs: number, stepCount: number): string =>
  stepCount === 0 ? "nothing has run yet" : `${formatDurationMs(totalMs)} in ${plural(stepCount, "step")}`;
