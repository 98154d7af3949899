import { canJobBecome, isJobEnded } from "#server/contract/diagram/job-lifecycle.ts";
import type { JobCounts, JobFacts, JobState } from "#server/contract/event.ts";
import { OPERATOR_STREAM } from "#server/contract/event.ts";
import type { JobProgress } from "#server/contract/live.ts";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { JobStore } from "./job-store.ts";
import type {
  Checkpoint,
  JobKind,
  JobRecord,
  JobStarter,
  JobWork,
  Pace,
  TargetOutcome,
  TargetOutcomeKind,
} from "./ports.ts";

/** Progress is told at most this often: checkpoints may be far more frequent. */
const PUBLISH_INTERVAL_MS = 250;
/** Pause before what the journal did not take is written again. */
const JOURNAL_RETRY_MS = 1_000;
/** Said to whoever comes while a job that changes something on the same stream is not finished, or is being started. */
const ANOTHER_JOB_OF_STREAM = "Another job of this source is not finished.";

/** Durable bulk work: started, paused, resumed, cancelled; goes on by itself after a restart. */
export interface JobRunner extends JobStarter {
  /** Takes up what was running when the console last ended. */
  recover(): Promise<void>;
  list(): readonly JobRecord[];
  get(jobId: string): JobRecord | null;
  progress(jobId: string): JobProgress | null;
  /** `requestId`: the operator's request that the change of state follows from; without one, that of the job itself. */
  pause(jobId: string, requestId?: string): Promise<void>;
  resume(jobId: string, requestId?: string): Promise<void>;
  cancel(jobId: string, requestId?: string): Promise<void>;
  /**
   * Evidence has settled one target, also of a job that has ended: written down and counted when it resolves. A job that
   * is not known any more is passed over.
   */
  settle(jobId: string, outcome: TargetOutcome): Promise<void>;
  /** Pauses every job that sends something, at its next safe point; answers how many. */
  hold(note: string, requestId: string): Promise<number>;
  /** Ends the work of this process at safe points; jobs stay as they are on disk. */
  stop(): Promise<void>;
}

export const isEnded = isJobEnded;

const sameCounts = (a: JobCounts, b: JobCounts): boolean =>
  a.applied === b.applied && a.moved === b.moved && a.failed === b.failed && a.unknown === b.unknown;

interface Live {
  record: JobRecord;
  abort: AbortController | null;
  finished: Promise<void>;
  pace: Pace;
  startedAt: EpochMs;
  doneAtStart: number;
  /** Writes of the record, one after the other. */
  turn: Promise<unknown>;
  /** A checkpoint was given up half-way: outcomes may be on disk that the record does not count. */
  behind: boolean;
}

const NO_COUNTS: JobCounts = { total: 0, applied: 0, moved: 0, failed: 0, unknown: 0 };
const settled = (counts: JobCounts) => counts.applied + counts.moved + counts.failed + counts.unknown;

export function createJobRunner(deps: {
  readonly store: JobStore;
  readonly kinds: readonly JobKind[];
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "operator">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why nothing may be sent at all; such jobs are not taken up after a restart either. */
  readonly held?: () => string | null;
}): JobRunner {
  const { store, recorder, clock, log } = deps;
  const jobs = new Map<string, Live>();
  /** Streams on which a job that changes something is being started: it is journalled before it is in `jobs`. */
  const starting = new Set<string>();
  let stopping = false;

  const liveOf = (jobId: string): Live => {
    const live = jobs.get(jobId);
    if (live === undefined) throw new OpsError("not-found", `No job ${jobId}`);
    return live;
  };

  const readsOnly = ({ facts }: { readonly facts: Pick<JobFacts, "kind"> }): boolean =>
    deps.kinds.find(({ kind }) => kind === facts.kind)?.readsOnly === true;

  const changesOn = (stream: string, facts: JobFacts): boolean =>
    facts.stream === stream && !isEnded(facts.state) && !readsOnly({ facts });

  const isTaken = (stream: string): boolean =>
    starting.has(stream) || [...jobs.values()].some(({ record }) => changesOn(stream, record.facts));

  /** By the journal too: before `recover` has read them, jobs of an earlier life are known by it alone. */
  const isBusy = (stream: string): boolean =>
    isTaken(stream) ||
    Object.entries(deps.view.operator().jobs).some(([id, facts]) => !jobs.has(id) && changesOn(stream, facts));

  /**
   * Writes once the journal takes it. A journal that is away for a moment, or whose answer to a write is not known, is no
   * end of a job: it stands still where it is until what it did is written down.
   */
  async function onceJournalled<T>(job: string, signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await write();
      } catch (cause) {
        if (!(cause instanceof OpsError) || cause.code !== "journal-unavailable") throw cause;
        log[tries === 0 ? "warn" : "debug"]("job.waits_for_journal", { job, cause });
        await clock.sleep(JOURNAL_RETRY_MS, signal);
      }
    }
  }

  /** Whoever changes the record of a job waits for whoever changes it now. */
  function inTurn<T>(live: Live, change: () => Promise<T>): Promise<T> {
    const mine = live.turn.then(change);
    live.turn = mine.catch(() => undefined);
    return mine;
  }

  const setState = (live: Live, state: JobState, note: string | null, requestId?: string): Promise<void> =>
    inTurn(live, () => changeState(live, state, note, requestId ?? live.record.facts.requestId));

  async function changeState(live: Live, state: JobState, note: string | null, causedBy: string): Promise<void> {
    const { facts } = live.record;
    if (facts.state === state && facts.note === note) return;
    if (facts.state !== state && !canJobBecome(facts.state, state))
      throw new OpsError("conflict", `The job is ${facts.state}: it cannot become ${state}`);
    const next = { ...live.record, facts: { ...facts, state, note } };
    await recorder.record(OPERATOR_STREAM, [
      {
        kind: "job.state_changed",
        subject: live.record.id,
        occurredAt: clock.now(),
        causedBy,
        body: { from: facts.state, job: next.facts },
      },
    ]);
    live.record = next;
    await store.save(next);
  }

  const checkpoint = (live: Live, point: Checkpoint, signal: AbortSignal): Promise<void> =>
    inTurn(live, () => write(live, point, (save) => onceJournalled(live.record.id, signal, save)));

  async function write(
    live: Live,
    { outcomes, bookmark, done }: Checkpoint,
    patiently: (write: () => Promise<void>) => Promise<void> = (save) => save(),
  ): Promise<void> {
    const counts: Record<TargetOutcomeKind, number> & { total: number } = { ...live.record.facts.counts, ...done };
    for (const outcome of outcomes) {
      await patiently(async () => {
        const before = await store.outcome(live.record.id, outcome.key);
        if (before !== null) counts[before.outcome] -= 1;
      });
      counts[outcome.outcome] += 1;
    }
    counts.total = Math.max(counts.total, settled(counts));
    const next = { ...live.record, bookmark, facts: { ...live.record.facts, counts } };
    try {
      // The very same again: counted anew, what is on disk by half would be taken for counted.
      await patiently(() => store.checkpoint(next, outcomes));
    } catch (cause) {
      live.behind = true;
      throw cause;
    }
    live.record = next;
    publishSoon();
  }

  /** What is found out of a job that has ended changes its counts, which the journal tells with its state. */
  async function tellCounts(live: Live): Promise<void> {
    const { facts } = live.record;
    await recorder.record(OPERATOR_STREAM, [
      {
        kind: "job.state_changed",
        subject: live.record.id,
        occurredAt: clock.now(),
        causedBy: facts.requestId,
        body: { from: facts.state, job: facts },
      },
    ]);
  }

  let publishedAt = Number.NEGATIVE_INFINITY;
  let publishing: AbortController | null = null;
  /** At once after a pause, else when the interval is over: the last word is always told. */
  function publishSoon(): void {
    const dueInMs = publishedAt + PUBLISH_INTERVAL_MS - clock.monotonic();
    if (dueInMs <= 0) {
      publish();
      return;
    }
    if (publishing !== null) return;
    const mine = new AbortController();
    publishing = mine;
    clock.sleep(dueInMs, mine.signal).then(
      () => publish(),
      (cause: unknown) => {
        if (!mine.signal.aborted) log.error("job.progress_not_told", { cause });
      },
    );
  }

  function progressOf(live: Live): JobProgress {
    const { counts } = live.record.facts;
    const done = settled(counts);
    const elapsedSec = Math.max(0.001, (clock.now() - live.startedAt) / 1000);
    const perSecond = live.abort === null ? 0 : (done - live.doneAtStart) / elapsedSec;
    const left = Math.max(0, counts.total - done);
    const estimatedEndAt =
      perSecond > 0 && left > 0 ? epochMs(Math.round(clock.now() + (left / perSecond) * 1000)) : null;
    return { counts, walked: live.pace.walked, walkedAll: live.pace.walkedAll, perSecond, estimatedEndAt };
  }

  function publish(): void {
    publishing?.abort();
    publishing = null;
    publishedAt = clock.monotonic();
    const running = [...jobs.values()].filter((live) => !isEnded(live.record.facts.state));
    recorder.sample(OPERATOR_STREAM, {
      asOf: clock.now(),
      readMs: 0,
      jobs: Object.fromEntries(running.map((live) => [live.record.id, progressOf(live)])),
    });
  }

  function workOf(live: Live, signal: AbortSignal): JobWork {
    return {
      id: live.record.id,
      params: live.record.params,
      bookmark: live.record.bookmark,
      facts: live.record.facts,
      signal,
      frozen: (from, limit) => store.frozen(live.record.id, from, limit),
      outcome: (key) => store.outcome(live.record.id, key),
      checkpoint: (point) => checkpoint(live, point, signal),
      counts: () => live.record.facts.counts,
      setWaiting: (note) =>
        onceJournalled(live.record.id, signal, () => setState(live, note === null ? "running" : "waiting", note)),
      pace(pace) {
        live.pace = pace;
        publishSoon();
      },
    };
  }

  async function perform(live: Live, kind: JobKind, signal: AbortSignal): Promise<void> {
    try {
      // What the kind journals itself may be refused likewise: then it goes on from its bookmark, as after a restart.
      const end = await onceJournalled(live.record.id, signal, () => kind.run(workOf(live, signal)));
      if (!signal.aborted) await onceJournalled(live.record.id, signal, () => setState(live, end.state, end.note));
    } catch (cause) {
      if (signal.aborted) return;
      log.error("job.failed", { job: live.record.id, cause });
      await setState(live, "failed", messageOf(cause)).catch((error: unknown) => {
        log.error("job.state_not_recorded", { job: live.record.id, cause: error });
      });
    } finally {
      live.abort = null;
      publish();
    }
  }

  const kindOf = (live: Live): JobKind | undefined =>
    deps.kinds.find((candidate) => candidate.kind === live.record.facts.kind);
  const sends = (live: Live): boolean => kindOf(live)?.readsOnly !== true;
  const isMoving = ({ record: { facts } }: Live): boolean => facts.state === "running" || facts.state === "waiting";

  function launch(live: Live): void {
    const kind = kindOf(live);
    if (kind === undefined) throw new OpsError("refused", `No kind of job ${live.record.facts.kind}`);
    live.abort = new AbortController();
    live.startedAt = clock.now();
    live.doneAtStart = settled(live.record.facts.counts);
    live.finished = perform(live, kind, live.abort.signal);
  }

  /** A kill between outcomes and the record that counts them leaves the counts behind: they are counted anew. */
  async function recounted(record: JobRecord): Promise<JobRecord> {
    const { state, counts } = record.facts;
    if ((isEnded(state) && counts.unknown === 0) || readsOnly(record)) return record;
    const found = await store.count(record.id);
    const total = Math.max(counts.total, settled({ ...found, total: 0 }));
    return { ...record, facts: { ...record.facts, counts: { ...found, total } } };
  }

  const liven = (record: JobRecord): Live => {
    const live: Live = {
      record,
      abort: null,
      finished: Promise.resolve(),
      pace: { walked: 0, walkedAll: false },
      startedAt: clock.now(),
      doneAtStart: 0,
      turn: Promise.resolve(),
      behind: false,
    };
    jobs.set(record.id, live);
    return live;
  };

  /** Jobs that were journalled but never came to disk: the console was killed between the two; nothing of them was sent. */
  async function closeLost(lost: readonly (readonly [string, JobFacts])[]): Promise<void> {
    for (const [id, facts] of lost) {
      const { since: _, ...job } = facts as JobFacts & { since?: EpochMs };
      const failed: JobFacts = {
        ...job,
        state: "failed",
        note: "the console ended before the job began; nothing was sent",
      };
      await recorder.record(OPERATOR_STREAM, [
        {
          kind: "job.state_changed",
          subject: id,
          occurredAt: clock.now(),
          causedBy: facts.requestId,
          body: { from: facts.state, job: failed },
        },
      ]);
    }
  }

  async function halt(live: Live): Promise<void> {
    live.abort?.abort(new OpsError("cancelled", "The job was told to stop"));
    await live.finished;
  }

  return {
    async recover() {
      const journalled = deps.view.operator().jobs;
      for (const record of await store.all()) {
        const state = journalled[record.id]?.state ?? record.facts.state;
        const live = liven(await recounted({ ...record, facts: { ...record.facts, state } }));
        if (!isMoving(live)) continue;
        const held = sends(live) ? (deps.held?.() ?? null) : null;
        if (held === null) launch(live);
        else await setState(live, "paused", held);
      }
      await closeLost(Object.entries(journalled).filter(([id, facts]) => !jobs.has(id) && !isEnded(facts.state)));
      publish();
    },
    async start({ id, facts, total, params, bookmark, frozen }) {
      if (stopping) throw new OpsError("refused", "The console is stopping");
      const counts = { ...NO_COUNTS, total };
      const full: JobFacts = { ...facts, state: "running", note: null, counts, createdAt: clock.now() };
      const record: JobRecord = { id, facts: full, params, bookmark };
      const changes = !readsOnly(record);
      if (changes && isTaken(facts.stream)) throw new OpsError("refused", ANOTHER_JOB_OF_STREAM);
      if (changes) starting.add(facts.stream);
      try {
        await recorder.record(OPERATOR_STREAM, [
          { kind: "job.created", subject: id, occurredAt: clock.now(), causedBy: facts.requestId, body: full },
        ]);
        if (frozen !== undefined) await store.freeze(id, frozen);
        await store.save(record);
        launch(liven(record));
      } finally {
        if (changes) starting.delete(facts.stream);
      }
    },
    startedBy: (requestId) =>
      [...jobs.values()].find((live) => live.record.facts.requestId === requestId)?.record.id ?? null,
    busy: isBusy,
    list: () => [...jobs.values()].map((live) => live.record),
    get: (jobId) => jobs.get(jobId)?.record ?? null,
    progress(jobId) {
      const live = jobs.get(jobId);
      return live === undefined ? null : progressOf(live);
    },
    async pause(jobId, requestId) {
      const live = liveOf(jobId);
      const { state } = live.record.facts;
      if (!canJobBecome(state, "paused"))
        throw new OpsError("conflict", `The job is ${state}: only a running one can be paused`);
      await halt(live);
      if (isEnded(live.record.facts.state))
        throw new OpsError("conflict", `The job has meanwhile become ${live.record.facts.state}`);
      await setState(live, "paused", "paused by an operator", requestId);
    },
    async resume(jobId, requestId) {
      const live = liveOf(jobId);
      const held = sends(live) ? (deps.held?.() ?? null) : null;
      if (held !== null) throw new OpsError("refused", held);
      if (live.record.facts.state !== "paused")
        throw new OpsError("conflict", `The job is ${live.record.facts.state}: only a paused one can be resumed`);
      if (live.behind) live.record = await recounted(live.record);
      live.behind = false;
      await setState(live, "running", null, requestId);
      launch(live);
    },
    async cancel(jobId, requestId) {
      const live = liveOf(jobId);
      if (isEnded(live.record.facts.state))
        throw new OpsError("conflict", `The job is already ${live.record.facts.state}`);
      await halt(live);
      if (isEnded(live.record.facts.state))
        throw new OpsError("conflict", `The job has meanwhile become ${live.record.facts.state}`);
      await setState(live, "cancelled", "cancelled by an operator; what is done stays done", requestId);
    },
    async settle(jobId, outcome) {
      const live = jobs.get(jobId);
      if (live === undefined) return;
      await inTurn(live, async () => {
        const { counts } = live.record.facts;
        await write(live, { outcomes: [outcome], bookmark: live.record.bookmark });
        if (isEnded(live.record.facts.state) && !sameCounts(counts, live.record.facts.counts)) await tellCounts(live);
      });
    },
    async hold(note, requestId) {
      const moving = [...jobs.values()].filter((live) => isMoving(live) && sends(live));
      await Promise.all(moving.map(halt));
      const held = moving.filter((live) => !isEnded(live.record.facts.state));
      await Promise.all(held.map((live) => setState(live, "paused", note, requestId)));
      return held.length;
    },
    async stop() {
      stopping = true;
      publishing?.abort();
      await Promise.all([...jobs.values()].map(halt));
    },
  };
}
