/**
 * What a node makes of another incarnation: by our own reads, or by what its own table says.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server/cluster.ex `server_status`.
 */
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Incarnation } from "./identity.ts";
import { seconds } from "./liveness.ts";

/** `@expire_after` of cluster.ex: silence, or age of an unseen identity, *over* this is death to a peer. */
export const PEER_EXPIRE_AFTER_MS = 10_000;

/** What our own peer table says of an incarnation. */
export interface PeerSight {
  readonly incarnation: Incarnation;
  /** `null` = never seen in `nodes`. */
  readonly node: string | null;
  /** `null` = never seen in `nodes`. */
  readonly state: LifecycleState | null;
  /** Silence counted by us, in ms. */
  readonly silentMs: number;
}

/** One entry of a node's own peer table, its age by that node's monotonic clock. */
export interface PeerEntry {
  readonly incarnation: Incarnation;
  readonly node: string;
  readonly local: boolean;
  readonly lastChangeMs: number;
}

export type PeerVerdict =
  | { readonly kind: "alive"; readonly note: string }
  | { readonly kind: "dead"; readonly note: string }
  | { readonly kind: "unknown"; readonly note: string }
  | { readonly kind: "unjudged"; readonly note: string };

/** A peer's verdict on an incarnation, if its table were ours. */
export function judgePeer(sight: PeerSight, now: EpochMs): PeerVerdict {
  switch (sight.state) {
    case "alive":
    case "returned":
      return { kind: "alive", note: `last change ${seconds(sight.silentMs)} ago` };
    case "late":
    case "silent":
      return { kind: "dead", note: `last change over ${seconds(Math.max(sight.silentMs, PEER_EXPIRE_AFTER_MS))} ago` };
    case "observing":
      return { kind: "unjudged", note: `watched for ${seconds(sight.silentMs)}` };
    case "gone":
    case null:
      return judgeUnseen(sight.incarnation, now);
    default:
      return sight.state satisfies never;
  }
}

/** The verdict of a node that has this entry (`null` = none) in its table, its own refresh being young. */
export function judgeEntry(owner: Incarnation, entry: PeerEntry | null, now: EpochMs): Exclude<PeerVerdict, Unjudged> {
  if (entry === null) return judgeUnseen(owner, now);
  if (entry.local) return { kind: "alive", note: "its own entry" };
  const note = `last change ${seconds(entry.lastChangeMs)} ago`;
  return { kind: entry.lastChangeMs > PEER_EXPIRE_AFTER_MS ? "dead" : "alive", note };
}

type Unjudged = { readonly kind: "unjudged" };

/** Not in the table: the only place where the clocks of two machines are compared. */
function judgeUnseen(owner: Incarnation, now: EpochMs): Exclude<PeerVerdict, Unjudged> {
  const ageMs = now - owner.createdAt;
  const note = `not in the table, created ${seconds(ageMs)} ago`;
  return { kind: ageMs > PEER_EXPIRE_AFTER_MS ? "dead" : "unknown", note };
}
