/** Answers what was known at any instant: at once within what is loaded, else after asking the console. */
import type { JournalEvent } from "#server/contract/event.ts";
import { FOLD_VERSION, type Folds } from "#server/contract/fold/fold.ts";
import type { EventsInput, EventsOutput, NotKnown, StateAtOutput } from "#server/contract/wire/journal.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import { countUntil } from "./count-until.ts";
import { drawnOut, foldsAfter, isWithin, joined, placed, type Stretch, stretchOf } from "./stretch.ts";

export interface TimeMachinePorts {
  stateAt(at: EpochMs): Promise<StateAtOutput>;
  events(input: EventsInput): Promise<EventsOutput>;
}

/** What was known at one instant. */
export interface Moment {
  readonly at: EpochMs;
  readonly folds: Folds;
  readonly notKnown: readonly NotKnown[];
  readonly horizon: number | null;
  /** What had changed before it, newest first, and from when on all of it is here. */
  readonly recent: { readonly events: readonly JournalEvent[]; readonly knownFrom: number };
}

export interface TimeMachine {
  /** What was known at `at`, if that is loaded; the same objects for what did not change since the last answer. */
  peek(at: EpochMs): Moment | null;
  /** Loads the instant: `peek` answers it from then on. @throws what the console answered */
  load(at: EpochMs): Promise<void>;
  /** Draws what is loaded around `at` out to both sides, as far as bounds let it. @throws what the console answered */
  reach(at: EpochMs, from: EpochMs, to: EpochMs): Promise<void>;
  /** What is loaded around `at`: every event of the span, by time of observation. */
  around(at: EpochMs): { readonly from: number; readonly to: number; readonly events: readonly JournalEvent[] } | null;
}

const HOUR_MS = 3_600_000;
const RECENT_EVENTS_MAX = 2_000;
/** Small enough that what somebody waits for is answered in between. */
const PAGE_EVENTS = 2_000;
/** Requests in one direction before it is left at that. */
const PAGES_MAX = 10;
const STRETCHES_MAX = 6;
const STRETCH_EVENTS_MAX = 40_000;
/** A stretch towards the past that does not reach the present one is tried once more, so much shorter. */
const SHORTER = 6;

export function createTimeMachine(ports: TimeMachinePorts): TimeMachine {
  /** Last used first. */
  let stretches: readonly Stretch[] = [];
  let last: { readonly base: Folds; readonly count: number; readonly moment: Moment } | null = null;

  const find = (at: number): Stretch | undefined => stretches.find((stretch) => isWithin(stretch, at));

  function keep(stretch: Stretch, instead?: Stretch): Stretch {
    const others = stretches.filter((other) => other !== instead && other !== stretch);
    stretches = [stretch, ...others].slice(0, STRETCHES_MAX);
    return stretch;
  }

  async function begin(at: EpochMs): Promise<Stretch> {
    const answer = await ports.stateAt(at);
    if (answer.foldVersion !== FOLD_VERSION) throw new Error("This page is older than the console: load it again.");
    return stretchOf(at, answer);
  }

  async function forward(start: Stretch, wanted: number): Promise<Stretch> {
    const to = Math.min(wanted, start.limit - 1) as EpochMs;
    let stretch = start;
    for (let page = 0; page < PAGES_MAX && stretch.to < to && stretch.events.length < STRETCH_EVENTS_MAX; page += 1) {
      const whole = await withPlaces(stretch);
      const answer = await ports.events({ after: whole.positions, to: toIso(to), limit: PAGE_EVENTS });
      stretch = keep(drawnOut(whole, answer, to), stretch);
    }
    return stretch;
  }

  /** A stream that is not named would be given from its beginning again. */
  async function withPlaces(stretch: Stretch): Promise<Stretch> {
    const last = stretch.events.at(-1);
    if (last === undefined || Object.keys(stretch.begun).length === 0) return stretch;
    return placed(stretch, (await ports.stateAt(last.observedAt)).positions);
  }

  async function backward(later: Stretch, wanted: number): Promise<void> {
    for (const from of [wanted, later.from - (later.from - wanted) / SHORTER]) {
      const begun = await begin(Math.round(from) as EpochMs);
      const earlier = await forward(begun, later.from);
      // The one that was reached for may have grown, or gone, in the meantime.
      const now = find(later.from) ?? later;
      if (earlier.to >= now.from) {
        stretches = stretches.filter((other) => other !== earlier);
        keep(joined(earlier, now), now);
        return;
      }
      stretches = stretches.filter((other) => other !== earlier);
    }
  }

  return {
    peek(at) {
      const stretch = find(at);
      if (stretch === undefined) return null;
      if (stretches[0] !== stretch) keep(stretch);
      const count = countUntil(stretch.events, at);
      const base = stretch.checkpoints[0].folds;
      const before = last?.base === base ? last : null;
      if (before !== null && before.count === count && before.moment.at === at) return before.moment;
      const folds = foldsAfter(
        stretch,
        count,
        before === null ? null : { count: before.count, folds: before.moment.folds },
      );
      const notKnown = stretch.notKnown.filter(({ stream }) => !Object.hasOwn(folds, stream));
      const recent = recentOf(stretch, count, at, before?.moment.recent);
      const moment = { at, folds, notKnown, horizon: stretch.horizon, recent };
      last = { base, count, moment };
      return moment;
    },
    async load(at) {
      if (find(at) === undefined) keep(await begin(at));
    },
    async reach(at, from, to) {
      const stretch = find(at);
      if (stretch === undefined) return;
      const drawn = stretch.to < to ? await forward(stretch, to) : stretch;
      if (drawn.from > from) await backward(drawn, from);
    },
    around(at) {
      return find(at) ?? null;
    },
  };
}

/** The same list as before when it has the same ends. */
function recentOf(stretch: Stretch, count: number, at: number, before?: Moment["recent"]): Moment["recent"] {
  const since = Math.max(stretch.from, at - HOUR_MS);
  const first = Math.max(countUntil(stretch.events, since - 1), count - RECENT_EVENTS_MAX);
  const cut = count - first === RECENT_EVENTS_MAX;
  const same =
    before !== undefined &&
    before.events.length === count - first &&
    before.events[0]?.id === stretch.events[count - 1]?.id &&
    before.events.at(-1)?.id === stretch.events[first]?.id;
  const events = same ? before.events : stretch.events.slice(first, count).toReversed();
  return { events, knownFrom: cut ? (events.at(-1)?.observedAt ?? since) : since };
}
