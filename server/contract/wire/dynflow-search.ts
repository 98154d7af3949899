import { z } from "zod";
import { observed, sourceId } from "./common.ts";
import { planFilter, planRow } from "./dynflow.ts";

const text = z.string().trim().min(2, "takes at least 2 characters").max(200).nullable().default(null);
const place = z.string().max(60).nullable().default(null);

/** What viewers may look for as well: none of it is masked. */
const openNeedle = z.object({
  /** In the class of any action of the plan. */
  actionClass: text,
  /** World that its execution history names. */
  worldId: z.string().max(100).nullable().default(null),
});
export const searchInput = z.object({
  source: sourceId,
  filter: planFilter.prefault({}),
  needle: openNeedle.prefault({}),
  /** `next` of the answer before; `null` = from the first plan. */
  from: place,
});
/** What is masked for viewers, who therefore may not look for it. */
export const searchTextInput = searchInput.extend({
  needle: openNeedle
    .extend({
      /** In class, message or backtrace of a step's error. */
      errorText: text,
      /** In a key or value of an action's input. */
      inputText: text,
    })
    .prefault({}),
});
export type SearchTextInput = z.input<typeof searchTextInput>;

export const searchHit = planRow.extend({
  evidence: z.array(
    z.object({
      where: z.enum(["error", "input", "action", "history"]),
      /** Of the step, or of the action where it stands in an input or is a class. */
      id: z.number().nullable(),
      text: z.string(),
    }),
  ),
});
export type SearchHit = z.infer<typeof searchHit>;
/** A part of the search, of less than a second: whoever asked goes on from `next`. */
export const searchOutput = z.object({
  ...observed,
  hits: z.array(searchHit),
  looked: z.object({
    plans: z.number(),
    rows: z.number(),
    bytes: z.number(),
    /** Rows that are too long to be read, or do not decode. */
    notLookedInto: z.number(),
  }),
  tookMs: z.number(),
  /** `null` = every plan was looked at. */
  next: z.string().nullable(),
});
export type SearchOutput = z.infer<typeof searchOutput>;
