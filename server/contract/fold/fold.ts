import { familyOf, type JournalEvent, type StreamFamily, type StreamName } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { type DnaFold, EMPTY_DNA, reduceDna } from "./dna.ts";
import { type DynflowFold, EMPTY_DYNFLOW, reduceDynflow } from "./dynflow.ts";
import { EMPTY_OPERATOR, type OperatorFold, reduceOperator } from "./operator.ts";

/** Raised whenever a reducer would fold old events into another state: snapshots of another version are ignored. */
export const FOLD_VERSION = 1;

export interface ConsoleFold {
  readonly family: "console";
  readonly startedAt: EpochMs | null;
  readonly version: string | null;
  readonly demo: boolean;
}

export const EMPTY_CONSOLE: ConsoleFold = { family: "console", startedAt: null, version: null, demo: false };

export type StreamFold = DnaFold | DynflowFold | OperatorFold | ConsoleFold;

/** State of every stream, by name. The one thing all live screens are drawn from, in BFF and browser alike. */
export type Folds = Readonly<Record<StreamName, StreamFold>>;

export function emptyFold(family: StreamFamily): StreamFold {
  switch (family) {
    case "dna":
      return EMPTY_DNA;
    case "dynflow":
      return EMPTY_DYNFLOW;
    case "operator":
      return EMPTY_OPERATOR;
    case "console":
      return EMPTY_CONSOLE;
    default:
      return unreachable(family);
  }
}

/** Folds one event into the state of its stream. Pure and total: unknown kinds change nothing. */
export function reduceStream(state: StreamFold, event: JournalEvent): StreamFold {
  switch (state.family) {
    case "dna":
      return reduceDna(state, event);
    case "dynflow":
      return reduceDynflow(state, event);
    case "operator":
      return reduceOperator(state, event);
    case "console":
      return event.kind === "console.started"
        ? { family: "console", startedAt: event.observedAt, version: event.body.version, demo: event.body.demo }
        : state;
    default:
      return unreachable(state);
  }
}

/** Folds one event into the states of all streams; an event of a family we do not know changes nothing. */
export function reduceFolds(folds: Folds, event: JournalEvent): Folds {
  const family = familyOf(event.stream);
  if (family === null) return folds;
  const before = folds[event.stream] ?? emptyFold(family);
  const after = reduceStream(before, event);
  return after === folds[event.stream] ? folds : { ...folds, [event.stream]: after };
}
