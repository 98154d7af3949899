import type { NoticeKind } from "#server/contract/alerts.ts";
import type { IsoInstant } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** One change of one finding, as it is told. Texts of upstreams are in it, masked as for operators. */
export interface Notice {
  /** The same each time this change is told, also after a restart: told twice, it is to be counted once. */
  readonly id: string;
  readonly what: NoticeKind;
  readonly finding: string;
  readonly kind: string;
  readonly severity: "failed" | "attention";
  /** `dna:eu-1`, … */
  readonly stream: string;
  readonly target: string;
  readonly title: string;
  readonly detail: string;
  /** What can be done about it, in words. */
  readonly remedy: string | null;
  readonly since: IsoInstant | null;
  readonly count: number;
  /** Who has taken it on. */
  readonly acknowledgedBy: string | null;
}

/** What a sink is told. */
export type AlertMessage =
  | { readonly type: "notices"; readonly sentAt: IsoInstant; readonly notices: readonly Notice[] }
  /** All is well with the console itself: where this stays away, nobody watches. */
  | { readonly type: "alive"; readonly sentAt: IsoInstant; readonly open: number; readonly everySeconds: number }
  | { readonly type: "test"; readonly sentAt: IsoInstant; readonly by: string };

/** `details` of a rejection by which it is certain that nothing was taken; of any other nobody knows. */
export const NOT_TAKEN = { taken: false } as const;
export const isNotTaken = (cause: unknown): boolean => cause instanceof OpsError && cause.details.taken === false;

export interface AlertSink {
  /**
   * Resolves when it was taken. Rejects with `upstream-unavailable` or `refused`, after some tries of its own; with
   * `NOT_TAKEN` as its details when none of them can have been taken.
   */
  tell(message: AlertMessage, signal?: AbortSignal): Promise<void>;
}
