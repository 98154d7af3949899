import type { SinkState } from "#server/contract/alerts.ts";
import {
  familyOf,
  type JournalEvent,
  type Maskable,
  type StreamFamily,
  type StreamName,
} from "#server/contract/event.ts";
import type { ReaderFold } from "#server/contract/readers.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { type DnaFold, EMPTY_DNA, reduceDna } from "./dna.ts";
import { type DynflowFold, EMPTY_DYNFLOW, reduceDynflow } from "./dynflow.ts";
import { EMPTY_HAF, type HafFold, reduceHaf } from "./haf.ts";
import { EMPTY_INGEST, type IngestFold, reduceIngest } from "./ingest.ts";
import { EMPTY_OPERATOR, type OperatorFold, reduceOperator } from "./operator.ts";
import { COPYING, createBatchEditor, own, type RecordEditor } from "./record.ts";

/** Raised whenever a reducer would fold old events into another state: snapshots of another version are ignored. */
export const FOLD_VERSION = 5;

export interface ConsoleFold {
  readonly family: "console";
  readonly startedAt: EpochMs | null;
  readonly version: string | null;
  readonly demo: boolean;
  /** Parts that act on their own, by name: only those that have failed since the start. */
  readonly readers: Readonly<Record<string, ReaderFold>>;
  /** Where alerts go, by id: how they stood when they were last used. */
  readonly sinks: Readonly<Record<string, SinkFold>>;
}

export interface SinkFold {
  readonly state: SinkState;
  readonly since: EpochMs;
  readonly reason: Maskable<string> | null;
}

export const EMPTY_CONSOLE: ConsoleFold = {
  family: "console",
  startedAt: null,
  version: null,
  demo: false,
  readers: {},
  sinks: {},
};

export type StreamFold = DnaFold | DynflowFold | HafFold | IngestFold | OperatorFold | ConsoleFold;

/** State of every stream, by name. The one thing all live screens are drawn from, in BFF and browser alike. */
export type Folds = Readonly<Record<StreamName, StreamFold>>;

export function emptyFold(family: StreamFamily): StreamFold {
  switch (family) {
    case "dna":
      return EMPTY_DNA;
    case "dynflow":
      return EMPTY_DYNFLOW;
    case "haf":
      return EMPTY_HAF;
    case "ingest":
      return EMPTY_INGEST;
    case "operator":
      return EMPTY_OPERATOR;
    case "console":
      return EMPTY_CONSOLE;
    default:
      return unreachable(family);
  }
}

/** Folds one event into the state of its stream. Pure and total: unknown kinds change nothing. */
export function reduceStream(state: StreamFold, event: JournalEvent, edit: RecordEditor = COPYING): StreamFold {
  switch (state.family) {
    case "dna":
      return reduceDna(state, event, edit);
    case "dynflow":
      return reduceDynflow(state, event, edit);
    case "haf":
      return reduceHaf(state, event, edit);
    case "ingest":
      return reduceIngest(state, event, edit);
    case "operator":
      return reduceOperator(state, event);
    case "console":
      return reduceConsole(state, event, edit);
    default:
      return unreachable(state);
  }
}

function reduceConsole(state: ConsoleFold, event: JournalEvent, edit: RecordEditor): ConsoleFold {
  switch (event.kind) {
    case "console.started": {
      const { version, demo } = event.body;
      return { family: "console", startedAt: event.observedAt, version, demo, readers: {}, sinks: state.sinks };
    }
    case "console.reader.changed": {
      const { state: now, failures, reason } = event.body;
      const reader = { state: now, failures, reason, since: event.observedAt };
      return { ...state, readers: edit.put(state.readers, event.subject, reader) };
    }
    case "alert.sink.changed": {
      const { to, reason } = event.body;
      return { ...state, sinks: edit.put(state.sinks, event.subject, { state: to, since: event.observedAt, reason }) };
    }
    default:
      return state;
  }
}

/** Folds one event into the states of all streams; an event of a family we do not know changes nothing. */
export function reduceFolds(folds: Folds, event: JournalEvent): Folds {
  return reduceOne(folds, event, COPYING);
}

/** The same as folding them one by one, at the cost of one copy of what changes and not one an event. */
export function reduceAll(folds: Folds, events: readonly JournalEvent[]): Folds {
  const edit = createBatchEditor();
  return events.reduce((state, event) => reduceOne(state, event, edit), folds);
}

function reduceOne(folds: Folds, event: JournalEvent, edit: RecordEditor): Folds {
  const family = familyOf(event.stream);
  if (family === null) return folds;
  const before = own(folds, event.stream) ?? emptyFold(family);
  const after = reduceStream(before, event, edit);
  return after === own(folds, event.stream) ? folds : { ...folds, [event.stream]: after };
}
