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

/** Most nodes of one question: as many as the map shows when one can read their partitions. */
export const PARTITIONS_ASKED_MAX = 200;
export const nodePartitionsInput = z.object({
  source: sourceId,
  incarnations: z.array(incarnationId).min(1).max(PARTITIONS_ASKED_MAX),
});
export const nodePartitionsOutput = z.object({
  ...observed,
  /** Only those whose machine has told of itself under this identity. */
  nodes: z.array(
    z.object({
      incarnation: z.string(),
      at: instant,
      /** Running instances of each partition, by its number; `null` = its registry is not there. */
      running: z.array(z.number().nullable()),
    }),
  ),
});
export type NodePartitionsOutput = z.infer<typeof nodePartitionsOutput>;
