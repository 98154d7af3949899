import { z } from "zod";
import type { Positions } from "#server/contract/cursor.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { instant } from "./common.ts";

const streamName = z.string().max(100);
const at = z.iso.datetime();
const seq = z.string().regex(/^(0|[1-9][0-9]{0,18})$/, "must be the number of an event");

export const rangeInput = z.object({
  streams: z.array(streamName).max(50).default([]),
  kinds: z.array(z.string().max(100)).max(50).default([]),
  subject: z.string().max(1_000).nullable().default(null),
  from: at.nullable().default(null),
  to: at.nullable().default(null),
  /** Only what this user asked for; `null` = anybody's. With it a page may hold fewer than `limit` and go on. */
  user: z.string().max(200).nullable().default(null),
  /** Only phases of this action (`dynflow.plans.resume`), or of all that begin with these parts (`dynflow.plans`). */
  action: z.string().max(100).nullable().default(null),
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

/** A stream of which the state at an instant cannot be told, and why; its fold is left out then. */
export const notKnown = z.object({
  stream: z.string(),
  /** `before-horizon`: retention has dropped it. `not-begun`: nothing of it had been seen yet. */
  why: z.enum(["before-horizon", "not-begun"]),
  /** From when on it can be told; `null` = never seen. */
  knownFrom: instant.nullable(),
});
export type NotKnown = z.infer<typeof notKnown>;

export const stateAtInput = z.object({ at });
export const stateAtOutput = z.object({
  at: instant,
  foldVersion: z.number().int(),
  /** Fold of every stream the caller may see, masked for viewers, as the console knew it then. */
  folds: z.custom<Folds>(),
  /** How far each of these streams is folded: `events` goes on from here. */
  positions: z.custom<Positions>(),
  notKnown: z.array(notKnown),
  /** Nothing observed before is kept; `null` = everything is. */
  horizon: instant.nullable(),
});

export type StateAtOutput = z.infer<typeof stateAtOutput>;

/** What follows on a state, to be folded by whoever asks: the same reducer gives the same state. */
export const eventsInput = z.object({
  after: z.record(streamName, z.object({ epoch: z.string().max(64), seq })),
  /** Inclusive, by the time of observation. */
  to: at,
  limit: z.number().int().min(1).max(5_000).default(2_000),
});
export const eventsOutput = z.object({
  /** By time of observation, and in order within each stream. */
  events: z.array(z.custom<JournalEvent>()),
  /** There are more before `to`: ask again, from the last of these. */
  more: z.boolean(),
});

export type EventsInput = z.input<typeof eventsInput>;
export type EventsOutput = z.infer<typeof eventsOutput>;

/** What kinds of events stand out on the time bar. */
export const markKind = z.enum(["operator", "need", "gap"]);
export type MarkKind = z.infer<typeof markKind>;
export const mark = z.object({
  id: z.string(),
  stream: z.string(),
  at: instant,
  /** `operator`: somebody acted. `need`: something came to need a person. `gap`: a source, or the console, went away. */
  what: markKind,
  kind: z.string(),
  subject: z.string(),
});
export type Mark = z.infer<typeof mark>;
export const marksInput = z.object({
  from: at,
  to: at,
  limit: z.number().int().min(1).max(1_000).default(500),
});
export const marksOutput = z.object({
  /** Oldest first; the newest `limit` when there are more. */
  marks: z.array(mark),
  more: z.boolean(),
  /** Time of observation of the oldest event that is kept; `null` = the journal is empty. */
  first: instant.nullable(),
  horizon: instant.nullable(),
});

export type MarksOutput = z.infer<typeof marksOutput>;

/** The nearest event before or after an instant, excluding the instant itself. */
export const stepInput = z.object({
  at,
  direction: z.enum(["previous", "next"]),
  /** `marks`: only events that stand out. */
  what: z.enum(["events", "marks"]).default("events"),
});
export const stepOutput = z.object({ event: z.custom<JournalEvent>().nullable() });

/** One thing whose history is asked for. `id` of an actor: `<namespace>:<module id>:<name>`; of an app of a HAF stack: its name. */
export const thing = z.object({
  type: z.enum(["incarnation", "actor", "plan", "world", "source", "operator", "job", "agent", "app"]),
  /** Id of the source; `null` for operators and jobs. */
  source: z.string().max(64).nullable(),
  id: z.string().min(1).max(12_000),
});
export type Thing = z.infer<typeof thing>;
export const historyInput = z.object({
  thing,
  limit: z.number().int().min(1).max(200).default(100),
  cursor: z.string().max(2_000).nullable().default(null),
});
/** An interval in which nothing could be seen of the thing. */
export const blindSpot = z.object({ from: instant, to: instant.nullable(), why: z.string() });
export type BlindSpot = z.infer<typeof blindSpot>;
export const historyOutput = z.object({
  /** Newest first; masked for viewers. Of a plan: also its steps and locks; of anything: also the actions on it. */
  events: z.array(z.custom<JournalEvent>()),
  nextCursor: z.string().nullable(),
  /** Within the time of these events, newest first: source away, console not running. */
  blindSpots: z.array(blindSpot),
  horizon: instant.nullable(),
});

/** What an export takes from the whole journal: no page, everything that fits. */
export const exportInput = z.object({
  format: z.enum(["jsonl", "csv"]).default("jsonl"),
  streams: z.array(streamName).max(50).default([]),
  kinds: z.array(z.string().max(100)).max(50).default([]),
  subject: z.string().max(12_000).nullable().default(null),
  from: at.nullable().default(null),
  to: at.nullable().default(null),
  user: z.string().max(200).nullable().default(null),
  action: z.string().max(100).nullable().default(null),
});
export type ExportInput = z.output<typeof exportInput>;

/** One event with what it came from and what came of it. */
export const aroundInput = z.object({ id: z.string().min(1).max(200) });
export const aroundOutput = z.object({
  event: z.custom<JournalEvent>(),
  cause: z.custom<JournalEvent>().nullable(),
  /** Oldest first, at most 200. */
  effects: z.array(z.custom<JournalEvent>()),
});
export type HistoryOutput = z.infer<typeof historyOutput>;
export type AroundOutput = z.infer<typeof aroundOutput>;
