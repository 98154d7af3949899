/** The folds in memory: where each stream stands, and who wants to hear of changes. Synchronous throughout. */
import type { Positions, StreamPosition } from "#server/contract/cursor.ts";
import type { JournalEvent, StreamName } from "#server/contract/event.ts";
import { type Folds, reduceAll, type StreamFold } from "#server/contract/fold/fold.ts";
import type { Samples, StreamSample } from "#server/contract/live.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";

export interface FoldState {
  folds(): Folds;
  samples(): Samples;
  positions(): Positions;
  /** Begins a stream, from a snapshot's fold or from nothing. */
  begin(stream: StreamName, position: StreamPosition, fold: StreamFold | null): void;
  /** Folds events of one stream that follow on its position, then tells the listeners. */
  fold(stream: StreamName, events: readonly JournalEvent[]): void;
  /** The stream goes on under another writer's epoch, where it stands. */
  reseat(stream: StreamName, epoch: string): void;
  sample(stream: StreamName, sample: StreamSample): void;
  /** Nobody measures any more: old values are not shown as if they were of now. */
  forgetSamples(): void;
  onEvents(listener: (events: readonly JournalEvent[]) => void): () => void;
  onSample(listener: (stream: StreamName) => void): () => void;
}

export function createFoldState(log: Logger): FoldState {
  const eventListeners = new Set<(events: readonly JournalEvent[]) => void>();
  const sampleListeners = new Set<(stream: StreamName) => void>();
  let folds: Folds = {};
  let samples: Samples = {};
  let positions: Positions = {};
  return {
    folds: () => folds,
    samples: () => samples,
    positions: () => positions,
    begin(stream, position, fold) {
      positions = { ...positions, [stream]: position };
      if (fold !== null) folds = { ...folds, [stream]: fold };
    },
    fold(stream, events) {
      const position = positions[stream];
      const last = events.at(-1);
      if (last === undefined || position === undefined) return;
      folds = reduceAll(folds, events);
      positions = { ...positions, [stream]: { ...position, seq: last.seq } };
      tell(eventListeners, events, log);
    },
    reseat(stream, epoch) {
      const position = positions[stream];
      if (position !== undefined && position.epoch !== epoch) {
        positions = { ...positions, [stream]: { ...position, epoch } };
      }
    },
    forgetSamples() {
      samples = {};
    },
    sample(stream, sample) {
      samples = { ...samples, [stream]: { ...samples[stream], ...sample } };
      tell(sampleListeners, stream, log);
    },
    onEvents: (listener) => listen(eventListeners, listener),
    onSample: (listener) => listen(sampleListeners, listener),
  };
}

function listen<T>(listeners: Set<(told: T) => void>, listener: (told: T) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** One listener's failure is logged and keeps nothing from the others, nor from who recorded. */
function tell<T>(listeners: ReadonlySet<(told: T) => void>, told: T, log: Logger): void {
  for (const listener of listeners) {
    try {
      listener(told);
    } catch (cause) {
      log.error("live.listener.failed", { cause: messageOf(cause) });
    }
  }
}
