/** Folded states of the past that were asked for lately: whoever drags the time bar asks for their neighbours next. */
import type { StreamName } from "#server/contract/event.ts";
import type { StreamFold } from "#server/contract/fold/fold.ts";

const STATES_MAX = 64;
/** Nodes, plans, locks and the like of all states together; some hundred bytes each. */
const RECORDS_MAX = 100_000;

export interface FoldedState {
  readonly seq: bigint;
  readonly fold: StreamFold;
}

/** The least recently used go first. */
export interface FoldCache {
  /** The newest state kept of a stream that is not beyond a number. */
  nearest(stream: StreamName, epoch: string, seq: bigint): FoldedState | null;
  put(stream: StreamName, epoch: string, state: FoldedState): void;
}

interface Entry extends FoldedState {
  readonly owner: string;
  readonly records: number;
}

export function createFoldCache(): FoldCache {
  /** In order of use. */
  const entries = new Map<string, Entry>();
  let records = 0;

  function drop(key: string): void {
    records -= entries.get(key)?.records ?? 0;
    entries.delete(key);
  }

  return {
    nearest(stream, epoch, seq) {
      const owner = ownerOf(stream, epoch);
      let best: Entry | null = null;
      for (const entry of entries.values()) {
        if (entry.owner === owner && entry.seq <= seq && entry.seq >= (best?.seq ?? 0n)) best = entry;
      }
      if (best === null) return null;
      const key = `${owner} ${best.seq}`;
      entries.delete(key);
      entries.set(key, best);
      return best;
    },
    put(stream, epoch, { seq, fold }) {
      const owner = ownerOf(stream, epoch);
      const key = `${owner} ${seq}`;
      drop(key);
      entries.set(key, { owner, seq, fold, records: recordsIn(fold) });
      records += recordsIn(fold);
      for (const oldest of entries.keys()) {
        if (entries.size <= STATES_MAX && (records <= RECORDS_MAX || entries.size === 1)) break;
        drop(oldest);
      }
    },
  };
}

const ownerOf = (stream: StreamName, epoch: string): string => `${epoch} ${stream}`;

const recordsIn = (fold: StreamFold): number =>
  Object.values(fold).reduce<number>(
    (sum, part) => sum + (typeof part === "object" && part !== null ? Object.keys(part).length : 1),
    0,
  );
