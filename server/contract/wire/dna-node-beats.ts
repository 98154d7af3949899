import { z } from "zod";
import { incarnationId, instant, observed, sourceId } from "./common.ts";

export const nodeBeatsInput = z.object({ source: sourceId, incarnation: incarnationId });

/** One beat as it was seen: between two of them lies one period of the node's cluster worker. */
export const nodeBeat = z.object({
  /** Start of the read that showed it. */
  at: instant,
  /** Since the beat before by the node's own monotonic clock, in ms; `null` = the first, or one after a gap in the reads. */
  ownMs: z.number().nullable(),
  /** The same by the clocks of the database's coordinators. */
  databaseMs: z.number().nullable(),
  /** 1-minute load average of the host that came with it. */
  load: z.number().nullable(),
});

export const nodeBeatsOutput = z.object({
  ...observed,
  /** Oldest first; the last 120 since this console reads. Empty when none was seen. */
  beats: z.array(nodeBeat),
  /** The first read of it by this console; `null` = it has not read it. */
  since: instant.nullable(),
  /** The last read that showed its row. */
  seenAt: instant.nullable(),
  /**
   * Since its VM started, in ms, at `seenAt`: an estimate, as it rests on the value at which today's VMs start their
   * monotonic clock. `null` = the value looks otherwise.
   */
  uptimeMs: z.number().nullable(),
  /** How fast its clock runs beside the database's, 1 = as fast; `null` = too few beats to tell. */
  clockHealth: z.number().nullable(),
});
export type NodeBeatsOutput = z.infer<typeof nodeBeatsOutput>;

/** Most nodes of one question: as many as a screen shows lines or partitions of. */
export const GLANCE_MAX = 200;
export const nodeGlanceInput = z.object({
  source: sourceId,
  incarnations: z.array(incarnationId).min(1).max(GLANCE_MAX),
});
export const nodeGlanceOutput = z.object({
  ...observed,
  nodes: z.array(
    z.object({
      incarnation: z.string(),
      /** The middle one of its last intervals between beats, in ms by the database's clock, else by its own; `null` = none yet. */
      beatMs: z.number().nullable(),
      /** `null` = its machine has not told of itself under this identity. */
      partitions: z
        .object({
          at: instant,
          /** Running instances of each partition, by its number; `null` = its registry is not there. */
          running: z.array(z.number().nullable()),
        })
        .nullable(),
    }),
  ),
});
export type NodeGlanceOutput = z.infer<typeof nodeGlanceOutput>;
