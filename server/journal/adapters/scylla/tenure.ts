/** The time in which this process writes: the streams it has taken over, each with its writer and its index. */
import { monotonicFactory } from "ulid";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Directory } from "./directory.ts";
import { indexedById } from "./event-reads.ts";
import { createIndexWriter, type IndexWriter } from "./index-writer.ts";
import { keptAfterOf, readMarks } from "./marks.ts";
import { addName } from "./registry.ts";
import { eachOf, type Store } from "./store.ts";
import { createStreamWriter, type StreamWriter } from "./stream-writer.ts";

const STREAMS_AT_ONCE = 8;
const NAME_CHARS_MAX = 200;

export interface TenureDeps {
  readonly store: Store;
  readonly directory: Directory;
  readonly log: Logger;
  readonly segmentEvents: number;
  readonly epoch: number;
}

export interface Tenure {
  readonly epoch: number;
  /** Takes these streams over from whoever wrote before. @throws Fenced when a newer epoch holds one of them */
  takeOver(streams: readonly string[]): Promise<void>;
  /** The writer of a stream, which is made known when it is new. */
  writerOf(stream: string): Promise<StreamWriter>;
  /** What is known of a stream here; `null` when that is nothing for certain. */
  facts(stream: string): ReturnType<StreamWriter["facts"]>;
  /** Works on what of the indexes is behind. */
  kick(): void;
  /** Nothing is written from here on. */
  end(): void;
  /** When everything asked for, and its index, is written or has failed. */
  settled(): Promise<void>;
}

interface Opened {
  readonly writer: StreamWriter;
  readonly index: IndexWriter;
}

export function createTenure({ store, directory, log, segmentEvents, epoch }: TenureDeps): Tenure {
  const newId = monotonicFactory();
  const opening = new Map<string, Promise<Opened>>();
  const opened = new Map<string, Opened>();
  let hasEnded = false;

  const current = (): number => {
    if (!hasEnded) return epoch;
    throw new OpsError("refused", "This console does not write the journal any more");
  };

  async function openStream(stream: string): Promise<Opened> {
    const marks = await readMarks(store, stream);
    const from = Math.max(marks.indexedSeq, keptAfterOf(marks));
    const index = createIndexWriter(store, stream, from, log);
    const writer = createStreamWriter({
      store,
      directory,
      stream,
      segmentEvents,
      index,
      indexedById: (id) => indexedById(store, stream, id, 0),
      epoch: current,
      onBehind: (cause) => log.warn("journal.index.behind", { stream, cause: messageOf(cause) }),
      newId,
    });
    const made = { writer, index };
    opened.set(stream, made);
    return made;
  }

  /** Opened once, and again when that has failed. */
  function once(stream: string, isKnown: boolean): Promise<Opened> {
    const found = opening.get(stream);
    if (found !== undefined) return found;
    const made = (async () => {
      if (!isKnown) await addName(store, "stream", stream, current());
      return openStream(stream);
    })();
    opening.set(stream, made);
    made.catch(() => opening.delete(stream)); // its error goes to who asked
    return made;
  }

  return {
    epoch,
    takeOver: (streams) =>
      eachOf(streams, STREAMS_AT_ONCE, async (stream) => (await once(stream, true)).writer.fence()),
    async writerOf(stream) {
      if (stream.length > NAME_CHARS_MAX) throw new OpsError("limit-exceeded", "The name of a stream is too long");
      return (await once(stream, false)).writer;
    },
    facts: (stream) => (hasEnded ? null : (opened.get(stream)?.writer.facts() ?? null)),
    kick() {
      for (const { index } of opened.values()) index.kick();
    },
    end() {
      hasEnded = true;
    },
    async settled() {
      await Promise.all([...opened.values()].map(({ writer }) => writer.settled()));
      await Promise.all([...opened.values()].map(({ index }) => index.settled()));
    },
  };
}
