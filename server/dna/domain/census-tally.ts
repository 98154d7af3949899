/**
 * What a census has counted so far: keys by owner and type, in bounded memory, as plain JSON so that it can be put down
 * and taken up. Owners that are known from the `nodes` table are counted first; of strangers only so many are kept apart.
 */
import type { ActorType, IncarnationId } from "./identity.ts";
import { type Incarnation, toIncarnationId } from "./identity.ts";

/** Counters (owner × type) in memory; beyond it keys are only summed. */
export const COUNTERS_MAX = 20_000;
/** Counters of owners that the `nodes` table does not have. */
export const STRANGER_COUNTERS_MAX = 10_000;
/** Counters and types of one event, and how much text they may be: an event has to fit the journal. */
const EVENT_COUNTERS_MAX = 5_000;
const EVENT_TYPES_MAX = 1_000;
const EVENT_CHARS_MAX = 700_000;

/** Keys of one type that one incarnation owns. */
export interface OwnerCount extends ActorType {
  readonly incarnationId: IncarnationId;
  readonly keys: number;
}

export interface TypeRows extends ActorType {
  readonly rows: number;
}

export interface TypeTally extends TypeRows {
  /** Keys of the asked incarnation, or of anybody when none was asked for. */
  readonly keys: number;
  readonly ownerless: number;
  readonly unreadable: number;
}

/** As it is put down. Types are by their place in `types`. */
export interface TallyState {
  readonly types: readonly TypeTally[];
  /** Owner, then type and keys in turns. */
  readonly owners: readonly (readonly [IncarnationId, readonly number[]])[];
  readonly otherKeys: number;
}

export const EMPTY_TALLY: TallyState = { types: [], owners: [], otherKeys: 0 };

/** One slice of a type, as counted where it was read. */
export interface CountedSlice {
  readonly rows: number;
  readonly unreadable: number;
  readonly ownerless: number;
  readonly owners: readonly { readonly owner: Incarnation; readonly keys: number }[];
}

export interface CensusTally {
  /** Opens a type; what is taken next belongs to it. Opening the one that is open changes nothing. */
  open(type: ActorType): void;
  take(slice: CountedSlice): void;
  rows(): number;
  state(): TallyState;
  /** What is journalled of it. */
  facts(): {
    readonly counts: readonly OwnerCount[];
    readonly types: readonly TypeRows[];
    readonly otherKeys: number;
  };
}

/**
 * @param asked only the keys of this incarnation are counted by owner; `null` = everybody's
 * @param isKnown whether the `nodes` table has, or had, this incarnation
 */
export function createTally(
  from: TallyState,
  asked: IncarnationId | null,
  isKnown: (incarnation: IncarnationId) => boolean,
): CensusTally {
  const types: TypeTally[] = [...from.types];
  const owners = new Map<IncarnationId, Map<number, number>>();
  let { otherKeys } = from;
  let counters = 0;
  let rows = types.reduce((sum, type) => sum + type.rows, 0);
  for (const [owner, flat] of from.owners) {
    const byType = new Map<number, number>();
    for (let at = 0; at + 1 < flat.length; at += 2) byType.set(flat[at] ?? 0, flat[at + 1] ?? 0);
    owners.set(owner, byType);
    counters += byType.size;
  }

  function count(owner: IncarnationId, keys: number, place: number): void {
    const byType = owners.get(owner);
    const known = byType?.get(place);
    if (byType !== undefined && known !== undefined) {
      byType.set(place, known + keys);
      return;
    }
    if (counters >= (isKnown(owner) ? COUNTERS_MAX : STRANGER_COUNTERS_MAX)) {
      otherKeys += keys;
      return;
    }
    counters += 1;
    if (byType === undefined) owners.set(owner, new Map([[place, keys]]));
    else byType.set(place, keys);
  }

  return {
    open({ namespace, moduleId }) {
      const last = types.at(-1);
      if (last !== undefined && last.namespace === namespace && last.moduleId === moduleId) return;
      types.push({ namespace, moduleId, rows: 0, keys: 0, ownerless: 0, unreadable: 0 });
    },
    take(slice) {
      const place = types.length - 1;
      const type = types[place];
      if (type === undefined) return;
      let keys = 0;
      for (const entry of slice.owners) {
        const owner = toIncarnationId(entry.owner);
        if (asked !== null && owner !== asked) continue;
        keys += entry.keys;
        count(owner, entry.keys, place);
      }
      rows += slice.rows;
      types[place] = {
        ...type,
        rows: type.rows + slice.rows,
        keys: type.keys + keys,
        ownerless: type.ownerless + slice.ownerless,
        unreadable: type.unreadable + slice.unreadable,
      };
    },
    rows: () => rows,
    state: () => ({
      types: [...types],
      owners: [...owners].map(([owner, byType]) => [owner, [...byType].flat()] as const),
      otherKeys,
    }),
    facts() {
      const all = [...owners].flatMap(([owner, byType]) =>
        [...byType].map(([place, keys]) => ({ owner, place, keys, known: isKnown(owner) })),
      );
      all.sort((a, b) => Number(b.known) - Number(a.known) || b.keys - a.keys);
      const counts: OwnerCount[] = [];
      let chars = 0;
      let left = otherKeys;
      for (const { owner, place, keys } of all) {
        const { namespace = "", moduleId = 0 } = types[place] ?? {};
        const told = { incarnationId: owner, namespace, moduleId, keys };
        chars += JSON.stringify(told).length;
        if (counts.length < EVENT_COUNTERS_MAX && chars <= EVENT_CHARS_MAX) counts.push(told);
        else left += keys;
      }
      return { counts, types: largest(types), otherKeys: left };
    },
  };
}

function largest(types: readonly TypeTally[]): readonly TypeRows[] {
  let chars = 0;
  return types
    .toSorted((a, b) => b.rows - a.rows)
    .slice(0, EVENT_TYPES_MAX)
    .map(({ namespace, moduleId, rows }) => ({ namespace, moduleId, rows }))
    .filter((type) => {
      chars += JSON.stringify(type).length;
      return chars <= EVENT_CHARS_MAX / 4;
    });
}
