/** The one way from a producer to the screens: append to the journal, fold, tell the listeners, in this order. */
import type { Positions } from "#server/contract/cursor.ts";
import {
  dnaStream,
  dynflowStream,
  familyOf,
  hafStream,
  ingestStream,
  type JournalEvent,
  OPERATOR_STREAM,
  type StreamName,
} from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import { EMPTY_HAF } from "#server/contract/fold/haf.ts";
import { EMPTY_INGEST } from "#server/contract/fold/ingest.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { JournalStatus } from "#server/contract/live.ts";
import type { Journal, StreamHead, WriterRole } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { type AppendWatch, createAppendWatch } from "./append-watch.ts";
import { createFoldState, type FoldState } from "./fold-state.ts";
import { createJournalRole, SOLE_WRITER } from "./journal-role.ts";
import { watchJournal } from "./journal-watch.ts";
import type { FoldView, Recorder } from "./ports.ts";
import { followJournal } from "./recorder-follow.ts";
import { createSnapshotWriter, type SnapshotWriter } from "./snapshots.ts";

const REPLAY_PAGE_EVENTS = 2_000;
/** A burst is folded in slices, so that the loop serves others in between. */
const FOLD_SLICE_EVENTS = 1_000;

export interface RecorderOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  /** Left out where nobody else can write the journal. */
  readonly role?: WriterRole;
}

export interface RecorderCounts extends ReturnType<AppendWatch["counts"]> {
  readonly recorded: number;
  readonly failed: number;
}

/**
 * Recorder and view in one: what producers write to and the hub publishes. While another console writes the journal
 * nothing is recorded (`refused`), and what that one writes is folded as it comes.
 */
export interface LiveRecorder extends Recorder, FoldView {
  /** How far each stream is folded. */
  positions(): Positions;
  /**
   * Not ok from a failed append to the next that succeeds: the folds stand still, mutations are to be refused. They are
   * refused too while it `follows`.
   */
  journalStatus(): JournalStatus;
  /**
   * Catches up with everything in the journal, and records from then on; to be called when the role has come to be the
   * writer's, before anything is read upstream. Rejects when the journal cannot be read, or somebody else writes it.
   */
  lead(): Promise<void>;
  /** Events recorded and appends that failed, since the start; and how the last appends went. */
  counts(): RecorderCounts;
  /** Calls back after each change of a stream's samples; returns the way to stop. */
  onSample(listener: (stream: StreamName) => void): () => void;
  /** Writes a snapshot of each of these streams as it stands. Never rejects. */
  writeSnapshots(streams: readonly StreamName[]): Promise<void>;
  /** Writes a snapshot of every stream that moved since its last. Before the journal is closed. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Loads the latest snapshot of every stream in the journal and replays what came after it. What retention has dropped
 * and no snapshot of this fold's version holds is not in the folds; the log says so.
 *
 * @throws OpsError `journal-unavailable` when the journal cannot be read
 */
export async function createRecorder(options: RecorderOptions): Promise<LiveRecorder> {
  // Who comes to write only later has to read once more what was written meanwhile.
  const wrote = options.role === undefined || options.role.state().role === "writer";
  const state = createFoldState(options.log);
  const snapshots = createSnapshotWriter(state, options);
  const restored: Restored = { state, snapshots, journal: options.journal };
  for (const head of await options.journal.heads()) {
    if (familyOf(head.stream) !== null) await restore(restored, head, options.log);
  }
  return recorderOn(restored, options, wrote);
}

interface Restored {
  readonly state: FoldState;
  readonly snapshots: SnapshotWriter;
  readonly journal: Journal;
}

/** From the latest snapshot; where there is none that the kept events follow on, from the oldest event kept. */
async function restore(
  { state, snapshots, journal }: Restored,
  { stream, epoch, keptAfter }: StreamHead,
  log: Logger,
): Promise<void> {
  const found = await journal.latestSnapshot(stream, FOLD_VERSION);
  const isUsable = found?.state.family === familyOf(stream) && BigInt(found.seq) >= BigInt(keptAfter);
  const snapshot = isUsable ? found : null;
  const seq = snapshot?.seq ?? keptAfter;
  if (snapshot === null && keptAfter !== "0") log.warn("live.history_cut", { stream, keptAfter });
  state.begin(stream, { epoch, seq }, snapshot?.state ?? null);
  snapshots.began(stream, seq);
  await catchUp(state, journal, stream, null);
  snapshots.moved(stream);
}

/** Folds what the journal holds behind the stream's position, up to and without `before`. */
async function catchUp(state: FoldState, journal: Journal, stream: StreamName, before: bigint | null): Promise<void> {
  for (;;) {
    const page = await journal.after(stream, state.positions()[stream]?.seq ?? "0", REPLAY_PAGE_EVENTS);
    const missed = before === null ? page : page.filter((event) => BigInt(event.seq) < before);
    await foldInSlices(state, stream, missed);
    if (missed.length < REPLAY_PAGE_EVENTS) return;
  }
}

async function foldInSlices(state: FoldState, stream: StreamName, events: readonly JournalEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += FOLD_SLICE_EVENTS) {
    if (start > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    state.fold(stream, events.slice(start, start + FOLD_SLICE_EVENTS));
  }
}

function recorderOn({ state, snapshots, journal }: Restored, options: RecorderOptions, wrote: boolean): LiveRecorder {
  const { clock, log } = options;
  /** Ends of the streams' queues: appends overlap and so share transactions, folding does not. */
  const tails = new Map<StreamName, Promise<unknown>>();
  const watch = watchJournal(record, clock, log);
  const role = createJournalRole(options.role ?? SOLE_WRITER, clock, wrote, () => {
    watch.forget();
    state.forgetSamples();
  });
  const following = followJournal({
    ...options,
    state,
    snapshots,
    role,
    inTurn,
    catchUp: (stream) => catchUp(state, journal, stream, null),
  });
  if (options.role !== undefined) following.start();
  const appends = createAppendWatch(clock);
  let recorded = 0;
  let failed = 0;

  /** One after the other in a stream; whoever fails hears of it, and the queue goes on behind it. */
  function inTurn<T>(stream: StreamName, act: () => Promise<T>): Promise<T> {
    const done = (tails.get(stream) ?? Promise.resolve()).then(act);
    tails.set(
      stream,
      done.catch(() => undefined),
    );
    return done;
  }

  async function record(
    stream: StreamName,
    drafts: Parameters<Recorder["record"]>[1],
  ): Promise<readonly JournalEvent[]> {
    role.demand();
    const beganAt = clock.monotonic();
    const appended = journal.append(stream, drafts).then(
      (events) => {
        appends.ended(beganAt);
        return { events };
      },
      (cause: unknown) => ({ cause }),
    );
    return inTurn(stream, async () => {
      const result = await appended;
      if ("cause" in result) {
        failed += 1;
        if (role.leads()) watch.failed(result.cause);
        throw result.cause;
      }
      recorded += result.events.length;
      if (!watch.status().ok) void reread();
      watch.succeeded();
      await foldAppended(stream, result.events);
      return result.events;
    });
  }

  /** The journal is back: what it could not acknowledge it may have stored all the same, in any stream. */
  async function reread(): Promise<void> {
    try {
      await following.pull();
    } catch (cause) {
      log.warn("live.reread.failed", { cause: messageOf(cause) });
    }
  }

  async function foldAppended(stream: StreamName, events: readonly JournalEvent[]): Promise<void> {
    if (familyOf(stream) === null) return;
    if (state.positions()[stream] === undefined) await begin(stream);
    const fresh = freshOf(events, BigInt(state.positions()[stream]?.seq ?? "0"));
    const first = fresh[0];
    if (first === undefined) return;
    const follows = BigInt(state.positions()[stream]?.seq ?? "0") + 1n;
    // An append that nobody waited for any more had been stored after all.
    if (BigInt(first.seq) > follows) await catchUp(state, journal, stream, BigInt(first.seq));
    await foldInSlices(state, stream, fresh);
    snapshots.moved(stream);
  }

  async function begin(stream: StreamName): Promise<void> {
    const head = (await journal.heads()).find((candidate) => candidate.stream === stream);
    if (head === undefined) throw new OpsError("journal-unavailable", `The journal does not know its stream ${stream}`);
    state.begin(stream, { epoch: head.epoch, seq: head.keptAfter }, null);
    snapshots.began(stream, head.keptAfter);
  }

  return {
    record,
    sample: state.sample,
    ...viewOf(state),
    positions: state.positions,
    journalStatus: () => role.status() ?? watch.status(),
    async lead() {
      if (role.leads()) return;
      await following.pull();
      watch.forget();
      role.lead();
      role.demand();
    },
    counts: () => ({ recorded, failed, ...appends.counts() }),
    onSample: state.onSample,
    writeSnapshots: snapshots.writeNow,
    async stop() {
      watch.stop();
      await following.stop();
      await Promise.all(tails.values());
      if (role.leads()) await snapshots.writeAll();
      role.stop();
    },
  };
}

/** Without what is folded already: events that the stream held before, and an id given twice. */
function freshOf(events: readonly JournalEvent[], folded: bigint): readonly JournalEvent[] {
  let last = folded;
  return events.filter((event) => {
    const isFresh = BigInt(event.seq) > last;
    if (isFresh) last = BigInt(event.seq);
    return isFresh;
  });
}

function viewOf(state: FoldState): FoldView {
  return {
    folds: state.folds,
    samples: state.samples,
    dna(sourceId) {
      const fold = state.folds()[dnaStream(sourceId)];
      return fold?.family === "dna" ? fold : EMPTY_DNA;
    },
    dynflow(sourceId) {
      const fold = state.folds()[dynflowStream(sourceId)];
      return fold?.family === "dynflow" ? fold : EMPTY_DYNFLOW;
    },
    haf(sourceId) {
      const fold = state.folds()[hafStream(sourceId)];
      return fold?.family === "haf" ? fold : EMPTY_HAF;
    },
    ingest(sourceId) {
      const fold = state.folds()[ingestStream(sourceId)];
      return fold?.family === "ingest" ? fold : EMPTY_INGEST;
    },
    operator() {
      const fold = state.folds()[OPERATOR_STREAM];
      return fold?.family === "operator" ? fold : EMPTY_OPERATOR;
    },
    onEvents: state.onEvents,
  };
}
