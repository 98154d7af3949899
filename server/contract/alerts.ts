/**
 * What the console tells others of its findings (`contract/view/attention.ts`), over the sinks of the configuration, and
 * what somebody has silenced there. JSON-safe.
 */
import type { Maskable, StreamName } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

/** What is said of one finding. `worse`: what was attention has failed. */
export const NOTICES = ["opened", "worse", "acknowledged", "released", "resolved"] as const;
export type NoticeKind = (typeof NOTICES)[number];

export const SINK_STATES = ["ok", "failing"] as const;
export type SinkState = (typeof SINK_STATES)[number];

/** What is not told for a while. `null` = whatever it is. */
export interface SilenceFacts {
  /** Kind of finding. */
  readonly kind: string | null;
  readonly stream: StreamName | null;
  /** Id of one finding. */
  readonly finding: string | null;
  /** It ends by itself then. */
  readonly until: EpochMs;
}

/** Bodies of the events of alerts. */
export interface AlertEventBodies {
  /** In the operator's stream; the subject is the silence. */
  "alert.silenced": SilenceFacts;
  "alert.unsilenced": { readonly stream: StreamName | null };
  /** A sink has taken it; the subject is the sink. */
  "alert.told": {
    readonly what: NoticeKind;
    readonly finding: string;
    readonly kind: string;
    readonly stream: StreamName;
    readonly severity: "failed" | "attention";
  };
  "alert.sink.changed": {
    readonly from: SinkState | null;
    readonly to: SinkState;
    readonly reason: Maskable<string> | null;
  };
}
