import type { JobCounts, JobFacts, JobState } from "#server/contract/event.ts";
import type { JobProgress } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";

/** What became of one target. `moved` = somebody else's by now and left alone; `unknown` waits for evidence. */
export type TargetOutcomeKind = "applied" | "moved" | "failed" | "unknown";

export interface TargetOutcome {
  readonly key: string;
  readonly outcome: TargetOutcomeKind;
  readonly note: string | null;
  readonly at: EpochMs;
}

/** A job as it stands on disk: enough to go on after a kill at any point. */
export interface JobRecord {
  readonly id: string;
  readonly facts: JobFacts;
  /** What the kind needs to know, frozen at the start. */
  readonly params: JsonObject;
  /** Where the kind is: its own, replaced with each checkpoint. */
  readonly bookmark: JsonValue;
}

export interface Checkpoint {
  readonly outcomes: readonly TargetOutcome[];
  readonly bookmark: JsonValue;
  /** Of a kind that only reads, in place of outcomes: how much is done by now, and how much there is as far as is known. */
  readonly done?: { readonly applied: number; readonly total: number };
}

/** What a kind reports of its pace between checkpoints; never journalled. */
export interface Pace {
  readonly walked: number;
  readonly walkedAll: boolean;
}

/** A running job, as its kind sees it. */
export interface JobWork {
  readonly id: string;
  readonly params: JsonObject;
  readonly bookmark: JsonValue;
  readonly facts: JobFacts;
  /** Targets as they were frozen at the start, from this place in their order, at most `limit`. */
  frozen(from: number, limit: number): Promise<readonly JsonValue[]>;
  /** What is known of one target by now; `null` = nothing. */
  outcome(key: string): Promise<TargetOutcome | null>;
  /** Aborted by pause, cancel and stop of the console; work ends at the next safe point. */
  readonly signal: AbortSignal;
  /** Durable before it resolves. */
  checkpoint(checkpoint: Checkpoint): Promise<void>;
  counts(): JobCounts;
  /** Says why it does not move at present (`waiting`), or that it does (`running`). */
  setWaiting(note: string | null): Promise<void>;
  pace(pace: Pace): void;
}

export interface JobEnd {
  readonly state: Extract<JobState, "done" | "failed" | "stopped">;
  readonly note: string | null;
}

/** One kind of bulk work. `run` is called again, with the last bookmark, after a pause or a restart. */
export interface JobKind {
  readonly kind: JobFacts["kind"];
  /**
   * It changes nothing in any system, and has no targets: it may run beside a job that does, and goes on while the
   * console is read-only.
   */
  readonly readsOnly?: true;
  run(work: JobWork): Promise<JobEnd>;
}

/** A job to be made: its facts but what the runner itself decides. */
export interface NewJob {
  readonly id: string;
  readonly facts: Omit<JobFacts, "state" | "note" | "counts" | "createdAt">;
  /** Targets expected, for the estimate; the walk may find more or fewer. */
  readonly total: number;
  readonly params: JsonObject;
  readonly bookmark: JsonValue;
  /** Targets to be frozen, in the order in which they will be worked off; kinds that walk have none. */
  readonly frozen?: readonly JsonValue[];
}

/** The jobs of one kind, as a service looks at them and controls them. */
export interface JobDesk extends Pick<JobStarter, "start"> {
  list(): readonly JobRecord[];
  progress(jobId: string): JobProgress | null;
  pause(jobId: string): Promise<void>;
  resume(jobId: string): Promise<void>;
  cancel(jobId: string): Promise<void>;
}

/** What a command needs of the jobs. */
export interface JobStarter {
  /** Journals the job, writes it down, then lets it run. */
  start(job: NewJob): Promise<void>;
  /** The job that this request started; `null` when it started none. */
  startedBy(requestId: string): string | null;
  /** Whether a job on this stream that changes something has not ended: one of them at a time per source. */
  busy(stream: string): boolean;
}
