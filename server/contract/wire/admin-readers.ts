import { z } from "zod";
import { READER_STATES } from "#server/contract/readers.ts";
import { instant, maskable, mutationResult, reason, requestId } from "./common.ts";

/** One part of the console that acts on its own. */
export const readerView = z.object({
  /** `dna:eu-1/nodes`, `console/retention`. */
  name: z.string(),
  title: z.string(),
  /** The stream it writes; `null` = it is the console's own affair. */
  stream: z.string().nullable(),
  state: z.enum(READER_STATES),
  since: instant,
  /** In a row, or those that parked it; 0 = it is well. */
  failures: z.number(),
  /** Of the last failure; masked for viewers. */
  reason: maskable(z.string()).nullable(),
  /** Starts after failures, since the console began. */
  restarts: z.number(),
});
export type ReaderView = z.infer<typeof readerView>;

export const readersOutput = z.object({ asOf: instant, readers: z.array(readerView) });

export const readerRestartInput = z.object({
  name: z.string().min(1).max(200),
  /** What was on screen: only a parked one is restarted. */
  expectedState: z.enum(READER_STATES),
  reason,
  requestId,
});
export const readerRestartOutput = mutationResult;
