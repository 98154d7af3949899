/** Words of a step for flow, timeline and tables. Pure. */
import { formatDurationMs, parseInstant } from "#components/ui/format.ts";
import type { StepView } from "./types.ts";

const OVER: ReadonlySet<string> = new Set(["success", "skipped"]);

/** Whether the flow goes on after it. */
export const isOver = (step: StepView | undefined): boolean => step !== undefined && OVER.has(step.state);

/** `CreatePublication` of `Actions::Pulp3::Repository::CreatePublication`. */
export const shortClass = (name: string): string => name.split("::").at(-1) ?? name;

const NAME_MAX = 160;
/** A name in a head: whole unless it is longer than any name is. */
export const headName = (name: string): string => (name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name);

export const seconds = (value: number | null): string => (value === null ? "–" : formatDurationMs(value * 1_000));

/** A time of a step; what has not begun has none, though the database says 0. */
export const stepSeconds = (step: Pick<StepView, "startedAt">, value: number | null): string =>
  step.startedAt === null ? "–" : seconds(value);

/** The one line under a step's name: its time when it is well, its state when it is not. */
export function stepLine(step: StepView, now: number | null): string {
  const { state, realTimeSec, startedAt } = step;
  const started = parseInstant(startedAt);
  if (state === "success") return realTimeSec === null ? "success" : seconds(realTimeSec);
  if (state === "running" && started !== null && now !== null)
    return `running, ${formatDurationMs(Math.max(0, now - started))}`;
  if (state === "error" && realTimeSec !== null && startedAt !== null)
    return `error, ${seconds(step.executionTimeSec)}`;
  return state;
}

/** Ids of the failed steps in the order in which a person wants them: planning, run flow, finalize flow. */
export function failedSteps(steps: readonly StepView[], order: readonly number[]): readonly number[] {
  const failed = steps.filter((step) => step.state === "error");
  const place = new Map(order.map((id, index) => [id, index]));
  return failed
    .map(({ id, phase }) => ({ id, rank: phase === "plan" ? -1 : (place.get(id) ?? order.length) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ id }) => id);
}

/** The one after `current`, round and round; `null` when there is none. */
export function nextOf(ids: readonly number[], current: number | null): number | null {
  const at = current === null ? -1 : ids.indexOf(current);
  return ids[(at + 1) % Math.max(1, ids.length)] ?? null;
}

/** How many steps are in each state, in the order of first appearance. */
export function countStates(steps: readonly StepView[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
