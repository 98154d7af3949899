import {
  CONSOLE_STREAM,
  type EventDraft,
  type JournalEvent,
  OPERATOR_STREAM,
  type StreamName,
} from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { type Folds, reduceFolds } from "#server/contract/fold/fold.ts";
import { EMPTY_HAF } from "#server/contract/fold/haf.ts";
import { EMPTY_INGEST } from "#server/contract/fold/ingest.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { Samples } from "#server/contract/live.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "./ports.ts";

/** A recorder that keeps its events in memory and folds them; `fail()` makes the journal refuse until `mend()`. */
export function createMemoryRecorder(clock: Clock) {
  const events: JournalEvent[] = [];
  const seqs = new Map<StreamName, number>();
  const listeners = new Set<(events: readonly JournalEvent[]) => void>();
  let folds: Folds = {};
  let samples: Samples = {};
  let broken = false;

  const number = (stream: StreamName): string => {
    const next = (seqs.get(stream) ?? 0) + 1;
    seqs.set(stream, next);
    return String(next);
  };
  const toEvent = (stream: StreamName, draft: EventDraft): JournalEvent => {
    const seq = number(stream);
    const defaults = { id: `${stream}-${seq}`, synthetic: false, causedBy: null, actor: null };
    return { ...defaults, ...draft, stream, seq, observedAt: clock.now() } as JournalEvent;
  };

  const recorder: Recorder & FoldView = {
    async record(stream, drafts) {
      if (broken) throw new OpsError("journal-unavailable", "The journal cannot be written");
      const made = drafts.map((draft) => toEvent(stream, draft));
      events.push(...made);
      folds = made.reduce(reduceFolds, folds);
      for (const listener of listeners) listener(made);
      return made;
    },
    sample(stream, sample) {
      samples = { ...samples, [stream]: { ...samples[stream], ...sample } };
    },
    folds: () => folds,
    samples: () => samples,
    dna(sourceId) {
      const fold = folds[`dna:${sourceId}`];
      return fold?.family === "dna" ? fold : EMPTY_DNA;
    },
    dynflow(sourceId) {
      const fold = folds[`dynflow:${sourceId}`];
      return fold?.family === "dynflow" ? fold : EMPTY_DYNFLOW;
    },
    haf(sourceId) {
      const fold = folds[`haf:${sourceId}`];
      return fold?.family === "haf" ? fold : EMPTY_HAF;
    },
    ingest(sourceId) {
      const fold = folds[`ingest:${sourceId}`];
      return fold?.family === "ingest" ? fold : EMPTY_INGEST;
    },
    operator() {
      const fold = folds[OPERATOR_STREAM];
      return fold?.family === "operator" ? fold : EMPTY_OPERATOR;
    },
    onEvents(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    recorder,
    events,
    consoleEvents: () => events.filter((event) => event.stream === CONSOLE_STREAM),
    kinds: () => events.map((event) => event.kind),
    fail() {
      broken = true;
    },
    mend() {
      broken = false;
    },
  };
}
