/**
 * What the machine of a node says of one incarnation, beside the database. Pure. A node name is only an address: what
 * answers there is compared by incarnation, and silence there is never evidence of anything.
 */
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { type Incarnation, sameIncarnation, toIncarnationId } from "./identity.ts";
import { seconds } from "./liveness.ts";

/** A proof of death older than this is looked for again before anything rests on it. */
export const PROOF_FRESH_MS = 5_000;
/** An answer under the same identity is told as a sign of life for this long: one sampling period and its delay. */
export const LIFE_FRESH_MS = 35_000;
/**
 * A name has to be missing from the port mapper for this long before that proves anything: after a restart of the
 * mapper itself a live node registers again within 2 s (Erlang/OTP 25 lib/kernel/src/erl_epmd.erl `RECONNECT_TIME`).
 */
export const UNREGISTERED_MIN_MS = 3_000;

/** What was found at the address of a node. All instants are starts of looks. */
export interface BeamEvidence {
  /** The last answer of who the node is; `null` = it never answered. */
  readonly identity: { readonly incarnation: Incarnation; readonly at: MonotonicMs } | null;
  /**
   * The port mapper of its host answered that nobody bears the name, from the first such answer to the last without
   * another between them; `null` = the last look did not say so.
   */
  readonly unregistered: { readonly since: MonotonicMs; readonly at: MonotonicMs } | null;
  /** Why the last look told nothing; `null` = it told something. */
  readonly silence: string | null;
}

export const NO_EVIDENCE: BeamEvidence = { identity: null, unregistered: null, silence: "it was not asked yet" };

/** What one look found. */
export type BeamLook =
  | { readonly kind: "identity"; readonly incarnation: Incarnation }
  | { readonly kind: "unregistered" }
  /** Nothing was told: no answer in time, an error, no port mapper. */
  | { readonly kind: "nothing"; readonly why: string };

/** Folds one look that began at `at` into what was known of the address. */
export function observeLook(before: BeamEvidence, look: BeamLook, at: MonotonicMs): BeamEvidence {
  switch (look.kind) {
    case "identity":
      return { identity: { incarnation: look.incarnation, at }, unregistered: null, silence: null };
    case "unregistered":
      return { ...before, unregistered: { since: before.unregistered?.since ?? at, at }, silence: null };
    case "nothing":
      return { ...before, unregistered: null, silence: look.why };
    default:
      return look satisfies never;
  }
}

/** What the evidence says of one incarnation. Ages in ms. */
export type BeamVerdict =
  /** No access to the nodes is configured. */
  | { readonly kind: "not-configured" }
  | { readonly kind: "unknown"; readonly detail: string }
  /** It answered under this very identity; `fresh` = lately enough to say that it lives. */
  | { readonly kind: "alive"; readonly ageMs: number; readonly fresh: boolean; readonly detail: string }
  /** It cannot live: nobody bears its name there, or a later incarnation does. */
  | { readonly kind: "dead"; readonly ageMs: number; readonly detail: string };

/**
 * Judges one incarnation by what was found at its address. Death is proven by a fresh look only; a sign of life is kept
 * until such a proof overrules it.
 */
export function judgeBeam(incarnation: Incarnation, evidence: BeamEvidence, now: MonotonicMs): BeamVerdict {
  return deathOf(incarnation, evidence, now) ?? lifeOf(incarnation, evidence, now) ?? unknownOf(evidence, now);
}

function deathOf(incarnation: Incarnation, evidence: BeamEvidence, now: MonotonicMs): BeamVerdict | null {
  const { identity, unregistered } = evidence;
  if (unregistered !== null && now - unregistered.at <= PROOF_FRESH_MS) {
    const missingMs = unregistered.at - unregistered.since;
    if (missingMs < UNREGISTERED_MIN_MS) return null;
    return {
      kind: "dead",
      ageMs: now - unregistered.at,
      detail: "its name is not registered at its host's port mapper",
    };
  }
  if (identity === null || now - identity.at > PROOF_FRESH_MS) return null;
  if (identity.incarnation.createdAt <= incarnation.createdAt) return null;
  const heir = toIncarnationId(identity.incarnation);
  return { kind: "dead", ageMs: now - identity.at, detail: `its node is ${heir} now, created later` };
}

function lifeOf(incarnation: Incarnation, { identity }: BeamEvidence, now: MonotonicMs): BeamVerdict | null {
  if (identity === null || !sameIncarnation(identity.incarnation, incarnation)) return null;
  const ageMs = now - identity.at;
  const detail = `its node answered under this identity ${seconds(ageMs)} ago`;
  return { kind: "alive", ageMs, fresh: ageMs <= LIFE_FRESH_MS, detail };
}

function unknownOf({ identity, unregistered, silence }: BeamEvidence, now: MonotonicMs): BeamVerdict {
  if (silence !== null) return { kind: "unknown", detail: silence };
  if (unregistered !== null) {
    const detail = `its name was not registered at its host's port mapper ${seconds(now - unregistered.at)} ago; that is looked at twice`;
    return { kind: "unknown", detail };
  }
  if (identity === null) return { kind: "unknown", detail: "it was not asked yet" };
  const other = toIncarnationId(identity.incarnation);
  return { kind: "unknown", detail: `its node answered as ${other} ${seconds(now - identity.at)} ago` };
}
