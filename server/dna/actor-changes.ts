/** What is recorded of the owners of watched keys: only what differs from the fold. Pure. */
import type { EventDraft, OwnerFacts } from "#server/contract/event.ts";
import type { WatchedFold } from "#server/contract/fold/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type ActorKey, toIncarnationId } from "./domain/identity.ts";
import { type ActorRow, isMalformed, type MalformedRow } from "./ports.ts";

/** Length to which the reason of an unreadable row is cut: it is text from elsewhere. */
const UNREADABLE_REASON_CHARS = 500;

/** What one read said of a key. */
export interface OwnerReading {
  readonly key: ActorKey;
  readonly owner: OwnerFacts;
  /** When the read began: the register was so then or later. */
  readonly readAt: EpochMs;
}

export function ownerOf(row: ActorRow | MalformedRow | null): OwnerFacts {
  if (row === null) return { incarnation: null, claimedAt: null, unreadable: null };
  if (isMalformed(row))
    return { incarnation: null, claimedAt: null, unreadable: row.reason.slice(0, UNREADABLE_REASON_CHARS) };
  const { owner, claimedAt } = row;
  if (owner === null) return { incarnation: null, claimedAt, unreadable: "its owner columns are empty" };
  return { incarnation: toIncarnationId(owner), claimedAt, unreadable: null };
}

export const sameOwner = (a: OwnerFacts, b: OwnerFacts): boolean =>
  a.incarnation === b.incarnation && a.claimedAt === b.claimedAt && a.unreadable === b.unreadable;

/**
 * The event that brings the fold to what was read, if it differs.
 *
 * @param knownAt the last instant at which what the fold says was read; `null` = never by this process
 */
export function ownerChange(
  subject: string,
  known: WatchedFold | undefined,
  { key, owner, readAt }: OwnerReading,
  knownAt: EpochMs | null,
): EventDraft | null {
  const { namespace, moduleId, name } = key;
  const actor = { namespace, moduleId, name };
  if (known === undefined) {
    const body = { ...actor, owner, notKnownFrom: knownAt };
    return { kind: "dna.actor.seen", subject, occurredAt: readAt, body };
  }
  if (sameOwner(known, owner)) return null;
  const { incarnation, claimedAt, unreadable } = known;
  const body = { ...actor, from: { incarnation, claimedAt, unreadable }, to: owner };
  return {
    kind: "dna.actor.owner_changed",
    subject,
    // By its claimer's clock where there is a claim; else no earlier instant is known than that of the read.
    occurredAt: owner.claimedAt ?? readAt,
    body: { ...body, notKnownFrom: knownAt ?? known.since },
  };
}

export function unwatched(
  subject: string,
  { namespace, moduleId, name, since }: WatchedFold,
  lastReadAt: EpochMs | null,
  now: EpochMs,
  reason: string,
): EventDraft {
  const body = { namespace, moduleId, name, lastReadAt: lastReadAt ?? since, reason };
  return { kind: "dna.actor.unwatched", subject, occurredAt: now, synthetic: true, body };
}
