/** Who writes: a row that its holder beats, and that another takes when the beat has stopped. */
import { randomUUID } from "node:crypto";
import type { WriterRole, WriterState } from "#server/journal/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Cql } from "./cql.ts";
import type { LeaseTimes } from "./options.ts";
import { numberIn } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Another process has raised the epoch since: nothing was written. */
export class Fenced extends Error {}

export interface LeaseDeps {
  readonly cql: Cql;
  readonly statements: Statements;
  readonly clock: Clock;
  readonly log: Logger;
  readonly holder: string;
  readonly times: LeaseTimes;
  /** Makes everything of the journal refuse older epochs. May be called again when it has failed. */
  readonly fence: (epoch: number) => Promise<void>;
  /** Called after each beat of the holder. */
  readonly onBeat: () => void;
}

export interface Lease extends WriterRole {
  /** Looks once whether the journal is free, and takes it then. */
  start(): Promise<void>;
  /** Learns who writes, and leaves it at that. */
  look(): Promise<void>;
  /** Beats or observes until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** @throws OpsError `refused` while another process writes, naming it */
  epoch(): number;
  /** What to answer for a write that was fenced off; from here on this process follows. */
  lose(): Promise<OpsError>;
  /** Lets another take it at once. */
  leave(): Promise<void>;
}

interface Seen {
  readonly epoch: number;
  readonly beat: number;
  readonly owner: string | null;
  readonly holder: string | null;
}

/**
 * Clocks of two machines are never compared: a holder has lost the journal when its beat stands still for `leaseMs` as
 * the one who waits has measured. Taking it raises the epoch, and from then on nothing that the former holder sends is taken.
 */
export function createLease(deps: LeaseDeps): Lease {
  const { cql, statements, clock, log, holder, times } = deps;
  const owner = randomUUID();
  const listeners = new Set<(state: WriterState) => void>();
  let state: WriterState = { role: "follower", holder: null };
  /** Of a lease that is ours, though not everything may be fenced yet. */
  let held: { readonly epoch: number; beat: number } | null = null;
  let fencing: Promise<void> | null = null;
  let watched: { readonly seen: Seen; readonly since: MonotonicMs } | null = null;

  function become(next: WriterState): void {
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    log.info("journal.role", { ...next });
    for (const listener of listeners) listener(next);
  }

  async function look(): Promise<Seen | null> {
    const [row] = await cql.read(statements.lease(), { serial: true });
    if (row === undefined) return null;
    const text = (column: string) => (typeof row[column] === "string" ? String(row[column]) : null);
    return {
      epoch: numberIn(row, "epoch"),
      beat: numberIn(row, "beat"),
      owner: text("owner"),
      holder: text("holder"),
    };
  }

  /** Takes the journal when it is free; answers when it is taken over, or found to be another's. */
  async function observe(): Promise<void> {
    const seen = await look().catch((cause: unknown) => {
      // What could not be seen may have been beaten: when the database is back the measuring begins anew.
      watched = null;
      throw cause;
    });
    if (seen === null) {
      await cql.conditional([statements.firstLease(owner, holder)]);
      return settle();
    }
    if (seen.owner === owner) return gain(seen);
    if (seen.owner === null || isAbandoned(seen)) {
      await cql.conditional([statements.takeLease(seen, owner, holder)]);
      return settle();
    }
    become({ role: "follower", holder: seen.holder });
  }

  /** Whatever the answer to a write of the lease was: the row itself says whose it is. */
  async function settle(): Promise<void> {
    const seen = await look();
    if (seen?.owner === owner) await gain(seen);
    else become({ role: "follower", holder: seen?.holder ?? null });
  }

  function isAbandoned(seen: Seen): boolean {
    const now = clock.monotonic();
    const same = watched !== null && watched.seen.epoch === seen.epoch && watched.seen.beat === seen.beat;
    if (watched === null || !same) watched = { seen, since: now };
    return same && watched !== null && now - watched.since >= times.leaseMs;
  }

  function gain({ epoch, beat }: Seen): Promise<void> {
    watched = null;
    if (held?.epoch !== epoch) held = { epoch, beat };
    return fence(held);
  }

  /** Beats go on meanwhile: it may take long, and nobody else is to begin the same. */
  function fence(mine: { readonly epoch: number }): Promise<void> {
    fencing ??= deps
      .fence(mine.epoch)
      .then(
        () => {
          if (held?.epoch === mine.epoch) become({ role: "writer" });
        },
        (cause: unknown) => {
          if (!(cause instanceof Fenced)) throw cause;
          if (held?.epoch === mine.epoch) held = null;
        },
      )
      .finally(() => {
        fencing = null;
      });
    return fencing;
  }

  async function beat(mine: { readonly epoch: number; beat: number }): Promise<void> {
    mine.beat += 1;
    const outcome = await cql.conditional([statements.beatLease(mine.epoch, mine.beat)]);
    if (outcome.kind === "rejected") await lose();
    else if (state.role === "writer") deps.onBeat();
    else if (held === mine) inBackground(fence(mine));
  }

  const complain = (cause: unknown) => log.warn("journal.lease.failed", { cause: messageOf(cause) });

  let looking: Promise<void> | null = null;
  /** One look at a time, however slow the database is. */
  function observing(): Promise<void> {
    looking ??= observe().finally(() => {
      looking = null;
    });
    return looking;
  }

  function inBackground(work: Promise<void>): void {
    work.catch(complain);
  }

  async function lose(): Promise<OpsError> {
    held = null;
    const seen = await look().catch((cause: unknown) => {
      log.warn("journal.lease.unreadable", { cause: messageOf(cause) });
      return null;
    });
    become({ role: "follower", holder: seen?.holder ?? null });
    return refusal(seen?.holder ?? null);
  }

  return {
    state: () => state,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: observe,
    async look() {
      become({ role: "follower", holder: (await look())?.holder ?? null });
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await clock.sleep(times.beatMs, signal);
          if (held !== null) await beat(held);
          else inBackground(observing());
        } catch (cause) {
          if (!signal.aborted) complain(cause);
        }
      }
    },
    epoch() {
      if (state.role === "writer" && held !== null) return held.epoch;
      throw refusal(state.role === "follower" ? state.holder : null);
    },
    lose,
    async leave() {
      if (held !== null) await cql.conditional([statements.leaveLease(held.epoch)]);
      held = null;
    },
  };
}

const refusal = (holder: string | null): OpsError =>
  new OpsError(
    "refused",
    holder === null
      ? "This console follows the journal and may not write it; nobody writes at present"
      : `This console follows the journal and may not write it: ${holder} does`,
  );
