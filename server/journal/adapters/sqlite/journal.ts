/** `Journal` and `StateStore` on SQLite files of one directory, written by a thread of their own. */
import { mkdirSync } from "node:fs";
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import type { StreamFold } from "#server/contract/fold/fold.ts";
import type { Journal, JournalRetention, StateStore, StreamSnapshot } from "#server/journal/ports.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type DecimalText, parseInt64 } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { type JournalKeySource, loadJournalKey } from "./key.ts";
import { lockJournal } from "./lock.ts";
import type { ChainHead, JournalCalls, JournalThreadData } from "./protocol.ts";
import { type JournalThread, startJournalThread } from "./thread.ts";
import type { ChainVerdict } from "./verify.ts";
import { verifyInThread } from "./verify-thread.ts";

const SEGMENT_EVENTS = 250_000;
const STATE_LIST_MAX = 100_000;

export interface SqliteJournalOptions {
  /** Made when it is missing. */
  readonly directory: string;
  readonly key: JournalKeySource;
  /** Gives events their time of observation. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Events a segment takes; 250,000 unless told. */
  readonly segmentEvents?: number;
  /** Bound of one file; what goes beyond fails as on a full disk. No bound unless told. */
  readonly fileBytesMax?: number;
}

export interface SqliteJournal extends Journal, JournalRetention {
  readonly state: StateStore;
  /** The newest event of each chain, with its hash: noted outside, it proves later that nothing was dropped. */
  chainHeads(): Promise<readonly ChainHead[]>;
  /** Walks every event of every segment, beside the running writer. Seconds for millions of events. */
  verifyChain(): Promise<ChainVerdict>;
}

/**
 * Opens the journal of a directory, for one process at a time.
 *
 * @throws OpsError `refused` naming who holds it, or why its files are not to be used
 */
export async function openSqliteJournal(options: SqliteJournalOptions): Promise<SqliteJournal> {
  const { directory, clock, log } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = lockJournal(directory, clock.now());
  try {
    const key = loadJournalKey(directory, options.key);
    if (key.created)
      log.warn("journal.key.generated", { file: key.origin, advice: "keep it elsewhere: journal.keyFile" });
    const data: JournalThreadData = {
      directory,
      key: key.bytes,
      segmentEvents: options.segmentEvents ?? SEGMENT_EVENTS,
      fileBytesMax: options.fileBytesMax ?? null,
      openedAt: clock.now(),
    };
    const thread = await startJournalThread(data, log);
    let closing: Promise<void> | null = null;
    const close = () => {
      closing ??= thread.close().finally(() => lock.release());
      return closing;
    };
    const verifyChain = () => verifyInThread({ directory, key: key.bytes });
    return { ...journalOn(thread, clock), state: stateOn(thread), verifyChain, close };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

function journalOn(thread: JournalThread, clock: Clock): Omit<SqliteJournal, "state" | "verifyChain" | "close"> {
  return {
    async append(stream, drafts) {
      if (drafts.length === 0) return [];
      const texts = await thread.call("append", { stream, at: clock.now(), drafts: draftsJson(drafts) });
      return texts.map(parseEvent);
    },
    async heads() {
      const heads = await thread.call("heads", null);
      return heads.map(({ stream, epoch, seq, keptAfter }) => ({
        stream,
        epoch,
        seq: String(seq),
        keptAfter: String(keptAfter),
      }));
    },
    async after(stream, after, limit) {
      const runs = await thread.call("after", { stream, seq: toSeq(after), limit });
      return runs.flatMap((run) => JSON.parse(`[${run}]`) as readonly JournalEvent[]);
    },
    async range(query) {
      const { texts, nextCursor, horizon } = await thread.call("range", query);
      return { events: texts.map(parseEvent), nextCursor, horizon: horizon === null ? null : epochMs(horizon) };
    },
    async byId(stream, id) {
      const text = await thread.call("byId", { stream, id });
      return text === null ? null : parseEvent(text);
    },
    async positionAt(stream, at) {
      return String(await thread.call("positionAt", { stream, at }));
    },
    latestSnapshot: (stream, foldVersion) => snapshotOf(thread, { stream, foldVersion, seq: null }),
    snapshotBefore: (stream, seq, foldVersion) => snapshotOf(thread, { stream, foldVersion, seq: toSeq(seq) }),
    async writeSnapshot({ stream, seq, foldVersion, state }) {
      await thread.call("writeSnapshot", { stream, seq: toSeq(seq), foldVersion, state: JSON.stringify(state) });
    },
    retain: (rules, foldVersion) => thread.call("retain", { rules, foldVersion, at: clock.now() }),
    async acknowledge(ids) {
      if (ids.length > 0) await thread.call("acknowledge", ids);
    },
    chainHeads: () => thread.call("chainHeads", null),
  };
}

async function snapshotOf(
  thread: JournalThread,
  asked: JournalCalls["snapshot"]["args"],
): Promise<StreamSnapshot | null> {
  const found = await thread.call("snapshot", asked);
  if (found === null) return null;
  const { stream, foldVersion, seq, state } = found;
  return { stream, foldVersion, seq: String(seq), state: JSON.parse(state) as StreamFold };
}

function stateOn(thread: JournalThread): StateStore {
  return {
    get: (namespace, key) => thread.call("stateGet", { namespace, key }),
    async list(namespace) {
      const entries = await thread.call("statePage", { namespace, after: null, limit: STATE_LIST_MAX });
      if (entries.length < STATE_LIST_MAX) return entries;
      throw new OpsError("limit-exceeded", `More than ${STATE_LIST_MAX} records in ${namespace}: read them by pages`);
    },
    page: (namespace, after, limit) => thread.call("statePage", { namespace, after, limit }),
    async put(namespace, key, value) {
      await thread.call("statePutAll", { namespace, entries: [{ key, value }] });
    },
    async putAll(namespace, entries) {
      await thread.call("statePutAll", { namespace, entries });
    },
    increment: (namespace, key) => thread.call("stateIncrement", { namespace, key }),
  };
}

/** The stored event, not the draft: what is folded live is byte for byte what is folded after a restart. */
const parseEvent = (text: string): JournalEvent => JSON.parse(text) as JournalEvent;

const draftsJson = (drafts: readonly EventDraft[]): string => JSON.stringify(drafts);

function toSeq(seq: DecimalText): number {
  const value = parseInt64(seq);
  if (value === null || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new OpsError("invalid-input", "Not the number of an event");
  }
  return Number(value);
}
