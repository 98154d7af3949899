import type { Incarnation } from "#server/dna/domain/identity.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { mix32 } from "./random.ts";

/** The columns of one row of `actors`. `owner` is `null` in a row that was written by half. */
export interface OwnerRecord {
  readonly owner: Incarnation | null;
  readonly claimedAt: EpochMs | null;
  /** Why the row makes no sense, for the one that has half an owner. */
  readonly unreadable: string | null;
}

export interface ActorTypeSpec {
  readonly namespace: string;
  readonly moduleId: number;
  /** Names are `<prefix>-<8 digits>`, counted from 0. */
  readonly prefix: string;
  readonly count: number;
  /** To whom the keys belong at first, spread by a hash; repeated entries weigh more. */
  readonly baseOwners: readonly Incarnation[];
  /** Claims at first lie within this long before the start. */
  readonly claimedWithinMs: number;
}

const NAME_DIGITS = 8;
const TWO_32 = 4_294_967_296;

/**
 * All rows of one actor type. The rows at first are a function of their number, so that a hundred thousand of them take
 * no memory; what was claimed or released since is kept beside it.
 */
export interface ActorTable {
  readonly spec: ActorTypeSpec;
  nameAt(index: number): string;
  get(name: string): OwnerRecord | null;
  set(name: string, record: OwnerRecord): void;
  delete(name: string): void;
  isEmpty(): boolean;
  /** Ascending by UTF-8 bytes, those that start with `prefix` and are above `after`, at most `limit`. */
  slice(prefix: string, after: string | null, limit: number): readonly (readonly [string, OwnerRecord])[];
}

/** Order of text in the database: by UTF-8 bytes, which differs from that of JavaScript's strings. */
export const compareUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function createActorTable(spec: ActorTypeSpec, startEpoch: EpochMs): ActorTable {
  const changed = new Map<string, OwnerRecord | null>();
  /** Names that are not of the base, sorted. */
  const extras: string[] = [];
  const extraAt = (index: number): string => extras[index] ?? "";
  const salt = mix32(spec.moduleId + spec.count);
  const nameAt = (index: number): string => `${spec.prefix}-${String(index).padStart(NAME_DIGITS, "0")}`;

  function indexOf(name: string): number | null {
    if (name.length !== spec.prefix.length + 1 + NAME_DIGITS || !name.startsWith(spec.prefix)) return null;
    const index = Number(name.slice(-NAME_DIGITS));
    return index < spec.count && nameAt(index) === name ? index : null;
  }

  function baseAt(index: number): OwnerRecord | null {
    const hash = mix32(index ^ salt);
    const owner = spec.baseOwners[hash % spec.baseOwners.length];
    if (owner === undefined) return null;
    const agoMs = Math.floor((mix32(hash) / TWO_32) * spec.claimedWithinMs);
    return { owner, claimedAt: epochMs(startEpoch - agoMs), unreadable: null };
  }

  function get(name: string): OwnerRecord | null {
    const known = changed.get(name);
    if (known !== undefined) return known;
    const index = indexOf(name);
    return index === null ? null : baseAt(index);
  }

  const table: ActorTable = {
    spec,
    nameAt,
    get,
    isEmpty: () => table.slice("", null, 1).length === 0,
    set(name, record) {
      if (!changed.has(name) && indexOf(name) === null) extras.splice(firstFrom(extras.length, extraAt, name), 0, name);
      changed.set(name, record);
    },
    delete(name) {
      changed.set(name, null);
    },
    slice(prefix, after, limit) {
      const from = after !== null && compareUtf8(after, prefix) >= 0 ? after : prefix;
      let base = firstFrom(spec.count, nameAt, from);
      let extra = firstFrom(extras.length, extraAt, from);
      const rows: [string, OwnerRecord][] = [];
      while (rows.length < limit) {
        const baseName = base < spec.count ? nameAt(base) : null;
        const extraName = extras[extra] ?? null;
        const fromBase = extraName === null || (baseName !== null && compareUtf8(baseName, extraName) < 0);
        const name = fromBase ? baseName : extraName;
        if (name === null || !name.startsWith(prefix)) break;
        if (fromBase) base += 1;
        else extra += 1;
        const record = name === after ? null : get(name);
        if (record !== null) rows.push([name, record]);
      }
      return rows;
    },
  };
  return table;
}

/** Index of the first of `count` sorted names that is not below `bound`. */
function firstFrom(count: number, nameAt: (index: number) => string, bound: string): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareUtf8(nameAt(middle), bound) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
