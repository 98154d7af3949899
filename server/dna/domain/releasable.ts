/**
 * Whether the keys of an incarnation may be released, with every condition and its present answer. Recomputed before
 * each statement; it is a predicate, never a stored state.
 */
import { type LifecycleState, SILENT_AFTER_MS } from "#server/contract/diagram/dna-lifecycle.ts";
import type { BeamVerdict } from "./beam-evidence.ts";
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
export const SKEW_BEYOND_MAX_MS = 2_500;
/** Clusters named in a reason. */
const CLUSTERS_NAMED_MAX = 5;

/** What this console cannot see from the database, said in the dialog. */
export const RESIDUAL_RISK =
  "Presumed dead by the database alone. What it cannot show: a VM whose cluster worker hangs while its database session works goes on serving its keys from its cache without beating, a suspended VM that wakes up later still holds its old instances, and one that wakes up in the very seconds of the release may go on serving what was just released for up to 60 s. Each could write beside the new owner.";

/** What even a proof of death leaves open. */
export const PROVEN_RESIDUAL_RISK =
  "Proven dead by its own machine: nobody bears its name there, or a later incarnation does. What remains: a second VM of the same name on another machine, or one whose distribution was switched off while its database session works, is not seen there.";

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
  /** What its own machine says of it; left out = nobody asks there. */
  readonly beam?: BeamVerdict;
  /** Other DNA clusters that live in the keyspace: they share the register, and nobody can tell whose a key is. */
  readonly otherClusters?: readonly string[];
}

/** How sure the death is: by the database alone it is only ever presumed, as DNA's own peers presume it. */
export type DeathCertainty = "presumed" | "proven";

export interface ReleasableReason {
  readonly holds: boolean;
  /** The condition, as a sentence. */
  readonly text: string;
  /** What was found. */
  readonly detail: string | null;
}

export interface Releasable {
  readonly releasable: boolean;
  /** `proven` only with a fresh proof from its own machine. */
  readonly certainty: DeathCertainty;
  readonly reasons: readonly ReleasableReason[];
  /** Milliseconds until it would be, when only time is missing; 0 when it is; else `null`. */
  readonly readyInMs: number | null;
  readonly residualRisk: string;
}

const DEAD_STATES: ReadonlySet<LifecycleState> = new Set(["silent", "gone"]);
const DYING_STATES: ReadonlySet<LifecycleState> = new Set(["late", "silent", "gone"]);

/**
 * Judges one incarnation. Pure; the reasons always come in the same order. A proof of death stands in for the wait and
 * for nothing else; a sign of life forbids until 75 s after it, or until a later proof of death.
 */
export function judgeReleasable(input: ReleasableInput): Releasable {
  const { state, silentMs, flags, fresh, skew, beam = { kind: "not-configured" }, otherClusters = [] } = input;
  const proven = beam.kind === "dead";
  const dead = DEAD_STATES.has(state);
  const waited = silentMs >= RELEASE_SILENCE_MS;
  const unconflicted = flags.name_conflict === undefined;
  const lifeless = flags.zombie === undefined && (beam.kind !== "alive" || beam.ageMs >= RELEASE_SILENCE_MS);
  const clocks = skewHolds(skew);
  const alone = otherClusters.length === 0;
  const counted = `Counted so far: ${seconds(silentMs)}.`;
  const reasons: readonly ReleasableReason[] = [
    { holds: fresh, text: "The nodes table was read within the last 5 s.", detail: null },
    { holds: dead, text: "The incarnation is silent or gone.", detail: `It is ${state}.` },
    {
      holds: waited || proven,
      text: `This console has counted at least ${RELEASE_SILENCE_MS / 1_000} s of silence without a gap.`,
      detail: proven && !waited ? `${counted} Not needed: its death is proven, ${beam.detail}.` : counted,
    },
    {
      holds: unconflicted,
      text: "No other incarnation beats under the same node name beside it.",
      detail: flags.name_conflict ?? null,
    },
    { holds: lifeless, text: "Nothing on its machine answers under its identity.", detail: beamDetail(beam) },
    {
      holds: alone,
      text: "No other DNA cluster lives in this keyspace.",
      detail: alone ? null : `Beside it: ${otherClusters.slice(0, CLUSTERS_NAMED_MAX).join(", ")}.`,
    },
    { holds: clocks, text: "The clocks of the database's coordinators agree within 5 s.", detail: skewDetail(skew) },
  ];
  const onlyTime = fresh && unconflicted && lifeless && clocks && alone && DYING_STATES.has(state);
  const waitMs = proven ? (dead ? 0 : SILENT_AFTER_MS - silentMs) : RELEASE_SILENCE_MS - silentMs;
  return {
    releasable: reasons.every((reason) => reason.holds),
    certainty: proven ? "proven" : "presumed",
    reasons,
    readyInMs: onlyTime ? Math.max(0, waitMs) : null,
    residualRisk: proven ? PROVEN_RESIDUAL_RISK : RESIDUAL_RISK,
  };
}

function beamDetail(beam: BeamVerdict): string {
  switch (beam.kind) {
    case "not-configured":
      return "Not known: no access to the nodes is configured.";
    case "unknown":
      return `Not known: ${beam.detail}. That is no evidence of either.`;
    case "alive":
    case "dead":
      return `${beam.detail.charAt(0).toUpperCase()}${beam.detail.slice(1)}.`;
    default:
      return beam satisfies never;
  }
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
