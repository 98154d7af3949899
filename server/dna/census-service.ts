import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { shownText } from "#server/contract/event.ts";
import { maskText } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as dna from "#server/contract/wire/dna.ts";
import type * as wire from "#server/contract/wire/dna-census.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Census, estimateCensus } from "./census.ts";
import { parseIncarnationId } from "./domain/identity.ts";
import { toCensusView } from "./node-view.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";

const LISTED_MAX = 20;

/** Walks over the registers: what they cost, how far they are, and their control. They read only. */
export function createCensusService(deps: {
  readonly sources: readonly DnaSource[];
  readonly clock: Clock;
  readonly rowsPerSecond: number;
  readonly masks?: MaskRules;
}) {
  const { sources, clock, masks } = deps;

  function view(caller: Caller, source: DnaSource, census: Census): WireShape<typeof wire.censusView> {
    const note = maskText(census.note, audienceOf(caller.principal), masks);
    return {
      ...asOfNow(clock, source),
      ...toCensusView(census),
      note: note === null ? null : shownText(note),
      incarnation: census.incarnationId,
      requestedBy: census.requestedBy,
      expectedRows: census.expectedRows,
      rowsPerSecond: census.rowsPerSecond,
      endsAt: census.endsAt === null ? null : toIso(census.endsAt),
    };
  }

  const control =
    (verb: "pause" | "resume" | "cancel") =>
    async (caller: Caller, input: WireIn<typeof dna.censusInput>): WireOut<typeof wire.censusView> => {
      const source = sourceFor(caller, sources, input.source);
      return view(caller, source, await source.census[verb](input.censusId));
    };

  return {
    async start(caller: Caller, input: WireIn<typeof wire.censusStartInput>): WireOut<typeof wire.censusView> {
      const source = sourceFor(caller, sources, input.source);
      if (input.incarnation !== null && parseIncarnationId(input.incarnation) === null) {
        throw new OpsError("invalid-input", "incarnation: must be <created_at ms>:<id>");
      }
      const census = await source.census.start({
        incarnationId: input.incarnation,
        requestedBy: caller.principal.id,
        requestId: input.requestId ?? null,
      });
      return view(caller, source, census);
    },

    async get(caller: Caller, input: WireIn<typeof dna.censusInput>): WireOut<typeof wire.censusView> {
      const source = sourceFor(caller, sources, input.source);
      const census = source.census.get(input.censusId);
      if (census === null) throw new OpsError("not-found", `No census ${input.censusId}`);
      return view(caller, source, census);
    },

    async list(caller: Caller, input: WireIn<typeof wire.censusListInput>): WireOut<typeof wire.censusListOutput> {
      const source = sourceFor(caller, sources, input.source);
      const walks = source.census.list(LISTED_MAX).map((census) => view(caller, source, census));
      return { ...asOfNow(clock, source), walks };
    },

    async estimate(
      caller: Caller,
      input: WireIn<typeof wire.censusListInput>,
    ): WireOut<typeof wire.censusEstimateOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { asOf: knownAt, ...cost } = await estimateCensus(source, deps.rowsPerSecond, clock.now());
      return { ...asOfNow(clock, source), ...cost, knownAt: knownAt === null ? null : toIso(knownAt) };
    },

    pause: control("pause"),
    resume: control("resume"),
    cancel: control("cancel"),
  };
}
