import { CONSOLE_STREAM, OPERATOR_STREAM, type StreamName } from "#server/contract/event.ts";

/**
 * The journal is two chains of segment files, because retention drops whole segments and keeps what people did
 * longer than what was observed.
 */
export const CHAINS = ["observed", "operator"] as const;
export type ChainName = (typeof CHAINS)[number];

export const chainOf = (stream: StreamName): ChainName =>
  stream === OPERATOR_STREAM || stream === CONSOLE_STREAM ? "operator" : "observed";
