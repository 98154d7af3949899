import type { Figure } from "#bench/figure.ts";
import { actorPageFigures } from "./actor-page.ts";
import { censusFigures } from "./census.ts";
import { etfFigures } from "./etf.ts";
import { mapFigures, wholeMapFigures } from "./map.ts";
import { nodePollFigures } from "./node-poll.ts";
import { watcherFigures } from "./watchers.ts";

/** DNA clusters at size: answers of nodes, polls of a thousand, censuses, the map, and a console that watches ten clusters. */
export async function* benchDna(): AsyncIterable<Figure> {
  yield* etfFigures();
  yield* await nodePollFigures();
  yield* await actorPageFigures();
  yield* await censusFigures();
  yield* mapFigures();
  yield* wholeMapFigures();
  yield* watcherFigures();
}
