import type { EventDraft, JournalEvent, StreamName } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { IngestFold } from "#server/contract/fold/ingest.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import type { Samples, StreamSample } from "#server/contract/live.ts";

/**
 * The one way from a producer to the screens: append to the journal, fold, publish, in this order. Readers compare
 * what they read with the fold and record only the difference.
 */
export interface Recorder {
  /** Resolves when the events are durable and folded. Rejects with `journal-unavailable`: nothing happened then. */
  record(stream: StreamName, drafts: readonly EventDraft[]): Promise<readonly JournalEvent[]>;
  /** Replaces the stream's high-rate values; merged field by field, never journalled. */
  sample(stream: StreamName, sample: StreamSample): void;
}

/** The state now, in memory. */
export interface FoldView {
  folds(): Folds;
  samples(): Samples;
  dna(sourceId: string): DnaFold;
  dynflow(sourceId: string): DynflowFold;
  haf(sourceId: string): HafFold;
  ingest(sourceId: string): IngestFold;
  operator(): OperatorFold;
  /** Calls back after each recorded batch, in order; returns the way to stop. */
  onEvents(listener: (events: readonly JournalEvent[]) => void): () => void;
}
