/**
 * A stretch of time that has been loaded: a state, and every event that followed on it. Any instant within it is folded
 * here, by the reducer that the console itself uses. Pure.
 */
import type { Positions } from "#server/contract/cursor.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import type { NotKnown, StateAtOutput } from "#server/contract/wire/journal.ts";
import { countUntil } from "./count-until.ts";

/** Folds after so many events of the stretch: a seek folds on from the nearest one. */
export interface Checkpoint {
  readonly count: number;
  readonly folds: Folds;
}

export interface Stretch {
  /** The instant of the state that it begins with. */
  readonly from: number;
  /** Everything observed until then is in it. */
  readonly to: number;
  /** From here on a stream is known whose beginning was dropped, so that it is not in it: another stretch has to begin. */
  readonly limit: number;
  /** What followed on that state, by time of observation. */
  readonly events: readonly JournalEvent[];
  /** Ascending; the first is the state it begins with. */
  readonly checkpoints: readonly [Checkpoint, ...Checkpoint[]];
  /** How far the streams are in it: what follows is asked for from here. */
  readonly positions: Positions;
  /** Streams that began within it, with the number of their last event here: their epochs are not known yet. */
  readonly begun: Readonly<Record<string, string>>;
  readonly notKnown: readonly NotKnown[];
  readonly horizon: number | null;
}

const CHECKPOINT_EVERY_EVENTS = 256;

/** @param at the instant that was asked for */
export function stretchOf(at: number, { folds, positions, notKnown, horizon }: StateAtOutput): Stretch {
  const begins = notKnown.flatMap(({ why, knownFrom }) =>
    why === "before-horizon" && knownFrom !== null ? [Date.parse(knownFrom)] : [],
  );
  return {
    from: at,
    to: at,
    limit: Math.min(Number.POSITIVE_INFINITY, ...begins.filter((begin) => begin > at)),
    events: [],
    checkpoints: [{ count: 0, folds }],
    positions,
    begun: {},
    notKnown,
    horizon: horizon === null ? null : Date.parse(horizon),
  };
}

/** With what followed on its end, asked for until `to`. With `more`, what has the time of the last is not complete yet. */
export function drawnOut(
  stretch: Stretch,
  { events, more }: { readonly events: readonly JournalEvent[]; readonly more: boolean },
  to: number,
): Stretch {
  const all = [...stretch.events, ...events];
  const positions = { ...stretch.positions };
  const begun = { ...stretch.begun };
  for (const { stream, seq } of events) {
    const known = positions[stream];
    if (known === undefined) begun[stream] = seq;
    else positions[stream] = { epoch: known.epoch, seq };
  }
  const last = events.at(-1);
  const complete = more ? (last === undefined ? stretch.to : last.observedAt - 1) : to;
  return {
    ...stretch,
    events: all,
    positions,
    begun,
    to: Math.min(Math.max(stretch.to, complete), stretch.limit - 1),
    checkpoints: checkpointed(stretch.checkpoints, all),
  };
}

/** With the epochs of the streams that began within it, as a later state tells them. */
export function placed(stretch: Stretch, told: Positions): Stretch {
  const positions = { ...stretch.positions };
  const begun: Record<string, string> = {};
  for (const [stream, seq] of Object.entries(stretch.begun)) {
    const epoch = told[stream]?.epoch;
    if (epoch === undefined) begun[stream] = seq;
    else positions[stream] = { epoch, seq };
  }
  return { ...stretch, positions, begun };
}

function checkpointed(known: Stretch["checkpoints"], events: readonly JournalEvent[]): Stretch["checkpoints"] {
  const [first, ...others] = known;
  const all = [...others];
  let last = all.at(-1) ?? first;
  while (events.length - last.count >= CHECKPOINT_EVERY_EVENTS) {
    const count = last.count + CHECKPOINT_EVERY_EVENTS;
    last = { count, folds: reduceAll(last.folds, events.slice(last.count, count)) };
    all.push(last);
  }
  return [first, ...all];
}

/** One of two that touch: the later begins within the earlier or at its end. */
export function joined(earlier: Stretch, later: Stretch): Stretch {
  if (later.to <= earlier.to) return earlier;
  const kept = earlier.events.slice(0, countUntil(earlier.events, later.from));
  const before = earlier.checkpoints.filter(({ count }) => count <= kept.length);
  const after = later.checkpoints.map(({ count, folds }) => ({ count: count + kept.length, folds }));
  const [first = earlier.checkpoints[0], ...others] = before;
  return {
    ...later,
    from: earlier.from,
    notKnown: earlier.notKnown,
    events: [...kept, ...later.events],
    checkpoints: [first, ...others, ...after],
  };
}

export const isWithin = ({ from, to }: Stretch, at: number): boolean => from <= at && at <= to;

/**
 * The folds after the first `count` events.
 *
 * @param known folds of the same stretch after fewer events, if there are any: what has not changed since stays the same
 */
export function foldsAfter({ checkpoints, events }: Stretch, count: number, known: Checkpoint | null = null): Folds {
  const nearest = checkpoints.findLast((checkpoint) => checkpoint.count <= count) ?? checkpoints[0];
  const start = known !== null && known.count <= count && known.count >= nearest.count ? known : nearest;
  return start.count === count ? start.folds : reduceAll(start.folds, events.slice(start.count, count));
}
