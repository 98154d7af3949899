/** Writes a stream's fold down now and then, so that a start does not fold its whole history. */
import type { StreamName } from "#server/contract/event.ts";
import { FOLD_VERSION, type StreamFold } from "#server/contract/fold/fold.ts";
import type { Journal } from "#server/journal/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldState } from "./fold-state.ts";

const EVERY_EVENTS = 5_000n;
/** A small state is written more often: any instant is told within milliseconds then. */
const SMALL_RECORDS = 2_000;
const SMALL_EVERY_EVENTS = 1_000n;
const EVERY_MS = 600_000;

export interface SnapshotWriter {
  /** What the stream was restored from. */
  began(stream: StreamName, seq: string): void;
  /** To be called after each fold; writes when 5,000 events (1,000 of a small state) or 10 minutes have gone by. */
  moved(stream: StreamName): void;
  /** Writes one for every stream that moved since its last. Never rejects. */
  writeAll(): Promise<void>;
  /** Writes one for each of these, moved or not: what was written before may be lost. Never rejects. */
  writeNow(streams: readonly StreamName[]): Promise<void>;
}

interface Last {
  seq: bigint;
  at: MonotonicMs;
  writing: boolean;
}

function isSmall(fold: StreamFold | undefined): boolean {
  const parts = Object.values(fold ?? {}).filter((part) => typeof part === "object" && part !== null);
  return parts.reduce<number>((sum, part) => sum + Object.keys(part).length, 0) <= SMALL_RECORDS;
}

export function createSnapshotWriter(
  state: Pick<FoldState, "folds" | "positions">,
  { journal, clock, log }: { readonly journal: Journal; readonly clock: Clock; readonly log: Logger },
): SnapshotWriter {
  const lasts = new Map<StreamName, Last>();

  const seqOf = (stream: StreamName): bigint => BigInt(state.positions()[stream]?.seq ?? "0");

  async function write(stream: StreamName, last: Last): Promise<void> {
    const fold = state.folds()[stream];
    const seq = seqOf(stream);
    if (fold === undefined) return;
    last.writing = true;
    try {
      await journal.writeSnapshot({ stream, seq: String(seq), foldVersion: FOLD_VERSION, state: fold });
      last.seq = seq;
      last.at = clock.monotonic();
    } catch (cause) {
      log.warn("live.snapshot.not_written", { stream, cause: messageOf(cause) });
    } finally {
      last.writing = false;
    }
  }

  return {
    began(stream, seq) {
      lasts.set(stream, { seq: BigInt(seq), at: clock.monotonic(), writing: false });
    },
    moved(stream) {
      const last = lasts.get(stream);
      if (last === undefined || last.writing || seqOf(stream) === last.seq) return;
      const events = seqOf(stream) - last.seq;
      const isDue =
        events >= EVERY_EVENTS ||
        (events >= SMALL_EVERY_EVENTS && isSmall(state.folds()[stream])) ||
        clock.monotonic() - last.at >= EVERY_MS;
      if (isDue) void write(stream, last);
    },
    async writeAll() {
      const moved = [...lasts].filter(([stream, last]) => seqOf(stream) !== last.seq);
      await Promise.all(moved.map(([stream, last]) => write(stream, last)));
    },
    async writeNow(streams) {
      const asked = [...lasts].filter(([stream]) => streams.includes(stream));
      await Promise.all(asked.map(([stream, last]) => write(stream, last)));
    },
  };
}
