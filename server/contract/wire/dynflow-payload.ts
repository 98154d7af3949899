import { z } from "zod";
import { maskable, observed, planId, reason, requestId, sourceId } from "./common.ts";

const stepId = z.number().int().min(0);
const unreadable = z.object({ unreadable: z.string(), bytes: z.number() });
const payload = z.union([z.object({ value: z.unknown() }), unreadable]);

/** Chunks of one answer. */
export const chunkView = z.object({
  /** Rises from chunk to chunk. */
  id: z.number(),
  kind: z.string().nullable(),
  timestamp: z.string(),
  chunk: payload,
});
export const chunksInput = z.object({
  source: sourceId,
  planId,
  stepId,
  /** Id of the last chunk known; 0 = from the first. */
  after: z.number().int().min(0).default(0),
});
export const chunksOutput = z.object({
  ...observed,
  chunks: maskable(z.array(chunkView)),
  /** To be asked after for the next; `null` = there are no more at present. */
  next: z.number().nullable(),
});

export const rawRow = z.enum(["plan", "step", "action", "delayed"]);
export const rawInput = z.object({
  source: sourceId,
  planId,
  row: rawRow,
  /** Id of the step or action; left out for plan and delayed row. */
  id: z.number().int().min(0).nullable().default(null),
});
/** Bytes of a blob that an answer shows. */
export const RAW_SHOWN_BYTES = 4_096;
export const rawOutput = z.object({
  ...observed,
  table: z.string(),
  schemaVersion: z.number().nullable(),
  /** `data` = the whole record is in that column, and the other serialized ones are not looked at. */
  rule: z.enum(["data", "columns"]),
  columns: z.array(
    z.object({
      name: z.string(),
      /** `null` = NULL, or serialized. */
      text: z.string().nullable(),
      blob: z
        .object({
          bytes: z.number(),
          form: z.enum(["json", "msgpack"]),
          /** `null` = longer than what is read. */
          sha256: maskable(z.string().nullable()),
          decoded: maskable(payload),
          /** The first bytes; `null` = they hold what is masked, or were not read. */
          head: maskable(z.string().nullable()),
          /** Why they are not shown. */
          withheld: z.string().nullable(),
        })
        .nullable(),
    }),
  ),
});
export type RawOutput = z.infer<typeof rawOutput>;

export const rawBytesInput = rawInput.extend({
  column: z.string().min(1).max(64),
  offset: z.number().int().min(0).default(0),
});
export const rawBytesOutput = z.object({
  ...observed,
  total: z.number(),
  offset: z.number(),
  /** Base64; `null` = withheld. */
  bytes: maskable(z.string().nullable()),
  withheld: z.string().nullable(),
});

const place = z.array(z.number().int().min(0)).max(200);
export const revealInput = z.object({
  source: sourceId,
  planId,
  part: z.discriminatedUnion("kind", [
    /** The value at this place: at each level which entry of the map or item of the list. */
    z.object({ kind: z.enum(["input", "output"]), stepId, place }),
    z.object({ kind: z.literal("arguments"), place }),
    /** Message and backtrace. */
    z.object({ kind: z.literal("error"), stepId }),
    z.object({ kind: z.literal("chunk"), stepId, chunkId: z.number().int().min(1) }),
    /** A whole serialized column as it is stored. */
    z.object({
      kind: z.literal("bytes"),
      row: rawRow,
      id: z.number().int().min(0).nullable().default(null),
      column: z.string().min(1).max(64),
    }),
  ]),
  reason,
  requestId,
});
export type RevealInput = z.input<typeof revealInput>;
export const revealOutput = z.object({
  /** Id of the `op.requested` event in the journal. */
  journalId: z.string(),
  /** What was revealed, in words; the journal holds the same. */
  path: z.string(),
  /** Base64 for `bytes`. */
  value: z.unknown(),
});
