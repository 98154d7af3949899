/** Where a failover is, written down before and after every round. */

import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { type ActorType, type IncarnationId, toActorTypeId } from "./domain/identity.ts";

/** One round that was sent, or is about to be. */
export interface SentRound {
  readonly names: readonly string[];
  /** Whom each of them is given to, in their order; `null` = they are released. */
  readonly to: readonly IncarnationId[] | null;
  /** What is written as the instant of the claim: by it our own claim is known from one of the node itself. */
  readonly claimedAt: EpochMs | null;
}

/** Keys of one type that changed hands and were not told to the census yet. */
export interface UntoldChange extends ActorType {
  readonly to: IncarnationId | null;
  readonly keys: number;
}

export interface FailoverBookmark {
  /** Types whose keys are all done. */
  readonly doneTypes: readonly string[];
  /** Last name seen of the type in work; every key of it up to there is done. */
  readonly after: string | null;
  /** Rounds whose outcome is not on disk yet. */
  readonly inFlight: readonly SentRound[];
  /** Keys given to each target so far. */
  readonly given: Readonly<Record<IncarnationId, number>>;
  readonly untold: readonly UntoldChange[];
  /** How often changes were told. */
  readonly tellings: number;
}

export const START: FailoverBookmark = {
  doneTypes: [],
  after: null,
  inFlight: [],
  given: {},
  untold: [],
  tellings: 0,
};

/** The bookmark on disk; one of an earlier release held the names of a single round. */
export function readBookmark(raw: JsonValue): FailoverBookmark {
  if (raw === null) return START;
  const kept = raw as unknown as Partial<Omit<FailoverBookmark, "inFlight">> & {
    readonly inFlight?: readonly (string | SentRound)[];
  };
  const inFlight = kept.inFlight ?? [];
  const names = inFlight.filter((each) => typeof each === "string");
  const rounds = inFlight.filter((each) => typeof each !== "string");
  return {
    ...START,
    ...kept,
    inFlight: names.length === 0 ? rounds : [...rounds, { names, to: null, claimedAt: null }],
  };
}

export const toJson = (bookmark: FailoverBookmark): JsonValue => bookmark as unknown as JsonValue;

/** One more key of a type that changed hands. */
export function countChange(bookmark: FailoverBookmark, type: ActorType, to: IncarnationId | null): FailoverBookmark {
  const { namespace, moduleId } = type;
  const same = (change: UntoldChange): boolean => change.to === to && toActorTypeId(change) === toActorTypeId(type);
  const before = bookmark.untold.find(same)?.keys ?? 0;
  const given = to === null ? bookmark.given : { ...bookmark.given, [to]: (bookmark.given[to] ?? 0) + 1 };
  const untold = [...bookmark.untold.filter((change) => !same(change)), { namespace, moduleId, to, keys: before + 1 }];
  return { ...bookmark, given, untold };
}

/** The instant of a claim as it is kept in the register: whole milliseconds. */
export const claimInstant = (now: EpochMs): EpochMs => epochMs(Math.floor(now));
