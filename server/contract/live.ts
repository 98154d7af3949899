/** What travels on the live feed (`/api/live`, server-sent events): a snapshot first, then batches. */

import type { IngestSample } from "#server/contract/agents.ts";
import type { JobCounts, JournalEvent, StreamName } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { HafSample } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

/** High-rate values of one node: not events, always with the instant they were read at. */
export interface NodeSample {
  /** Silence counted by us, at `asOf` of the sample. */
  readonly silentMs: number;
  readonly load: number | null;
  readonly writeAgeMs: number | null;
  /** How fast its clock runs beside the database's, 1 = as fast; `null` = not told yet. Left out by older versions. */
  readonly clockHealth?: number | null;
}

/** What the machine of a node told last; of one that does not answer it grows old. */
export interface BeamSample {
  readonly asOf: EpochMs;
  /** Running instances; `null` = some partition of it did not tell. */
  readonly running: number | null;
  /** Since its own last finished refresh, at `asOf`; `null` = not told, or it never refreshed. */
  readonly refreshMs: number | null;
}

/** Latest high-rate values of one stream; whole in snapshots, whole again in each batch that changed them. */
export interface StreamSample {
  readonly asOf: EpochMs;
  /** Duration of the read that gave it. */
  readonly readMs: number;
  readonly nodes?: Readonly<Record<string, NodeSample>>;
  /** By incarnation; left out where no access to the nodes is configured. */
  readonly beam?: Readonly<Record<string, BeamSample>>;
  /** How far the clocks of the database's coordinators are apart, in ms; `null` = not known. */
  readonly skewMs?: number | null;
  /** They may be further apart: how much more cannot be told. */
  readonly skewIsLeast?: boolean;
  /** Plan id to progress 0..1. */
  readonly planProgress?: Readonly<Record<string, number>>;
  /** Duration of the last complete lap over the plan table: the guarantee for the discovery of plans. */
  readonly lapMs?: number | null;
  /** From one look at a source to the next: 2 s, more where looks would cost the source too much. */
  readonly lookMs?: number;
  /** Share of the database's time that went into our reading in the last minute, erring upwards; 0.01 = 1 %. */
  readonly databaseShare?: number | null;
  readonly jobs?: Readonly<Record<string, JobProgress>>;
  readonly haf?: HafSample;
  readonly ingest?: IngestSample;
}

export interface JobProgress {
  readonly counts: JobCounts;
  /** Targets found so far by the walk that precedes or accompanies the work. */
  readonly walked: number;
  readonly walkedAll: boolean;
  readonly perSecond: number;
  readonly estimatedEndAt: EpochMs | null;
}

export type Samples = Readonly<Record<StreamName, StreamSample>>;

/** Whether what is seen is being remembered. While it is not, actions are refused and the folds stand still. */
export interface JournalStatus {
  readonly ok: boolean;
  /** When it came to be so. */
  readonly since: EpochMs;
  /** For people; `null` while all is well. */
  readonly reason: string | null;
  /**
   * Set while another console writes this journal and this one shows what it reads there: actions are refused, and `ok`
   * says whether it can be read. `holder` names who writes; `null` = nobody at present.
   */
  readonly follows?: { readonly holder: string | null };
}

export type LiveMessage =
  | {
      readonly type: "snapshot";
      /** Opaque; given back as `?cursor=` it continues without a gap, or a new snapshot comes. */
      readonly cursor: string;
      readonly folds: Folds;
      readonly samples: Samples;
      readonly journal: JournalStatus;
      readonly serverNow: EpochMs;
      readonly foldVersion: number;
    }
  | {
      readonly type: "batch";
      readonly cursor: string;
      /** In order within each stream. */
      readonly events: readonly JournalEvent[];
      readonly samples: Samples;
      readonly journal: JournalStatus;
      readonly serverNow: EpochMs;
    }
  /** The server ends this stream for good: log in again. */
  | { readonly type: "ended"; readonly reason: string };

/** Everything the browser knows live: what its SharedWorker keeps and its React Query cache holds under `["live"]`. */
export interface LiveState {
  readonly cursor: string;
  readonly folds: Folds;
  readonly samples: Samples;
  readonly journal: JournalStatus;
  /** Server's clock at the last message and this browser's offset to it, for ages. */
  readonly serverNow: EpochMs;
}
