import { atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { createRandom } from "#server/demo/dna/random.ts";
import type { SqliteJournal } from "#server/journal/adapters/sqlite/journal.ts";
import { createTimeTravel } from "#server/journal/time-travel.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { HISTORY_EVENTS } from "./history.ts";

const ASKED = 300;
const WARM_UP = 20;
const SEED = 312;

/** The whole state at instants far from each other: nothing of one helps the next. */
export async function stateAtFigure(
  journal: SqliteJournal,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Figure> {
  const travel = createTimeTravel({ journal, log: silentLogger });
  const heads = await journal.heads();
  const random = createRandom(SEED);
  const times: number[] = [];
  for (let asked = 0; asked < WARM_UP + ASKED; asked += 1) {
    const at = epochMs(Math.floor(random.between(from, to)));
    const startedAt = performance.now();
    await travel.stateAt(heads, at);
    if (asked >= WARM_UP) times.push(performance.now() - startedAt);
  }
  return {
    figure: "journal.stateAt.p95",
    ...atMost(40, "ms").judge(percentile(times, 95)),
    beside: {
      events: HISTORY_EVENTS,
      streams: heads.length,
      instants: ASKED,
      seed: SEED,
      medianMs: round(median(times)),
    },
  };
}
