/** What a gateway tells of itself with each heartbeat, besides its agents. */
import type { IngestDoor, PipelineFacts, ReceiverState } from "#server/contract/agents.ts";

/** One receiver of one gateway, as its own process sees it. */
export interface ReceiverFigures {
  readonly state: ReceiverState;
  readonly reason: string | null;
  readonly queued: number;
  readonly capacity: number;
  readonly perSecond: number;
  readonly lagMs: number;
  readonly dropped: number;
  readonly deadLettered: number;
}

/**
 * The writer of the journal tells from it, for every gateway: `ingest.pipeline.changed`, `ingest.receiver.changed` and
 * the sample. Nobody else records these.
 */
export interface GatewayFigures {
  /** `null` = nothing is routed here. */
  readonly pipeline: PipelineFacts | null;
  /** By id of the receiver. */
  readonly receivers: Readonly<Record<string, ReceiverFigures>>;
  readonly doors: Readonly<
    Partial<Record<IngestDoor, { readonly perSecond: number; readonly refusedPerSecond: number }>>
  >;
  readonly types: Readonly<Record<string, { readonly perSecond: number }>>;
}

export const NO_FIGURES: GatewayFigures = { pipeline: null, receivers: {}, doors: {}, types: {} };
