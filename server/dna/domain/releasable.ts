/**
 * Whether the keys of an incarnation may be released, with every condition and its present answer. Recomputed before
 * each statement; it is a predicate, never a stored state.
 */
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import type { CoordinatorSkew } from "./coordinator-skew.ts";
import type { Flags } from "./flags.ts";
import { seconds } from "./liveness.ts";

/**
 * 10 s of a peer's threshold, 60 s of the owner's cache of itself, and a margin: after that a paused or cut-off owner
 * must ask the database again.
 */
export const RELEASE_SILENCE_MS = 75_000;
/** Skew of the coordinators from which no release is made. */
export const SKEW_MAX_MS = 5_000;
/** The same where only a lower bound of the skew can be told. */
const SKEW_BEYOND_MAX_MS = 2_500;

/** What this console cannot see from the database, said in the dialog. */
export const RESIDUAL_RISK =
  "Presumed dead by the database alone. What it cannot show: a VM whose cluster worker hangs while its database session works goes on serving its keys from its cache without beating, a suspended VM that wakes up later still holds its old instances, and one that wakes up in the very seconds of the release may go on serving what was just released for up to 60 s. Each could write beside the new owner.";

export interface ReleasableInput {
  readonly state: LifecycleState;
  /**
   * Silence counted by us across one unbroken series of reads, in ms. A job that is resumed passes at most the time
   * since then: it waits its 75 s again.
   */
  readonly silentMs: number;
  readonly flags: Flags;
  readonly skew: CoordinatorSkew;
  /** Whether the last successful read is fresh enough (at most 5 s old) to judge by. */
  readonly fresh: boolean;
}

export interface ReleasableReason {
  readonly holds: boolean;
  /** The condition, as a sentence. */
  readonly text: string;
  /** What was found. */
  readonly detail: string | null;
}

export interface Releasable {
  readonly releasable: boolean;
  /** By CQL alone death is only ever presumed, as DNA's own peers presume it. */
  readonly certainty: "presumed";
  readonly reasons: readonly ReleasableReason[];
  /** Milliseconds until it would be, when only time is missing; 0 when it is; else `null`. */
  readonly readyInMs: number | null;
  readonly residualRisk: string;
}

const DEAD_STATES: ReadonlySet<LifecycleState> = new Set(["silent", "gone"]);
const DYING_STATES: ReadonlySet<LifecycleState> = new Set(["late", "silent", "gone"]);

/** Judges one incarnation. Pure; the reasons always come in the same order. */
export function judgeReleasable(input: ReleasableInput): Releasable {
  const { state, silentMs, flags, fresh, skew } = input;
  const dead = DEAD_STATES.has(state);
  const waited = silentMs >= RELEASE_SILENCE_MS;
  const unconflicted = flags.name_conflict === undefined;
  const clocks = skewHolds(skew);
  const reasons: readonly ReleasableReason[] = [
    { holds: fresh, text: "The nodes table was read within the last 5 s.", detail: null },
    { holds: dead, text: "The incarnation is silent or gone.", detail: `It is ${state}.` },
    {
      holds: waited,
      text: `This console has counted at least ${RELEASE_SILENCE_MS / 1_000} s of silence without a gap.`,
      detail: `Counted so far: ${seconds(silentMs)}.`,
    },
    {
      holds: unconflicted,
      text: "No other incarnation beats under the same node name beside it.",
      detail: flags.name_conflict ?? null,
    },
    { holds: clocks, text: "The clocks of the database's coordinators agree within 5 s.", detail: skewDetail(skew) },
  ];
  const onlyTime = fresh && unconflicted && clocks && DYING_STATES.has(state);
  return {
    releasable: reasons.every((reason) => reason.holds),
    certainty: "presumed",
    reasons,
    readyInMs: onlyTime ? Math.max(0, RELEASE_SILENCE_MS - silentMs) : null,
    residualRisk: RESIDUAL_RISK,
  };
}

/** An unknown skew does not forbid: silence is counted by our own clock, and the skew touches only hints. */
function skewHolds(skew: CoordinatorSkew): boolean {
  if (skew.kind === "unknown") return true;
  return skew.kind === "estimated" ? Math.abs(skew.ms) < SKEW_MAX_MS : skew.atLeastMs < SKEW_BEYOND_MAX_MS;
}

function skewDetail(skew: CoordinatorSkew): string {
  switch (skew.kind) {
    case "unknown":
      return "Not known: no beat was seen whose write time could be compared. The silence does not depend on it.";
    case "estimated":
      return `Estimated: ${seconds(Math.abs(skew.ms))}.`;
    case "beyond":
      return `At least ${seconds(skew.atLeastMs)}; how much more cannot be told.`;
    default:
      return skew satisfies never;
  }
}
