import { z } from "zod";
import { instant, observed, requestId, sourceId } from "./common.ts";
import { censusOutput, censusStartInput as startInput } from "./dna.ts";

export const censusStartInput = startInput.extend({
  /** Chosen by the caller: the same id twice is one walk. Left out = each call asks for itself. */
  requestId: requestId.optional(),
});

/** A walk: how far it is, or what it found by type. What each owner holds is in the fold, once it is done. */
export const censusView = censusOutput.extend({
  /** Whose keys; `null` = everybody's. */
  incarnation: z.string().nullable(),
  requestedBy: z.string(),
  /** Rows that were expected when it began; `null` = nobody knew. */
  expectedRows: z.number().nullable(),
  rowsPerSecond: z.number(),
  /** When it will have ended at its pace, by what was expected; `null` = not known, or it does not move. */
  endsAt: instant.nullable(),
});
export type CensusView = z.infer<typeof censusView>;

export const censusListInput = z.object({ source: sourceId });
export const censusListOutput = z.object({
  ...observed,
  /** Latest first, at most 20: also those that were cancelled or failed. */
  walks: z.array(censusView),
});

/** What a walk over everything will cost, before it is asked for. */
export const censusEstimateOutput = z.object({
  ...observed,
  rows: z.number().nullable(),
  bytes: z.number().nullable(),
  durationMs: z.number().nullable(),
  rowsPerSecond: z.number(),
  from: z.enum(["last-census", "size-estimates", "exact", "unknown"]),
  /** Of what it rests on. */
  knownAt: instant.nullable(),
  how: z.string(),
});
export type CensusEstimate = z.infer<typeof censusEstimateOutput>;
