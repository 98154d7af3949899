import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";

/** Where the nodes listen. */
export type BeamReach =
  /** The port mapper of a node's host names its port; its own port is 4369 unless told otherwise. */
  | { readonly kind: "epmd"; readonly port?: number }
  /** Nodes run without a mapper, all on this port. */
  | { readonly kind: "fixed"; readonly port: number };

/** PEM texts for distribution over TLS. */
export interface BeamTls {
  readonly ca: string;
  /** Ours, where nodes ask for one. */
  readonly certificate?: string;
  readonly key?: { reveal(): string };
  /** The certificate must be for the host in the node's name; `false` only where nodes share one certificate. */
  readonly checkHost: boolean;
}

export interface DistOptions {
  /**
   * Our own node name, `worldline@10.0.0.9`. The same across restarts, as each new one stays in every node's atom table for
   * ever; another one for each console process, as a node ends the older of two connections of one name.
   */
  readonly name: string;
  /** Full control over the nodes: revealed only to be hashed with a challenge, never kept, logged or told. */
  readonly cookie: { reveal(): string };
  readonly reach: BeamReach;
  /** `null` = plain TCP. */
  readonly tls: BeamTls | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Largest frame that is read. */
  readonly frameMaxBytes?: number;
  /** What we say we can do; tests say less. */
  readonly flags?: bigint;
}

export interface RemoteNodesOptions extends DistOptions {
  /** Connections at the same time. */
  readonly openMax?: number;
  /** A connection that nobody has used for so long is closed. */
  readonly idleMs?: number;
  /** From 0 to 1, for the jitter of attempts. */
  readonly random?: () => number;
}

export const FRAME_MAX_BYTES = 64 * 1024 ** 2;
export const OPEN_MAX = 64;
export const IDLE_MS = 120_000;
/** From looking for the port until the handshake is done. */
export const CONNECT_TIMEOUT_MS = 5_000;
export const EPMD_TIMEOUT_MS = 2_000;
/** Calls that wait for their answer on one connection, those given up but not ended yet among them. */
export const PENDING_MAX = 1_000;
/** Bytes that wait to be sent on one connection. */
export const UNSENT_MAX_BYTES = 16 * 1024 ** 2;
/** Nodes end a connection that is silent for `net_ticktime`, 60 s by default; a quarter of it is the pace of ticks. */
export const TICK_MS = 15_000;
export const SILENCE_MAX_MS = 60_000;
/**
 * A node confirms each spawn at once. One that has not sent a single byte for so long after it was asked is frozen or cut
 * off, whatever it was asked.
 */
export const CONFIRM_TIMEOUT_MS = 2_000;
