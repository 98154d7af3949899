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

/** The last beats of every incarnation of a source: samples, kept in memory only, about 3 kB an incarnation. */
export interface BeatMemory {
  /** Takes in one read of a cluster, stamped at its start. */
  observe(rows: readonly (NodeRow | MalformedRow)[], at: EpochMs): void;
  /** `null` = it was never read. */
  of(id: IncarnationId): BeatHistory | null;
}

/** Four numbers a beat: when, own interval, interval by the database, load. `NaN` = not known. */
const FIELDS = 4;

interface Kept {
  readonly ring: Float64Array;
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
    const ring = new Float64Array(BEATS_KEPT * FIELDS);
    known.set(id, { ring, count: 0, since: at, seenAt: at, heartbeat: row.heartbeat, writtenAtMs });
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
      const start = (kept.count % BEATS_KEPT) * FIELDS;
      const follows = !gap && row.heartbeat > kept.heartbeat;
      kept.ring[start] = at;
      kept.ring[start + 1] = follows ? Number(row.heartbeat - kept.heartbeat) : Number.NaN;
      kept.ring[start + 2] =
        follows && writtenAtMs !== null && kept.writtenAtMs !== null ? writtenAtMs - kept.writtenAtMs : Number.NaN;
      kept.ring[start + 3] = row.load ?? Number.NaN;
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
      const { ring, count, since, seenAt, heartbeat } = kept;
      const from = Math.max(0, count - BEATS_KEPT);
      const beats = Array.from({ length: count - from }, (_, index) => beatAt(ring, (from + index) % BEATS_KEPT));
      return { beats, since, seenAt, heartbeat };
    },
  };
}

function beatAt(ring: Float64Array, place: number): Beat {
  const value = (field: number): number | null => {
    const number = ring[place * FIELDS + field];
    return number === undefined || Number.isNaN(number) ? null : number;
  };
  return { at: epochMs(value(0) ?? 0), ownMs: value(1), databaseMs: value(2), load: value(3) };
}
