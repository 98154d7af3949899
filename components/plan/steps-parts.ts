/** Steps that came by column, as the page knows them. Pure. */
import type { StepsPart } from "#server/contract/wire/dynflow-steps.ts";
import type { StepView } from "./types.ts";

const PHASES: readonly StepView["phase"][] = ["plan", "run", "finalize", "unknown"];
const MICROS_PER_SECOND = 1_000_000;
const MS_PER_SECOND = 1_000;
const SECOND_CHARS = 19;

/** Instants of one part share their seconds: each is written once. */
function createInstants(): (micros: number | null | undefined) => string | null {
  let known = Number.NaN;
  let prefix = "";
  return (micros) => {
    if (micros === null || micros === undefined) return null;
    const second = Math.floor(micros / MICROS_PER_SECOND);
    if (second !== known) {
      known = second;
      prefix = new Date(second * MS_PER_SECOND).toISOString().slice(0, SECOND_CHARS);
    }
    return `${prefix}.${String(micros - second * MICROS_PER_SECOND).padStart(6, "0")}Z`;
  };
}

/** The steps of one part, in order of id. Names are shared: 100,000 steps weigh some 20 MB. */
export function stepsOfPart(part: StepsPart): readonly StepView[] {
  const { names } = part;
  const name = (at: number | undefined): string => names[at ?? -1] ?? "";
  const instant = createInstants();
  const exceptions = new Map(part.exceptionClass);
  const unreadable = new Map(part.unreadable);
  return part.ids.map((id, at) => ({
    id,
    phase: PHASES[part.phases[at] ?? -1] ?? "unknown",
    class: name(part.classes[at]),
    state: name(part.states[at]),
    actionId: part.actionIds[at] ?? 0,
    actionClass: name(part.actionClasses[at]),
    queue: part.queues[at] === -1 ? null : name(part.queues[at]),
    startedAt: instant(part.startedAt[at]),
    endedAt: instant(part.endedAt[at]),
    realTimeSec: part.realTimeSec[at] ?? null,
    executionTimeSec: part.executionTimeSec[at] ?? null,
    progressDone: part.progressDone[at] ?? null,
    progressWeight: part.progressWeight[at] ?? null,
    exceptionClass: exceptions.get(id) ?? null,
    unreadable: unreadable.get(id) ?? null,
  }));
}

/** In the order in which they were added to the plan; those that it does not list come last. */
export function inOrder(steps: readonly StepView[], order: readonly number[] | null): readonly StepView[] {
  if (order === null) return steps;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const listed = new Set(order);
  return [...order.flatMap((id) => byId.get(id) ?? []), ...steps.filter((step) => !listed.has(step.id))];
}
