import { z } from "zod";
import { HEALTH_LEVELS } from "#server/contract/event.ts";
import { instant, observed, sourceId } from "./common.ts";

export const healthInput = z.object({ source: sourceId });
export const healthOutput = z.object({
  ...observed,
  /** Worst first. */
  checks: z.array(
    z.object({
      id: z.string(),
      /** Nothing is wrong by it: it holds, or it cannot be judged. */
      ok: z.boolean(),
      level: z.enum(HEALTH_LEVELS),
      title: z.string(),
      /** What it was judged by, in words. */
      detail: z.string(),
      /** Names of what it is about, sorted. */
      about: z.array(z.string()),
      /** Since when it is at this level; `null` = not judged yet. */
      since: instant.nullable(),
      /** When the detail was told. */
      at: instant.nullable(),
      explanation: z.string(),
      remedy: z.string(),
      /** Heading of `docs/operations.md`. */
      anchor: z.string(),
    }),
  ),
});
export type HealthOutput = z.infer<typeof healthOutput>;
