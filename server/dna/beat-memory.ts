import { READ_GAP_MS } from "#server/contract/diagram/dna-lifecycle.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { type IncarnationId, toIncarnationId } from "./domain/identity.ts";
import { isMalformed, type MalformedRow, type NodeRow } from "./ports.ts";

/** Beats kept of one incarnation: ten minutes of them. */
export const BEATS_KEPT = 120;
/** Incarnations whose beats are kept; of more the one that was not read for longest is forgotten. */
export const INCARNATIONS_KEPT = 20_000;

export interface Beat {
  readonly at: EpochMs;
  /** Since the beat before, in ms by its own clock and by the database's; `null` = no beat before, or a gap in the reads. */
  readonly ownMs: number | null;
  readonly databaseMs: number | null;
  readonly load: number | null;
}

export interface BeatHistory {
  readonly beats: readonly Beat[];
  readonly since: EpochMs;
  readonly seenAt: EpochMs;
  readonly heartbeat: bigint;
}

/** The last beats of every incarnation of a source: samples, kept in memory only, at most 2.4 kB an incarnation. */
export interface BeatMemory {
  /** Takes in one read of a cluster, stamped at its start. */
  observe(rows: readonly (NodeRow | MalformedRow)[], at: EpochMs): void;
  /** `null` = it was never read. */
  of(id: IncarnationId): BeatHistory | null;
}

/** Three numbers a beat besides its instant: own interval, interval by the database, load. `NaN` = not known. */
const FIELDS = 3;
/** Places that a new incarnation gets; they double as it beats on. */
const PLACES_FIRST = 15;

interface Kept {
  at: Float64Array;
  values: Float32Array;
  count: number;
  readonly since: EpochMs;
  seenAt: EpochMs;
  heartbeat: bigint;
  writtenAtMs: number | null;
}

export function createBeatMemory(limits: { readonly incarnations?: number } = {}): BeatMemory {
  const most = limits.incarnations ?? INCARNATIONS_KEPT;
  const known = new Map<IncarnationId, Kept>();

  function first(id: IncarnationId, row: NodeRow, at: EpochMs): void {
    const writtenAtMs = row.writtenAtMs ?? null;
    const [ats, values] = [new Float64Array(PLACES_FIRST), new Float32Array(PLACES_FIRST * FIELDS)];
    known.set(id, { at: ats, values, count: 0, since: at, seenAt: at, heartbeat: row.heartbeat, writtenAtMs });
    for (const oldest of known.keys()) {
      if (known.size <= most) break;
      known.delete(oldest);
    }
  }

  function observeRow(row: NodeRow, at: EpochMs): void {
    const id = toIncarnationId(row.incarnation);
    const kept = known.get(id);
    if (kept === undefined) {
      first(id, row, at);
      return;
    }
    const gap = at - kept.seenAt > READ_GAP_MS;
    const writtenAtMs = row.writtenAtMs ?? null;
    if (row.heartbeat !== kept.heartbeat) {
      if (kept.count === kept.at.length && kept.count < BEATS_KEPT) grow(kept);
      const place = kept.count % BEATS_KEPT;
      const follows = !gap && row.heartbeat > kept.heartbeat;
      kept.at[place] = at;
      kept.values[place * FIELDS] = follows ? Number(row.heartbeat - kept.heartbeat) : Number.NaN;
      kept.values[place * FIELDS + 1] =
        follows && writtenAtMs !== null && kept.writtenAtMs !== null ? writtenAtMs - kept.writtenAtMs : Number.NaN;
      kept.values[place * FIELDS + 2] = row.load ?? Number.NaN;
      kept.count += 1;
      kept.heartbeat = row.heartbeat;
      kept.writtenAtMs = writtenAtMs;
    }
    kept.seenAt = at;
  }

  return {
    observe(rows, at) {
      for (const row of rows) if (!isMalformed(row)) observeRow(row, at);
    },
    of(id) {
      const kept = known.get(id);
      if (kept === undefined) return null;
      const { count, since, seenAt, heartbeat } = kept;
      const from = Math.max(0, count - BEATS_KEPT);
      const beats = Array.from({ length: count - from }, (_, index) => beatAt(kept, (from + index) % BEATS_KEPT));
      return { beats, since, seenAt, heartbeat };
    },
  };
}

function grow(kept: Kept): void {
  const [at, values] = [new Float64Array(kept.at.length * 2), new Float32Array(kept.values.length * 2)];
  at.set(kept.at);
  values.set(kept.values);
  kept.at = at;
  kept.values = values;
}

function beatAt({ at, values }: Kept, place: number): Beat {
  const value = (field: number): number | null => {
    const number = values[place * FIELDS + field];
    return number === undefined || Number.isNaN(number) ? null : number;
  };
  return { at: epochMs(at[place] ?? 0), ownMs: value(0), databaseMs: value(1), load: value(2) };
}
