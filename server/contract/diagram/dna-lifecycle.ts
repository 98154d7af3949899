/**
 * Life of one incarnation as this console judges it from reads of `nodes` alone. One frozen table: the judge
 * (`server/dna/domain/liveness.ts`) steps by it, the life-cycle diagram is drawn from it.
 *
 * The states are the console's own. The 10 s are those of a DNA peer (cleaton/dna@9b5aab5 lib/dna/server/cluster.ex,
 * `@expire_after`); the rest is added so that nothing is declared dead on what was not observed.
 */

import { LIFECYCLE_STATES, type LifecycleState } from "./lifecycle-states.ts";
import { dnaSource, type Machine, machine, ownSource } from "./machine.ts";

/** Silence after which peers may delete the row and take keys over. */
export const LATE_AFTER_MS = 10_000;
/** Silence after which an observation error no longer explains it. */
export const SILENT_AFTER_MS = 20_000;
/** Steady beats after which a returned incarnation is alive again. */
export const STEADY_AFTER_MS = 30_000;
/** A write younger than this, by the database's clock, lets an incarnation be called alive before it beat for us. */
export const YOUNG_WRITE_MS = 10_000;
/** A write older than this at the first sighting starts the incarnation as late. */
export const OLD_WRITE_MS = 30_000;
/** Longest distance between the starts of two successful reads across which silence is counted. */
export const READ_GAP_MS = 5_000;

export { LIFECYCLE_STATES, type LifecycleState };

/** What a read, or the lack of one, can tell about one incarnation. */
export const LIFECYCLE_EVENTS = [
  "gap",
  "present",
  "beat",
  "young_write",
  "old_write",
  "quiet_10s",
  "quiet_20s",
  "steady_30s",
  "absent",
] as const;
export type LifecycleEvent = (typeof LIFECYCLE_EVENTS)[number];

/** Words of each event for people, e.g. on the arrows of the diagram. */
export const LIFECYCLE_EVENT_LABELS: Readonly<Record<LifecycleEvent, string>> = Object.freeze({
  gap: "gap in the reads",
  present: "row is back",
  beat: "heartbeat changed",
  young_write: "young write",
  old_write: "write over 30 s old at first sight",
  quiet_10s: "10 s of silence",
  quiet_20s: "20 s of silence",
  steady_30s: "30 s of steady beats",
  absent: "row deleted",
});

/** What each state says, for people. */
export const LIFECYCLE_STATE_LABELS: Readonly<Record<LifecycleState, string>> = Object.freeze({
  observing: "not judged yet: just seen, or after a gap in the reads",
  alive: "its heartbeat changed within 10 s",
  late: "10 to 20 s of silence: peers may be taking over",
  silent: "over 20 s of silence, its row is still there",
  gone: "its row is deleted, or was never seen",
  returned: "was silent or gone and beats again under the same identity",
});

type Row = Readonly<Partial<Record<LifecycleEvent, LifecycleState>>>;

/** A pair that is not listed keeps its state. */
export const LIFECYCLE_TABLE: Readonly<Record<LifecycleState, Row>> = Object.freeze({
  observing: Object.freeze({
    beat: "alive",
    young_write: "alive",
    old_write: "late",
    quiet_10s: "late",
    quiet_20s: "late",
    absent: "gone",
  }),
  alive: Object.freeze({ gap: "observing", quiet_10s: "late", quiet_20s: "late", absent: "gone" }),
  late: Object.freeze({ gap: "observing", beat: "alive", quiet_20s: "silent", absent: "gone" }),
  silent: Object.freeze({ gap: "observing", beat: "returned", absent: "gone" }),
  gone: Object.freeze({ gap: "observing", present: "returned", beat: "returned" }),
  returned: Object.freeze({
    gap: "observing",
    quiet_10s: "late",
    quiet_20s: "late",
    steady_30s: "alive",
    absent: "gone",
  }),
});

/** Pure and total: the state after one event. */
export const stepLifecycle = (state: LifecycleState, event: LifecycleEvent): LifecycleState =>
  LIFECYCLE_TABLE[state][event] ?? state;

export interface LifecycleTransition {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** Every event that takes this way, in the order of `LIFECYCLE_EVENTS`. */
  readonly events: readonly LifecycleEvent[];
}

/** The arrows of the diagram: one for each pair of states that the table joins. */
export const LIFECYCLE_TRANSITIONS: readonly LifecycleTransition[] = Object.freeze(
  LIFECYCLE_STATES.flatMap((from) =>
    LIFECYCLE_STATES.filter((to) => to !== from).flatMap((to) => {
      const events = LIFECYCLE_EVENTS.filter((event) => LIFECYCLE_TABLE[from][event] === to);
      return events.length === 0 ? [] : [Object.freeze({ from, to, events: Object.freeze(events) })];
    }),
  ),
);

/** Words short enough for an arrow. */
const SHORT: Readonly<Record<LifecycleEvent, string>> = {
  gap: "gap",
  present: "row back",
  beat: "beat",
  young_write: "young write",
  old_write: "old write",
  quiet_10s: "10 s silent",
  quiet_20s: "20 s silent",
  steady_30s: "30 s steady",
  absent: "row deleted",
};

/** 20 s of silence say nothing new where 10 s are enough. */
const toldOf = ({ events }: LifecycleTransition): readonly LifecycleEvent[] =>
  events.filter((event) => event !== "quiet_20s" || !events.includes("quiet_10s"));

/** The life of one incarnation as one table. */
export const INCARNATION_MACHINE: Machine<LifecycleState> = /* @__PURE__ */ machine({
  kind: "incarnation",
  group: "DNA",
  name: "incarnation of a node",
  title: "Life of an incarnation",
  system: "node",
  states: LIFECYCLE_STATES,
  means: LIFECYCLE_STATE_LABELS,
  transitions: /* @__PURE__ */ LIFECYCLE_TRANSITIONS.map((transition) => ({
    from: transition.from,
    to: transition.to,
    label: toldOf(transition)
      .map((event) => SHORT[event])
      .join(" or "),
    said: transition.events.map((event) => LIFECYCLE_EVENT_LABELS[event]).join(" or "),
  })),
  first: ["observing"],
  last: [],
  sources: [
    /* @__PURE__ */ ownSource("server/dna/domain/liveness.ts, from reads of nodes alone"),
    /* @__PURE__ */ dnaSource("lib/dna/server/cluster.ex @expire_after"),
  ],
});
