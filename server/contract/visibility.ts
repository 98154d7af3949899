/** Which streams somebody limited to regions or sources may see, and what that leaves of events, folds and samples. */
import type { JournalEvent, StreamName } from "#server/contract/event.ts";
import type { Folds, StreamFold } from "#server/contract/fold/fold.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import type { Samples, StreamSample } from "#server/contract/live.ts";

export type VisibleStreams = "all" | ReadonlySet<StreamName>;

export const seesStream = (visible: VisibleStreams, stream: StreamName): boolean =>
  visible === "all" || visible.has(stream);

/** Only these of the visible streams; of what operators did, only what touches one of them. `null` = all that is visible. */
export const narrowedTo = (visible: VisibleStreams, streams: readonly StreamName[] | null): VisibleStreams =>
  streams === null ? visible : new Set(streams.filter((stream) => seesStream(visible, stream)));

/** What touches sources is seen by whoever sees all of these, though it is in a stream of its own. */
export function seesEvent(visible: VisibleStreams, event: JournalEvent): boolean {
  if (visible === "all") return true;
  if (!visible.has(event.stream)) return false;
  return touchedStreams(event).every((stream) => visible.has(stream));
}

function touchedStreams(event: JournalEvent): readonly StreamName[] {
  switch (event.kind) {
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
    case "job.created":
      return event.body.stream === null ? [] : [event.body.stream];
    case "job.state_changed":
      return [event.body.job.stream];
    case "attention.acknowledged":
    case "attention.released":
    case "dna.drain.step":
    case "dna.drain.abandoned":
    case "approval.asked":
    case "approval.decided":
    case "approval.used":
      return [event.body.stream];
    case "alert.silenced":
    case "alert.unsilenced":
    case "alert.told":
    case "console.reader.changed":
      return event.body.stream === null ? [] : [event.body.stream];
    case "console.retention_applied":
      return event.body.streams;
    default:
      return [];
  }
}

export function visibleFolds(visible: VisibleStreams, folds: Folds): Folds {
  if (visible === "all") return folds;
  const seen = Object.entries(folds).filter(([stream]) => visible.has(stream));
  return Object.fromEntries(seen.map(([stream, fold]): [StreamName, StreamFold] => [stream, narrowed(visible, fold)]));
}

function narrowed(visible: ReadonlySet<StreamName>, fold: StreamFold): StreamFold {
  return fold.family === "operator" ? narrowedOperator(visible, fold) : fold;
}

function narrowedOperator(visible: ReadonlySet<StreamName>, fold: OperatorFold): OperatorFold {
  return {
    ...fold,
    operations: fold.operations.filter(({ stream }) => stream === null || visible.has(stream)),
    jobs: Object.fromEntries(Object.entries(fold.jobs).filter(([, job]) => visible.has(job.stream))),
    acknowledgements: Object.fromEntries(
      Object.entries(fold.acknowledgements).filter(([, { stream }]) => visible.has(stream)),
    ),
    silences: Object.fromEntries(
      Object.entries(fold.silences).filter(([, { stream }]) => stream === null || visible.has(stream)),
    ),
    drains: Object.fromEntries(Object.entries(fold.drains).filter(([, { stream }]) => visible.has(stream))),
    approvals: Object.fromEntries(Object.entries(fold.approvals).filter(([, { stream }]) => visible.has(stream))),
  };
}

/** @param folds as `visibleFolds` left them: progress is told of the jobs in there only. */
export function visibleSamples(visible: VisibleStreams, samples: Samples, folds: Folds): Samples {
  if (visible === "all") return samples;
  const seen = Object.entries(samples).filter(([stream]) => visible.has(stream));
  return Object.fromEntries(seen.map(([stream, sample]) => [stream, withKnownJobs(sample, folds[stream])]));
}

function withKnownJobs(sample: StreamSample, fold: StreamFold | undefined): StreamSample {
  if (sample.jobs === undefined || fold?.family !== "operator") return sample;
  return {
    ...sample,
    jobs: Object.fromEntries(Object.entries(sample.jobs).filter(([id]) => Object.hasOwn(fold.jobs, id))),
  };
}
