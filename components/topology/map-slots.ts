/** Which place of a cluster belongs to which node name: once given, kept. Pure. */

export interface Slots {
  /** Name to the index of its place; names that left are still in it. */
  readonly places: ReadonlyMap<string, number>;
  /** Names that left, the longest gone first: their places are given away last of all. */
  readonly left: readonly string[];
  /** One beyond the highest index that was ever given. */
  readonly end: number;
}

export const NO_SLOTS: Slots = { places: new Map(), left: [], end: 0 };

/**
 * The places after a look at the cluster. Who stays, stays where it is; who comes back finds its place as long as nobody
 * needed it; a newcomer takes the place that is empty for longest, else one at the end. The same object when nothing
 * came and nothing went.
 *
 * @param names in the order in which newcomers are placed; each once
 */
export function assignSlots(before: Slots, names: readonly string[]): Slots {
  const present = new Set(names);
  const wasLeft = new Set(before.left);
  const newcomers = names.filter((name) => !before.places.has(name));
  const left = before.left.filter((name) => !present.has(name));
  for (const name of before.places.keys()) if (!present.has(name) && !wasLeft.has(name)) left.push(name);
  if (newcomers.length === 0 && left.length === before.left.length) return before;
  const places = new Map(before.places);
  let { end } = before;
  let given = 0;
  for (const name of newcomers) {
    const gone = left[given];
    const place = gone === undefined ? undefined : places.get(gone);
    if (gone === undefined || place === undefined) {
      places.set(name, end);
      end += 1;
      continue;
    }
    places.delete(gone);
    places.set(name, place);
    given += 1;
  }
  return { places, left: left.slice(given), end };
}
