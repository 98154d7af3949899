import { type EventDraft, hafStream, type SourceHealth } from "#server/contract/event.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type ContainerWatch, createContainerWatch } from "./container-watch.ts";
import type { HafEngine, HafStore } from "./ports.ts";
import { judgeLook } from "./reader-judge.ts";
import { adoptChecks, emptyMemory } from "./reader-memory.ts";
import { createHafReads } from "./reader-reads.ts";
import { createHafRows, type NewRows } from "./reader-rows.ts";
import { sampleOf } from "./reader-sample.ts";

/** Start to start of two looks. */
export const LOOK_PERIOD_MS = 2_000;
/** Wait after a failed look; constant, so that a database that is back is seen within seconds. */
const RETRY_MS = 1_000;
/** Start to start of two reads of what seldom grows: forks, starts of hived. */
const SLOW_ROWS_PERIOD_MS = 5_000;
/** Consecutive failures after which the source is down. */
const FAILURES_TO_DOWN = 2;
/** Time without a good look after which the source is down at the next failure. */
const DOWN_AFTER_MS = 4_000;
/** A main loop that was late by more tells nothing of paces and ages: that look is not judged. */
const LOOP_LATE_MAX_MS = 5_000;
/** Events that are recorded at once. */
const RECORD_AT_ONCE = 200;

const NO_ROWS: NewRows = { log: [], forks: [], hived: [] };

export interface HafReaderOptions {
  readonly sourceId: string;
  readonly store: HafStore;
  /** `null` = containers are not looked at. */
  readonly engine: HafEngine | null;
  /** Apps in the order in which they are meant to be set up; empty = as they are found. */
  readonly apps: readonly string[];
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "haf">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loopDelay: { maxLateSince(since: MonotonicMs): number };
}

/** The one reader of a HAF stack: reads its database and containers, judges, and records what changed. */
export interface HafReader {
  /** Runs until aborted; survives every failure of database, engine and journal. Resolves when aborted. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Reads everything anew and records what changed, behind a look that goes on.
   *
   * @throws OpsError of the read that failed, or `journal-unavailable`
   */
  readNow(): Promise<void>;
}

export function createHafReader(options: HafReaderOptions): HafReader {
  const { sourceId, store, recorder, view, clock, log, engine } = options;
  const stream = hafStream(sourceId);
  const reads = createHafReads(store, clock, options.apps);
  const rowReader = createHafRows(store, reads, clock, log);
  const memory = emptyMemory();
  const containers: ContainerWatch | null =
    engine === null ? null : createContainerWatch({ engine, clock, log, changed: () => undefined });
  let verdict: { readonly state: SourceHealth; readonly reason: string | null } = {
    state: "starting",
    reason: "the console started",
  };
  let failures = 0;
  let adopted = false;
  let lastGoodAt = clock.monotonic();
  let slowRowsAt: MonotonicMs | null = null;
  let looking: Promise<void> = Promise.resolve();

  function adopt(): void {
    if (adopted) return;
    adopted = true;
    adoptChecks(memory, view.haf(sourceId), clock.now(), clock.monotonic());
  }

  async function readRows(force: boolean): Promise<NewRows> {
    const fold = view.haf(sourceId);
    const { instance } = reads.seen();
    const moved = instance !== null && instance.syncState !== fold.syncState;
    const due = slowRowsAt === null || clock.monotonic() - slowRowsAt >= SLOW_ROWS_PERIOD_MS;
    const slow = force || due || moved;
    if (slow) slowRowsAt = clock.monotonic();
    return rowReader.read(fold, instance?.now ?? clock.now(), slow);
  }

  /** One look: reads, judges, records. @throws what failed; whatever else was seen is recorded all the same */
  async function lookOnce(force: boolean): Promise<void> {
    adopt();
    const startedAt = clock.monotonic();
    const asOf = clock.now();
    if (force) await containers?.look();
    let rows = NO_ROWS;
    let failure: unknown = null;
    try {
      await reads.readDue(force);
      rows = await readRows(force);
      good(startedAt);
    } catch (cause) {
      failure = cause;
      failed(cause);
    }
    if (failure === null) {
      const haf = sampleOf(reads.seen(), reads.busy(), memory, startedAt);
      recorder.sample(stream, { asOf, readMs: clock.monotonic() - startedAt, haf });
    }
    const late = options.loopDelay.maxLateSince(startedAt) > LOOP_LATE_MAX_MS;
    await publish(late ? NO_ROWS : rows, late || (failure !== null && reads.seen().instance === null));
    if (failure !== null) throw failure;
  }

  function good(startedAt: MonotonicMs): void {
    failures = 0;
    lastGoodAt = startedAt;
    verdict = { state: "up", reason: null };
  }

  function failed(cause: unknown): void {
    failures += 1;
    reads.forgetDatabase();
    const expected = cause instanceof OpsError;
    if (!expected) log.error("haf.reader.unexpected", { source: sourceId, cause });
    const overdue = clock.monotonic() - lastGoodAt >= DOWN_AFTER_MS;
    if (expected && failures < FAILURES_TO_DOWN && !overdue) return;
    if (verdict.state !== "down") log.warn("haf.reader.down", { source: sourceId, cause });
    verdict = { state: "down", reason: messageOf(cause) };
  }

  /** @param blind nothing new was seen of the database */
  async function publish(rows: NewRows, blind: boolean): Promise<void> {
    const fold = view.haf(sourceId);
    const before = { ...memory };
    const seen = containers?.seen() ?? null;
    const nothing = blind && (seen === null || seen.state === "starting");
    const drafts = [
      ...sourceChange(),
      ...(nothing
        ? []
        : judgeLook({
            ...{ sourceId, fold, seen: reads.seen(), rows, busy: reads.busy(), containers: seen },
            ...{ configured: options.apps, memory, now: clock.now(), nowMs: clock.monotonic() },
          })),
    ];
    try {
      for (let index = 0; index < drafts.length; index += RECORD_AT_ONCE)
        await recorder.record(stream, drafts.slice(index, index + RECORD_AT_ONCE));
    } catch (cause) {
      // What was not told is compared again, from what the journal knows.
      Object.assign(memory, before);
      rowReader.untold();
      throw cause;
    }
    if (rows !== NO_ROWS) rowReader.told();
  }

  function sourceChange(): readonly EventDraft[] {
    const { state, since } = view.haf(sourceId).source;
    const never = since === 0;
    if (state === verdict.state && !never) return [];
    const body = { from: never ? null : state, to: verdict.state, reason: verdict.reason };
    return [{ kind: "source.state_changed", subject: sourceId, occurredAt: clock.now(), synthetic: true, body }];
  }

  /** Looks follow one another: the pool is read by one at a time, and what is compared stands still meanwhile. */
  function look(force: boolean): Promise<void> {
    const next = looking.then(() => lookOnce(force));
    looking = next.catch(() => undefined);
    return next;
  }

  async function round(): Promise<boolean> {
    try {
      await look(false);
      return true;
    } catch (cause) {
      if (cause instanceof OpsError && cause.code === "journal-unavailable")
        log.warn("haf.reader.not-recorded", { source: sourceId, cause });
      return false;
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<boolean>((resolve) => {
      signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    lastGoodAt = clock.monotonic();
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const fine = await Promise.race([round(), aborted]);
      const delayMs = fine ? Math.max(0, startedAt + LOOK_PERIOD_MS - clock.monotonic()) : RETRY_MS;
      await clock.sleep(delayMs, signal).catch((cause: unknown) => {
        if (!signal.aborted) log.error("haf.reader.unexpected", { source: sourceId, cause });
      });
    }
  }

  return {
    async run(signal) {
      await Promise.all([follow(signal), containers?.run(signal)]);
    },
    readNow: () => look(true),
  };
}
