/** One conditional round of a failover: at most 50 keys of one type, each with whom it is given to. */
import type { EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type ActorType, type Incarnation, type IncarnationId, parseIncarnationId } from "./domain/identity.ts";
import type { SentRound } from "./failover-bookmark.ts";
import type { CasOutcome, DnaStore } from "./ports.ts";

export interface Attempt {
  /** Whom the key is given to; `null` = released. */
  readonly to: IncarnationId | null;
  /** What is written as the instant of the claim. */
  readonly claimedAt: EpochMs | null;
}

/** A key that is still to be dealt with, and what was sent for it already. */
export interface Pending {
  readonly name: string;
  readonly sent: readonly Attempt[];
}

/** A key in a round. */
export interface Assigned extends Pending, Attempt {}

/** Formed at once: the same instant for all, and either all are given away or all are released. */
export type Round = readonly Assigned[];

export const attemptOf = ({ to, claimedAt }: Attempt): Attempt => ({ to, claimedAt });

/** A round as it is written down before it is sent. */
export function toSent(round: Round): SentRound {
  const heirs = round.flatMap(({ to }) => (to === null ? [] : [to]));
  return {
    names: round.map(({ name }) => name),
    to: heirs.length === 0 ? null : heirs,
    claimedAt: round[0]?.claimedAt ?? null,
  };
}

/** The keys of a round that was written down. */
export const attemptsOf = ({ names, to, claimedAt }: SentRound): readonly (Attempt & { readonly name: string })[] =>
  names.map((name, index) => ({ name, to: to?.[index] ?? null, claimedAt }));

/** Sends it: every statement has the old owner as its condition. Throws where nothing was sent. */
export async function sendRound(
  store: Pick<DnaStore, "release" | "releaseBatch" | "claim" | "claimBatch">,
  owner: Incarnation,
  type: ActorType,
  round: Round,
): Promise<CasOutcome> {
  const [first, ...more] = round;
  if (first === undefined) throw new OpsError("invalid-input", "A round has at least one key");
  const { to, claimedAt, name } = first;
  if (to === null || claimedAt === null) {
    if (more.length === 0) return store.release({ ...type, name }, owner);
    const names = round.map((key) => key.name);
    return store.releaseBatch(type, names, owner);
  }
  if (more.length === 0) return store.claim({ ...type, name }, owner, heirOf(to), claimedAt);
  const claims = round.flatMap((key) => (key.to === null ? [] : [{ name: key.name, to: heirOf(key.to) }]));
  return store.claimBatch(type, claims, owner, claimedAt);
}

function heirOf(to: IncarnationId): Incarnation {
  const heir = parseIncarnationId(to);
  if (heir === null) throw new OpsError("invalid-input", `${to} is no incarnation to give keys to`);
  return heir;
}
