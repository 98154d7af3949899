import type { EpochMs } from "#server/kernel/clock.ts";
import type { AbandonedLock, PlanFate } from "./domain/invalidation.ts";
import type { CoordinatorRecord } from "./domain/model.ts";

/** How a database holds serialized values: msgpack from schema 22 on, JSON text before. */
export type BlobForm = "msgpack" | "json";

/** The two worlds of an invalidation. */
export interface InvalidationPair {
  readonly deadWorldId: string;
  /** Our own, registered world. */
  readonly invalidatorId: string;
}

export interface AbandonWrite extends InvalidationPair {
  readonly planId: string;
  readonly lock: AbandonedLock;
  readonly now: EpochMs;
  /** What is written beside the error of its steps, in the place of the backtrace that Ruby would leave. */
  readonly backtrace: readonly string[];
  /** Whom to ask to go on, should it come to that, and the encoded Execution for it; `null` = nobody. */
  readonly execution: { readonly executorId: string; readonly envelope: Uint8Array } | null;
}

export type AbandonOutcome =
  | {
      readonly applied: true;
      readonly fate: PlanFate;
      readonly failedStepIds: readonly number[];
      /** Why only its locks were removed. */
      readonly reason: string | null;
    }
  | {
      readonly applied: false;
      /** `lock-gone`: somebody else did it, or its world released it. `refused`: it must not be written. */
      readonly why: "lock-gone" | "refused";
      readonly reason: string;
    };

/**
 * The writes of an invalidation (`dynflow.md` 10), each one transaction, each harmless when it is made again. All of them but
 * `begin` hold our WorldInvalidationLock while they write and throw `OpsError` `conflict` when it is not ours any more.
 */
export interface InvalidationWrites {
  /** Takes the WorldInvalidationLock. `heldBy` = the owner id of whoever is at it already; ours is taken again. */
  begin(pair: InvalidationPair): Promise<{ readonly begun: true } | { readonly begun: false; readonly heldBy: string }>;
  /** Execution and planning locks that the dead world holds now, at most 10,000. */
  heldLocks(deadWorldId: string): Promise<readonly CoordinatorRecord[]>;
  /** Fails what ran of one plan, gives it the state that follows, removes its lock, and has somebody go on where it can. */
  abandon(write: AbandonWrite): Promise<AbandonOutcome>;
  /** Sets `active` of an executor's record to false; a record that is gone, or cannot be read, is left alone. */
  deactivate(pair: InvalidationPair): Promise<void>;
  /** Deletes inhibition locks of plans that are stopped, of whomever; answers how many. */
  pruneInhibitions(pair: InvalidationPair): Promise<number>;
  /**
   * Deletes the dead world's inbox, everything it owns and its record, and last our lock. Not done while it holds an
   * execution or planning lock: it has taken one meanwhile.
   */
  finish(
    pair: InvalidationPair,
  ): Promise<{ readonly finished: true; readonly envelopes: number } | { readonly finished: false }>;
  /** Gives our lock back, with nothing else done; nothing when it is not ours. */
  giveUp(pair: InvalidationPair): Promise<void>;
}
