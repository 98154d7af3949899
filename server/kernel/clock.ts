/**
 * The two clocks, as two types that cannot be mixed up.
 *
 * `EpochMs` is an instant in UTC milliseconds: to show and to store. `MonotonicMs` never goes back and has no
 * meaning outside this process: to measure. The domain is *given* instants; only adapters hold a `Clock`.
 */
export type EpochMs = number & { readonly __clock: "epoch" };
export type MonotonicMs = number & { readonly __clock: "monotonic" };

export const epochMs = (value: number): EpochMs => value as EpochMs;
export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;

/** Time as a port: real, scaled (the demo) or stepped (tests). All durations are in this clock's own milliseconds. */
export interface Clock {
  now(): EpochMs;
  monotonic(): MonotonicMs;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** An instant as ISO text in UTC with milliseconds, the form in which instants cross the wire. */
export type IsoInstant = string;

export const toIso = (instant: EpochMs): IsoInstant => new Date(instant).toISOString();
