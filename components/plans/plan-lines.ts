/** One line of the list of plans, from the fold or from an answer; and the order of what needs a person. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import { dynflowStream, isMasked, type PlanFailure } from "#server/contract/event.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import type { StreamSample } from "#server/contract/live.ts";
import type { Filter, Label } from "./plans-query.ts";
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
  readonly executionTimeSec: number | null;
  readonly progress: number | null;
  /** World that holds its execution lock. */
  readonly world: string | null;
  /** Plan that planned it; `null` = none, or nobody asked. */
  readonly caller: { readonly planId: string; readonly actionId: number | null } | null;
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
export function needsFirst(sources: readonly Source[], filter: Filter, nowMs = 0): readonly PlanLine[] {
  const found = sources.flatMap((source) => {
    const holders = holdersOf(source.fold);
    return Object.entries(source.fold.plans)
      .filter(([id, plan]) => matches(id, plan, filter, source.fold, nowMs))
      .map(([id, plan]) => toLine(source, id, plan, holders.get(id) ?? null));
  });
  return found.sort((a, b) => rankOf(a) - rankOf(b) || beganAt(a) - beganAt(b) || (a.id < b.id ? -1 : 1));
}

/** By the database; a plan that has not begun counts from when we saw it. */
const beganAt = (line: PlanLine): number => parseInstant(line.startedAt) ?? line.since ?? 0;

/** World by plan, of the locks of execution. */
export const holdersOf = (fold: DynflowFold): ReadonlyMap<string, string> =>
  new Map(
    Object.values(fold.locks).flatMap(({ class: name, planId, worldId }) =>
      isHeld(name) && planId !== null ? [[planId, worldId ?? ""] as const] : [],
    ),
  );

const isHeld = (lockClass: string): boolean => lockClass.endsWith("::ExecutionLock");

/** As the database would find it, by what the feed tells. */
export function matches(id: string, plan: PlanFold, filter: Filter, fold: DynflowFold, nowMs: number): boolean {
  const { states, results, label, anyText, rootClass, heldBy, minDurationSec } = filter;
  if (states.length > 0 && !states.includes(plan.state)) return false;
  if (results.length > 0 && !results.includes(plan.result)) return false;
  if (label !== null && !fits(label, plan.label)) return false;
  if (rootClass !== undefined && !fits(rootClass, plan.rootActionClass)) return false;
  if (anyText !== undefined && !isAnywhere(anyText, id, plan)) return false;
  if (heldBy !== undefined && !isHeldBy(fold, id, heldBy)) return false;
  if (filter.endedFrom !== undefined) return false;
  const started = parseInstant(plan.startedAt);
  if (minDurationSec !== undefined && (started === null || started > nowMs - minDurationSec * 1_000)) return false;
  return startedWithin(started, filter);
}

function startedWithin(started: number | null, { startedFrom, startedTo }: Filter): boolean {
  if (startedFrom === null && startedTo === null) return true;
  if (started === null) return false;
  return (
    (startedFrom === null || started >= Date.parse(startedFrom)) &&
    (startedTo === null || started < Date.parse(startedTo))
  );
}

function fits({ kind, text }: Label, value: string | null): boolean {
  if (value === null) return false;
  if (kind === "exact") return value === text;
  return kind === "prefix" ? value.startsWith(text) : holds(value, text);
}

const holds = (value: string, text: string): boolean => value.toLowerCase().includes(text.toLowerCase());

function isAnywhere(text: string, id: string, { label, rootActionClass }: PlanFold): boolean {
  if (holds(label ?? rootActionClass ?? "", text)) return true;
  const [start = "", end] = text.toLowerCase().split(/…|\.{2,3}/);
  return end === undefined ? id.includes(start) : id.startsWith(start) && id.endsWith(end);
}

const isHeldBy = (fold: DynflowFold, planId: string, worldId: string): boolean =>
  Object.values(fold.locks).some((lock) => lock.planId === planId && lock.worldId === worldId);

/** The plan of a row as the feed tells it now, also when the filter does not find it any more; `null` = it tells nothing. */
export function lineNow(sources: readonly Source[], source: string, id: string): PlanLine | null {
  const known = sources.find((each) => each.id === source);
  const plan = known?.fold.plans[id];
  if (known === undefined || plan === undefined) return null;
  const held = Object.values(known.fold.locks).find((lock) => isHeld(lock.class) && lock.planId === id);
  return toLine(known, id, plan, held?.worldId ?? null);
}

function toLine({ id: source, sample }: Source, id: string, plan: PlanFold, world: string | null): PlanLine {
  const locked = world !== null;
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
    executionTimeSec: null,
    world: world === "" ? null : world,
    caller: null,
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
export function countsOf(sources: readonly Source[], filter: Filter, nowMs = 0): readonly Count[] {
  const counts = new Map<string, Count>();
  for (const { fold } of sources)
    for (const [, plan] of Object.entries(fold.plans).filter(([id, each]) => matches(id, each, filter, fold, nowMs))) {
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
