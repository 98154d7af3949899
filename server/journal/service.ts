import type { Caller } from "#server/auth/caller.ts";
import { isAnything, isDoneBy, streamsDoneBy } from "#server/contract/event-filter.ts";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { aroundEvent } from "./around.ts";
import { userTerm } from "./domain/terms.ts";
import { exportEvents } from "./export.ts";
import { eventsAfter } from "./forward.ts";
import { historyOf } from "./history.ts";
import type { Journal } from "./ports.ts";
import { ANY, readSeen, sightOf, streamsAsked, toEpoch } from "./sight.ts";
import { marksOf, stepFrom } from "./time-bar.ts";
import { createTimeTravel, type TravelJournal } from "./time-travel.ts";

/** Reads the journal for people: only the streams that the caller may see, masked for viewers. */
export function createJournalService(deps: {
  readonly journal: TravelJournal & Pick<Journal, "heads" | "byId">;
  readonly log: Logger;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { journal, log, masks } = deps;
  const travel = createTimeTravel(deps);
  return {
    /** Newest first. */
    async range(caller: Caller, input: WireIn<typeof wire.rangeInput>): WireOut<typeof wire.rangeOutput> {
      const sight = await sightOf(caller, journal, masks);
      const query = {
        ...ANY,
        streams: streamsAsked(sight, streamsDoneBy(input.streams, input)),
        kinds: input.kinds,
        subject: input.subject,
        ...(input.user === null ? {} : { term: userTerm(input.user) }),
        from: input.from === null ? null : toEpoch(input.from),
        to: input.to === null ? null : toEpoch(input.to),
        limit: input.limit,
        cursor: input.cursor,
      };
      const page = await readSeen(journal, sight, query, (event) => isAnything(input) || isDoneBy(event, input));
      return { events: page.events.map(sight.shown), nextCursor: page.nextCursor, horizon: isoOrNull(page.horizon) };
    },

    async stateAt(caller: Caller, { at }: WireIn<typeof wire.stateAtInput>): WireOut<typeof wire.stateAtOutput> {
      const sight = await sightOf(caller, journal, masks);
      const instant = toEpoch(at);
      const [past, page] = await Promise.all([
        travel.stateAt(sight.heads, instant),
        journal.range({ ...ANY, streams: sight.queried }),
      ]);
      return {
        at: toIso(instant),
        foldVersion: FOLD_VERSION,
        folds: sight.folds(past.folds),
        positions: past.positions,
        notKnown: past.notKnown.map(({ stream, why, knownFrom }) => ({ stream, why, knownFrom: isoOrNull(knownFrom) })),
        horizon: isoOrNull(page.horizon),
      };
    },

    async events(caller: Caller, input: WireIn<typeof wire.eventsInput>): WireOut<typeof wire.eventsOutput> {
      return eventsAfter(journal, await sightOf(caller, journal, masks), input);
    },

    async marks(caller: Caller, input: WireIn<typeof wire.marksInput>): WireOut<typeof wire.marksOutput> {
      return marksOf(journal, await sightOf(caller, journal, masks), input);
    },

    async step(caller: Caller, input: WireIn<typeof wire.stepInput>): WireOut<typeof wire.stepOutput> {
      return stepFrom(journal, await sightOf(caller, journal, masks), input);
    },

    async history(caller: Caller, input: WireIn<typeof wire.historyInput>): WireOut<typeof wire.historyOutput> {
      return historyOf(journal, await sightOf(caller, journal, masks), input);
    },

    async around(caller: Caller, { id }: WireIn<typeof wire.aroundInput>): WireOut<typeof wire.aroundOutput> {
      return aroundEvent(journal, await sightOf(caller, journal, masks), id);
    },

    /** Pieces of the file, oldest event first; the first comes once it is known that the caller may have it. */
    async *export(caller: Caller, input: wire.ExportInput): AsyncGenerator<string> {
      const sight = await sightOf(caller, journal, masks);
      log.info("journal.exported", { user: caller.principal.id, format: input.format });
      yield* exportEvents(journal, sight, input);
    },
  };
}

const isoOrNull = (instant: EpochMs | null) => (instant === null ? null : toIso(instant));
