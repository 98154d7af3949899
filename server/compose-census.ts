import { ulid } from "ulid";
import { createCensusTaker, estimateCensus } from "#server/dna/census.ts";
import { createCensusKind } from "#server/dna/census-job.ts";
import type { DnaSource } from "#server/dna/source-view.ts";
import type { JobKind } from "#server/jobs/ports.ts";
import type { JobRunner } from "#server/jobs/runner.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { DnaAssembly } from "./compose-dna.ts";

/** The job that counts keys, over the registers of these sources. */
export const censusKind = (
  sources: readonly DnaAssembly[],
  deps: { readonly recorder: Recorder; readonly view: Pick<FoldView, "dna">; readonly clock: Clock },
): JobKind =>
  createCensusKind({
    ...deps,
    storeOf: (id) => sources.find(({ source }) => source.id === id)?.source.store ?? null,
  });

/** The sources with their censuses, which are jobs of this runner. */
export const withCensuses = (
  sources: readonly DnaAssembly[],
  deps: {
    readonly jobs: JobRunner;
    readonly rowsPerSecond: number;
    readonly clock: Clock;
    readonly log: Logger;
  },
): readonly DnaSource[] =>
  sources.map(({ source }) => ({
    ...source,
    census: createCensusTaker({
      source,
      jobs: deps.jobs,
      newId: ulid,
      rowsPerSecond: deps.rowsPerSecond,
      async expectedRows() {
        try {
          return (await estimateCensus(source, deps.rowsPerSecond, deps.clock.now())).rows;
        } catch (cause) {
          // The walk tells by itself how far it is; without the estimate only its end is not known.
          deps.log.warn("dna.census.no-estimate", { source: source.id, reason: messageOf(cause) });
          return null;
        }
      },
    }),
  }));
