/** When a failover may send its next round, and what it says while it may not. */
import type { JobWork } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { RELEASE_SILENCE_MS } from "./domain/releasable.ts";
import type { ClaimTarget, FailoverParams } from "./failover-params.ts";
import type { IncarnationWatch } from "./failover-watch.ts";

export interface FailoverPace {
  readonly roundsPerSecond: number;
  readonly keysPerRound: number;
  /** Conditional rounds in flight at once; all of them are of one type, and a type is one partition. */
  readonly inFlightPerPartition: number;
}

/** An incarnation is read again when the last good look is older than this. */
export const RECHECK_MS = 2_000;
/** Pause before an unsuccessful look, read or write is tried again. */
const RETRY_MS = 1_000;
/** Nodes named in the reason for waiting. */
const NAMED_MAX = 5;

/** The incarnation beats again: the job is over. */
export class BeatsAgain extends Error {}

export interface FailoverReadiness {
  /**
   * Waits, saying why, until the incarnation may be failed over and somebody may be given its keys; answers who may
   * (`null` = keys are released). What it answers holds in the turn in which it resolves.
   *
   * @throws BeatsAgain
   */
  untilReady(): Promise<readonly ClaimTarget[] | null>;
  /** Takes the next slot of the pace and waits for it. */
  untilNextRound(): Promise<void>;
  /** Repeats a read until it succeeds: the job waits for its database, saying so. */
  patiently<T>(read: () => Promise<T>): Promise<T>;
  /** A statement was answered. */
  written(): Promise<void>;
  /** A statement could not be sent: says so, and lets a moment pass. */
  unwritten(why: string): Promise<void>;
}

/** For one run of a job: a run that goes on where an earlier one was counts its silence anew. */
export function createReadiness(
  work: JobWork,
  params: FailoverParams,
  deps: { readonly watch: IncarnationWatch; readonly clock: Clock; readonly pace: FailoverPace },
): FailoverReadiness {
  const { watch, clock, pace } = deps;
  const { incarnationId: dead, targets: chosen } = params;
  const resumed = work.bookmark !== null;
  const startedAt = clock.monotonic();
  let readAt = Number.NEGATIVE_INFINITY;
  let roundAt = Number.NEGATIVE_INFINITY;
  /** What it waits for, as told; `null` = it moves. */
  let waits: "look" | "read" | "write" | null = null;

  async function wait(by: NonNullable<typeof waits>, note: string): Promise<void> {
    waits = by;
    await work.setWaiting(note);
    await clock.sleep(RETRY_MS, work.signal);
  }

  async function moving(by: NonNullable<typeof waits>): Promise<void> {
    if (waits !== by) return;
    waits = null;
    await work.setWaiting(null);
  }

  /** A fresh look when the last good one is too old: what stands against it, or why it could not be looked at. */
  async function look(): Promise<string | null> {
    const lookedAt = clock.monotonic();
    if (lookedAt - readAt < RECHECK_MS) return null;
    try {
      const check = await watch.check(dead);
      if (check.beats) throw new BeatsAgain();
      if (!check.releasable) return check.waitingFor ?? "it is not releasable";
      readAt = lookedAt;
      return null;
    } catch (cause) {
      if (cause instanceof OpsError) return `the nodes table cannot be read: ${messageOf(cause)}`;
      throw cause;
    }
  }

  /** The predicate as of this moment. A job that goes on where it was counts 75 s again, unless the death is proven. */
  function judge(): string | null {
    const check = watch.judge(dead);
    if (check.beats) throw new BeatsAgain();
    if (!check.releasable) return check.waitingFor ?? "it is not releasable";
    const counted = clock.monotonic() - startedAt;
    if (!resumed || check.certainty === "proven" || counted >= RELEASE_SILENCE_MS) return null;
    return `It was resumed: ${RELEASE_SILENCE_MS / 1_000} s of silence are counted again.`;
  }

  const eligible = (): readonly ClaimTarget[] | null =>
    chosen?.filter(({ incarnationId }) => watch.target(incarnationId, dead).eligible) ?? null;

  function nobody(): string {
    const why = (chosen ?? []).map(
      ({ incarnationId, node }) => `${node}: ${watch.target(incarnationId, dead).reason ?? "it may now"}`,
    );
    return `None of the chosen nodes can be given keys now. ${why.slice(0, NAMED_MAX).join("; ")}`;
  }

  return {
    async untilReady() {
      for (;;) {
        work.signal.throwIfAborted();
        const obstacle = (await look()) ?? judge();
        const targets = obstacle === null ? eligible() : null;
        if (obstacle === null && targets?.length !== 0) {
          if (waits !== "look") return targets;
          // Saying that it moves takes a moment, in which everything may change: it is judged once more.
          await moving("look");
        } else await wait("look", obstacle ?? nobody());
      }
    },
    async untilNextRound() {
      const now = clock.monotonic();
      roundAt = Math.max(now, roundAt + 1000 / pace.roundsPerSecond);
      if (roundAt > now) await clock.sleep(roundAt - now, work.signal);
      work.signal.throwIfAborted();
    },
    async patiently(read) {
      for (;;) {
        work.signal.throwIfAborted();
        try {
          const value = await read();
          await moving("read");
          return value;
        } catch (cause) {
          if (!(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
          await wait("read", `the register cannot be read: ${messageOf(cause)}`);
        }
      }
    },
    written: () => moving("write"),
    unwritten: (why) => wait("write", `the register cannot be written: ${why}`),
  };
}
