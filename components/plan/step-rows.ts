/** Steps as a table orders, filters and hands them on. Pure. */
import { csvLine } from "#server/kernel/csv.ts";
import type { StepView } from "./types.ts";

export const STEP_SORTS = [
  "place",
  "id",
  "state",
  "phase",
  "action",
  "queue",
  "weight",
  "started",
  "ended",
  "took",
  "ran",
  "done",
  "error",
] as const;
export type StepSort = (typeof STEP_SORTS)[number];

export interface StepOrder {
  readonly by: StepSort;
  readonly descending: boolean;
}

/** As the plan lists them. */
export const LISTED: StepOrder = { by: "place", descending: false };

type Key = (step: StepView, place: number) => string | number | null;

const KEYS: Readonly<Record<StepSort, Key>> = {
  place: (_, place) => place,
  id: ({ id }) => id,
  state: ({ state }) => state,
  phase: ({ phase }) => PHASE_ORDER[phase],
  action: ({ actionClass }) => actionClass,
  queue: ({ queue }) => queue,
  weight: ({ progressWeight }) => progressWeight,
  started: ({ startedAt }) => startedAt,
  ended: ({ endedAt }) => endedAt,
  took: ({ startedAt, realTimeSec }) => (startedAt === null ? null : realTimeSec),
  ran: ({ startedAt, executionTimeSec }) => (startedAt === null ? null : executionTimeSec),
  done: ({ progressDone }) => progressDone,
  error: ({ exceptionClass }) => exceptionClass,
};
const PHASE_ORDER: Readonly<Record<StepView["phase"], number>> = { plan: 0, run: 1, finalize: 2, unknown: 3 };

/** What there is none of stands last in either direction; ties keep the order of the plan. */
export function orderedSteps(steps: readonly StepView[], { by, descending }: StepOrder): readonly StepView[] {
  if (by === "place") return descending ? steps.toReversed() : steps;
  const key = KEYS[by];
  const keyed = steps.map((step, place) => ({ step, key: key(step, place) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ step }) => step);
}

export interface StepFilter {
  readonly state: string | null;
  readonly phase: StepView["phase"] | null;
  /** In id, class of the action, queue, or class of the error; without regard to case. Words must all be found. */
  readonly text: string;
}

export const NO_FILTER: StepFilter = { state: null, phase: null, text: "" };

export function filteredSteps(steps: readonly StepView[], { state, phase, text }: StepFilter): readonly StepView[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (state === null && phase === null && words.length === 0) return steps;
  return steps.filter((step) => {
    if (state !== null && step.state !== state) return false;
    if (phase !== null && step.phase !== phase) return false;
    if (words.length === 0) return true;
    const { id, actionClass, queue, exceptionClass, class: stepClass } = step;
    const said = `${id} ${actionClass} ${queue ?? ""} ${exceptionClass ?? ""} ${stepClass}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

const CSV_HEAD = [
  "step",
  "phase",
  "state",
  "action",
  "action_id",
  "queue",
  "weight",
  "started_at",
  "ended_at",
  "took_s",
  "ran_s",
  "done",
  "error_class",
  "listed",
];

/** What is shown, in its order; instants in UTC, times in seconds. */
export function stepsCsv(steps: readonly StepView[], unlisted: ReadonlySet<number>): string {
  const text = (value: string | number | null): string => (value === null ? "" : String(value));
  const lines = steps.map((step) =>
    csvLine([
      text(step.id),
      step.phase,
      step.state,
      step.actionClass,
      text(step.actionId),
      text(step.queue),
      text(step.progressWeight),
      text(step.startedAt),
      text(step.endedAt),
      text(step.startedAt === null ? null : step.realTimeSec),
      text(step.startedAt === null ? null : step.executionTimeSec),
      text(step.progressDone),
      text(step.exceptionClass),
      unlisted.has(step.id) ? "no" : "yes",
    ]),
  );
  return csvLine(CSV_HEAD) + lines.join("");
}
