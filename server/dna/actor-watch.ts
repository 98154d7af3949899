import { actorSubject } from "#server/contract/actor-key.ts";
import { dnaStream, type EventDraft } from "#server/contract/event.ts";
import { own } from "#server/contract/fold/record.ts";
import type { Clock, EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type OwnerReading, ownerChange, ownerOf, unwatched } from "./actor-changes.ts";
import { withinDeadline } from "./deadline.ts";
import type { ActorKey } from "./domain/identity.ts";
import type { ActorRow, DnaStore, MalformedRow } from "./ports.ts";

/** Period in which the owner of a key that somebody looks at is read. */
export const WATCH_PERIOD_MS = 2_000;
/** A key is watched this long after it was last looked at. */
export const WATCH_AFTER_LOOK_MS = 10 * 60_000;
/** Keys of one source that are watched at once; beyond it those that were looked at longest ago are let go. */
export const WATCHED_KEYS_MAX = 500;
/** Reads of one row each in one period at most: with more keys each is read less often, those looked at first. */
export const WATCH_READS_PER_PERIOD_MAX = 50;
const READS_AT_ONCE = 8;
/** Keys that come to be watched in one period at most, so that walking keys one by one does not fill the journal. */
const NEW_KEYS_PER_PERIOD_MAX = 20;
/** A page asks again within this: the key is being looked at. */
const LOOKED_AT_MS = 6_000;
/** A key that could not be read for this long, of a source that is up, is told as not read. */
const UNREAD_AFTER_MS = 10_000;
const READ_TIMEOUT_MS = 2_000;
/** Longest subject that a history can be asked for by. */
const SUBJECT_CHARS_MAX = 12_000;
const EVENTS_PER_BATCH = 100;

/** Follows the owners of the keys that people look at, and records what changes. */
export interface ActorWatch {
  /**
   * Reads one key for somebody who looks at it, and, while it runs, keeps it watched.
   *
   * @throws OpsError as `DnaStore.actor` does
   */
  look(key: ActorKey): Promise<ActorRow | MalformedRow | null>;
  /** A job of ours has released this key from `owner`: recorded if the key is watched. */
  released(key: ActorKey, owner: string, job: { readonly id: string; readonly requestId: string | null }): void;
  /** A job of ours has given this key from `owner` to another node: likewise. */
  claimed(
    key: ActorKey,
    owner: string,
    claim: Claim,
    job: { readonly id: string; readonly requestId: string | null },
  ): void;
  /** Reads until aborted; survives every failure of source and journal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Whom a key was given to, and what was written as the instant. */
export interface Claim {
  readonly to: string;
  readonly claimedAt: EpochMs;
}

interface Entry {
  readonly key: ActorKey;
  lookedAt: MonotonicMs;
  /** Start of the last good read; `null` = none by this process. */
  readAt: EpochMs | null;
  /** What began before this says nothing any more. */
  notBefore: MonotonicMs;
  /** Start of the last read that said what the fold says. */
  knownAt: EpochMs | null;
  /** Turn of its next read: the smallest is due first. */
  turn: number;
  failingSince: MonotonicMs | null;
  failure: string | null;
}

export function createActorWatch(deps: {
  readonly sourceId: string;
  readonly store: Pick<DnaStore, "actor">;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dna">;
  readonly clock: Clock;
  readonly log: Logger;
}): ActorWatch {
  const { sourceId, store, recorder, clock, log } = deps;
  const stream = dnaStream(sourceId);
  const entries = new Map<string, Entry>();
  /** Keys that were let go, until that is recorded. */
  const left = new Map<string, { readonly readAt: EpochMs | null; readonly reason: string }>();
  const readings = new Map<string, OwnerReading>();
  const releases: EventDraft[] = [];
  let turns = 0;
  let fresh = 0;
  let recording: Promise<void> | null = null;
  /** Only who runs writes down: a console that follows another reads for those who look, and leaves the rest to it. */
  let running = false;

  const fold = () => deps.view.dna(sourceId);
  const known = (subject: string) => own(fold().watched, subject);

  function entryOf(key: ActorKey): Entry {
    const lookedAt = clock.monotonic();
    return {
      key,
      lookedAt,
      readAt: null,
      notBefore: lookedAt,
      knownAt: null,
      turn: 0,
      failingSince: null,
      failure: null,
    };
  }

  /** Answers the entry of a key that is looked at; `null` when it may not be watched now. */
  function attend(key: ActorKey): Entry | null {
    const subject = actorSubject(key);
    const found = entries.get(subject);
    if (found !== undefined) {
      found.lookedAt = clock.monotonic();
      return found;
    }
    if (!running || subject.length > SUBJECT_CHARS_MAX || fresh >= NEW_KEYS_PER_PERIOD_MAX) return null;
    fresh += 1;
    const entry = entryOf(key);
    entries.set(subject, entry);
    left.delete(subject);
    if (entries.size > WATCHED_KEYS_MAX) letGo(oldest(), `over ${WATCHED_KEYS_MAX} keys are looked at`);
    return entry;
  }

  const oldest = (): string =>
    [...entries].reduce((a, b) => (b[1].lookedAt < a[1].lookedAt ? b : a), ["", entryOf(NO_KEY)] as const)[0];

  function letGo(subject: string, reason: string): void {
    left.set(subject, { readAt: entries.get(subject)?.readAt ?? null, reason });
    entries.delete(subject);
    readings.delete(subject);
  }

  async function read(key: ActorKey, entry: Entry | null): Promise<ActorRow | MalformedRow | null> {
    const readAt = clock.now();
    const startedAt = clock.monotonic();
    try {
      const row = await withinDeadline(clock, READ_TIMEOUT_MS, "The row of the key", () => store.actor(key, "quorum"));
      if (entry !== null) observe(entry, startedAt, { key, owner: ownerOf(row), readAt });
      return row;
    } catch (cause) {
      if (entry !== null) {
        entry.failingSince ??= clock.monotonic();
        entry.failure = messageOf(cause);
      }
      throw cause;
    }
  }

  /** Of two reads the one that began later counts. */
  function observe(entry: Entry, startedAt: MonotonicMs, reading: OwnerReading): void {
    if (startedAt < entry.notBefore) return;
    entry.notBefore = startedAt;
    entry.readAt = reading.readAt;
    entry.failingSince = null;
    readings.set(actorSubject(entry.key), reading);
    recordSoon();
  }

  /** What is to be recorded now; of the readings taken, those that say what the fold says are done with. */
  function take(): { readonly drafts: readonly EventDraft[]; readonly told: readonly OwnerReading[] } {
    if (releases.length > 0) return { drafts: releases.splice(0, EVENTS_PER_BATCH), told: [] };
    const drafts: EventDraft[] = [];
    const told: OwnerReading[] = [];
    for (const [subject, reading] of [...readings].slice(0, EVENTS_PER_BATCH)) {
      readings.delete(subject);
      const entry = entries.get(subject);
      if (entry === undefined) continue;
      const draft = ownerChange(subject, known(subject), reading, entry.knownAt);
      if (draft !== null) drafts.push(draft);
      told.push(reading);
    }
    return { drafts, told };
  }

  function recordSoon(): void {
    recording ??= recordAll()
      .catch((cause: unknown) => log.warn("dna.actors.not-recorded", { source: sourceId, cause }))
      .finally(() => {
        recording = null;
      });
  }

  async function recordAll(): Promise<void> {
    while (releases.length > 0 || readings.size > 0) {
      const { drafts, told } = take();
      if (drafts.length > 0) await recorder.record(stream, drafts);
      for (const { key, readAt } of told) {
        const entry = entries.get(actorSubject(key));
        if (entry !== undefined) entry.knownAt = readAt;
      }
    }
    const gone = departures();
    if (gone.length > 0) await recorder.record(stream, gone);
    for (const { subject } of gone) left.delete(subject);
  }

  /** Keys that the fold has and nobody follows, or nobody can read. */
  function departures(): readonly EventDraft[] {
    const now = clock.now();
    const up = fold().source.state === "up";
    return Object.entries(fold().watched).flatMap(([subject, actor]) => {
      const entry = entries.get(subject);
      if (entry === undefined) {
        const gone = left.get(subject);
        return [unwatched(subject, actor, gone?.readAt ?? null, now, gone?.reason ?? NOBODY_LOOKS)];
      }
      const { failingSince, failure, knownAt } = entry;
      if (!up || failingSince === null || clock.monotonic() - failingSince < UNREAD_AFTER_MS) return [];
      return [unwatched(subject, actor, knownAt, now, `it cannot be read: ${failure ?? "no answer"}`)];
    });
  }

  /** One period: lets go whom nobody looks at, reads those whose turn it is. Never rejects. */
  async function round(): Promise<void> {
    fresh = 0;
    const now = clock.monotonic();
    for (const [subject, { lookedAt }] of entries)
      if (now - lookedAt > WATCH_AFTER_LOOK_MS) letGo(subject, NOBODY_LOOKS);
    // A source that is down is not asked for rows as well: its reader says when it is back.
    if (fold().source.state === "up") await readDue(now);
    recordSoon();
  }

  async function readDue(now: MonotonicMs): Promise<void> {
    const looked = (entry: Entry) => (now - entry.lookedAt <= LOOKED_AT_MS ? 0 : 1);
    const due = [...entries.values()]
      .sort((a, b) => looked(a) - looked(b) || a.turn - b.turn)
      .slice(0, WATCH_READS_PER_PERIOD_MAX);
    for (const entry of due) {
      turns += 1;
      entry.turn = turns;
    }
    for (let start = 0; start < due.length; start += READS_AT_ONCE) {
      const reads = due.slice(start, start + READS_AT_ONCE).map((entry) => read(entry.key, entry));
      for (const { reason } of (await Promise.allSettled(reads)).filter((result) => result.status === "rejected"))
        if (!(reason instanceof OpsError)) log.error("dna.actors.unexpected", { source: sourceId, cause: reason });
    }
  }

  /** Records what our own job did to a watched key; `null` = it was not known as the owner's. */
  function changed(key: ActorKey, owner: string): string | null {
    const subject = actorSubject(key);
    if (known(subject)?.incarnation !== owner) return null;
    // What was read before the change may have seen the old owner.
    const entry = entries.get(subject);
    if (entry !== undefined) entry.notBefore = clock.monotonic();
    readings.delete(subject);
    return subject;
  }

  return {
    async look(key) {
      return read(key, attend(key));
    },
    released(key, owner, job) {
      const subject = changed(key, owner);
      if (subject === null) return;
      const { namespace, moduleId, name } = key;
      releases.push({
        kind: "dna.actor.released",
        subject,
        occurredAt: clock.now(),
        causedBy: job.requestId,
        body: { namespace, moduleId, name, owner, jobId: job.id },
      });
      recordSoon();
    },
    claimed(key, owner, { to, claimedAt }, job) {
      const subject = changed(key, owner);
      if (subject === null) return;
      const { namespace, moduleId, name } = key;
      releases.push({
        kind: "dna.actor.claimed",
        subject,
        occurredAt: clock.now(),
        causedBy: job.requestId,
        body: { namespace, moduleId, name, owner, to, claimedAt, jobId: job.id },
      });
      recordSoon();
    },
    async run(signal) {
      running = true;
      // What an earlier life of the console watched is read on: what changed meanwhile is told with what was not known.
      for (const [subject, actor] of Object.entries(fold().watched))
        if (!entries.has(subject)) entries.set(subject, entryOf(actor));
      while (!signal.aborted) {
        await round();
        await clock.sleep(WATCH_PERIOD_MS, signal).catch((cause: unknown) => {
          if (!signal.aborted) log.error("dna.actors.unexpected", { source: sourceId, cause });
        });
      }
      running = false;
      await recording;
      // What is watched stays in the fold: whoever runs next reads on.
      entries.clear();
    },
  };
}

const NOBODY_LOOKS = "nobody looks at it any more";
const NO_KEY: ActorKey = { namespace: "", moduleId: 0, name: "" };
