import { z } from "zod";
import type { JournalEvent } from "#server/contract/event.ts";
import { instant } from "./common.ts";

export const rangeInput = z.object({
  streams: z.array(z.string().max(100)).max(50).default([]),
  kinds: z.array(z.string().max(100)).max(50).default([]),
  subject: z.string().max(1_000).nullable().default(null),
  from: z.iso.datetime().nullable().default(null),
  to: z.iso.datetime().nullable().default(null),
  limit: z.number().int().min(1).max(200).default(100),
  cursor: z.string().max(2_000).nullable().default(null),
});
export type RangeInput = z.input<typeof rangeInput>;

export const rangeOutput = z.object({
  /** Newest first; masked for viewers. */
  events: z.array(z.custom<JournalEvent>()),
  nextCursor: z.string().nullable(),
  horizon: instant.nullable(),
});
