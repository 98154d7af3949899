/** One line of the list of plans, from the fold or from an answer; and the order of what needs a person. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import { dynflowStream, isMasked, type PlanFailure } from "#server/contract/event.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import type { StreamSample } from "#server/contract/live.ts";
import type { Filter } from "./plans-query.ts";
import { UNFINISHED } from "./plans-query.ts";

export interface PlanLine {
  readonly source: string;
  readonly id: string;
  readonly label: string | null;
  readonly rootActionClass: string | null;
  readonly state: string;
  readonly result: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly realTimeSec: number | null;
  readonly progress: number | null;
  readonly failure: PlanFailure | null;
  readonly locked: boolean;
  /** What is known besides a failure: how its steps stand, what it waits for. */
  readonly note: string | null;
  /** When it was seen to enter its state; `null` when that is not known. */
  readonly since: number | null;
}

export interface Source {
  readonly id: string;
  readonly fold: DynflowFold;
  readonly sample: StreamSample | undefined;
}

/** Every unfinished plan of the sources that the filter finds, what needs a person first, then the oldest. */
export function needsFirst(sources: readonly Source[], filter: Filter): readonly PlanLine[] {
  const found = sources.flatMap((source) => {
    const locked = new Set(
      Object.values(source.fold.locks).flatMap((lock) => (isHeld(lock.class) ? (lock.planId ?? []) : [])),
    );
    return Object.entries(source.fold.plans)
      .filter(([, plan]) => matches(plan, filter))
      .map(([id, plan]) => toLine(source, id, plan, locked.has(id)));
  });
  return found.sort((a, b) => rankOf(a) - rankOf(b) || beganAt(a) - beganAt(b) || (a.id < b.id ? -1 : 1));
}

/** By the database; a plan that has not begun counts from when we saw it. */
const beganAt = (line: PlanLine): number => parseInstant(line.startedAt) ?? line.since ?? 0;

const isHeld = (lockClass: string): boolean => lockClass.endsWith("::ExecutionLock");

export function matches(plan: PlanFold, filter: Filter): boolean {
  const { states, results, label, startedFrom, startedTo } = filter;
  if (states.length > 0 && !states.includes(plan.state)) return false;
  if (results.length > 0 && !results.includes(plan.result)) return false;
  if (label !== null) {
    if (plan.label === null) return false;
    if (label.kind === "exact" ? plan.label !== label.text : !plan.label.startsWith(label.text)) return false;
  }
  if (startedFrom === null && startedTo === null) return true;
  const started = parseInstant(plan.startedAt);
  if (started === null) return false;
  return (
    (startedFrom === null || started >= Date.parse(startedFrom)) &&
    (startedTo === null || started < Date.parse(startedTo))
  );
}

function toLine({ id: source, sample }: Source, id: string, plan: PlanFold, locked: boolean): PlanLine {
  const { label, rootActionClass, state, result, startedAt, endedAt, failure, stateSince } = plan;
  return {
    source,
    id,
    label,
    rootActionClass,
    state,
    result,
    startedAt,
    endedAt,
    realTimeSec: null,
    progress: sample?.planProgress?.[id] ?? null,
    failure,
    locked,
    note: noteOf(plan, locked),
    since: stateSince,
  };
}

/** How its steps stand, or what it waits for, in a few words. */
function noteOf(plan: PlanFold, locked: boolean): string | null {
  const steps = plan.steps === null ? [] : Object.values(plan.steps);
  const inState = (state: string): number => steps.filter((each) => each === state).length;
  switch (plan.state) {
    case "running": {
      const said = ["running", "suspended", "error"].flatMap((state) => {
        const count = inState(state);
        return count === 0 ? [] : [`${count} ${state}`];
      });
      return said.length === 0 ? null : `${said.join(", ")}${locked ? "" : "; no executor holds its lock"}`;
    }
    case "paused":
      return inState("skipping") > 0 ? `${inState("skipping")} skipping: waits for a resume` : null;
    case "planned":
      return locked ? null : "no executor took it yet";
    case "scheduled":
      return "waits for its time";
    case "pending":
      return "prepared, not planned";
    default:
      return null;
  }
}

const ORDER: ReadonlyMap<string, number> = new Map(UNFINISHED.map((state, index) => [state, index]));

/** Paused on an error, paused, what runs with an error in it, then by state; a state that we do not know comes first. */
function rankOf({ state, result, failure }: PlanLine): number {
  const place = ORDER.get(state);
  if (place === undefined) return -1;
  return place * 2 + (result === "error" || failure !== null ? 0 : 1);
}

/** The last part of a failure for one line: class and first line of the message. */
export function failureText({ exceptionClass, message }: PlanFailure): string {
  const short = exceptionClass.split("::").at(-1) ?? exceptionClass;
  if (isMasked(message)) return `${short}, message hidden from viewers`;
  return `${short}: ${message.split("\n", 1)[0] ?? ""}`;
}

export const streamOf = dynflowStream;

export interface Count {
  readonly state: string;
  readonly result: string;
  readonly count: number;
}

/** The unfinished plans of the sources that the filter finds, counted. */
export function countsOf(sources: readonly Source[], filter: Filter): readonly Count[] {
  const counts = new Map<string, Count>();
  for (const { fold } of sources)
    for (const plan of Object.values(fold.plans).filter((each) => matches(each, filter))) {
      const { state, result } = plan;
      const key = `${state} ${result}`;
      counts.set(key, { state, result, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  return [...counts.values()];
}

/** Chips that follow the filter: how many plans each state has within the chosen results, and the other way round. */
export function facets(counts: readonly Count[], states: readonly string[], results: readonly string[]) {
  const byState = new Map<string, number>();
  const byResult = new Map<string, number>();
  for (const { state, result, count } of counts) {
    if (results.length === 0 || results.includes(result)) byState.set(state, (byState.get(state) ?? 0) + count);
    if (states.length === 0 || states.includes(state)) byResult.set(result, (byResult.get(result) ?? 0) + count);
  }
  return { byState, byResult };
}

/** Pressed alone it stands alone, pressed again everything is back; pressed with Shift it joins or leaves. */
export function press(
  chosen: readonly string[],
  word: string,
  joins: boolean,
  otherwise: readonly string[],
): readonly string[] {
  if (joins) return chosen.includes(word) ? chosen.filter((each) => each !== word) : [...chosen, word];
  return chosen.length === 1 && chosen[0] === word ? otherwise : [word];
}
