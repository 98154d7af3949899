/** What one reader knows of its source between two reads: the memory that liveness is judged from. Pure functions. */
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { type ClockRow, type ClockWatch, EMPTY_CLOCK_WATCH, observeClocks } from "./domain/clock-health.ts";
import { EMPTY_SKEW_WATCH, observeSkew, type SkewWatch } from "./domain/coordinator-skew.ts";
import { type EvidenceOf, type Flags, judgeFlags, withZombies } from "./domain/flags.ts";
import { type IncarnationId, parseIncarnationId, toIncarnationId } from "./domain/identity.ts";
import {
  type ClusterSightings,
  emptyCluster,
  interrupt,
  isBroken,
  observeRead,
  type ReadRow,
} from "./domain/liveness.ts";
import { isMalformed, type MalformedRow, type NodeRow } from "./ports.ts";

/** Rows that could not be read and are kept with their reason, per cluster. */
const UNREADABLE_MAX = 100;
/** Length to which the key of an unreadable row is cut: it is text from elsewhere. */
const UNREADABLE_KEY_CHARS = 200;
const UNREADABLE_REASON_CHARS = 500;

export interface ClusterWatch {
  readonly sightings: ClusterSightings;
  readonly flags: ReadonlyMap<IncarnationId, Flags>;
  /**
   * Those that were ever seen to share their name with another that beat beside them: what is found at that address
   * later on, e.g. that nobody bears the name, may be told of the other.
   */
  readonly conflicted: ReadonlySet<IncarnationId>;
  readonly skew: SkewWatch;
  readonly clocks: ClockWatch;
  /** Key of a row that the last read could not make sense of, to why. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Cluster name to what is known of it. */
export type SourceWatch = ReadonlyMap<string, ClusterWatch>;

export const emptyClusterWatch = (cluster: string): ClusterWatch => ({
  sightings: emptyCluster(cluster),
  flags: new Map(),
  conflicted: new Set(),
  skew: EMPTY_SKEW_WATCH,
  clocks: EMPTY_CLOCK_WATCH,
  unreadable: new Map(),
});

/** One successful read of the rows of a cluster. */
export interface NodesRead {
  readonly startedAt: MonotonicMs;
  readonly endedAt: MonotonicMs;
  readonly rows: readonly (NodeRow | MalformedRow)[];
  /** Largest lateness of the main loop since the read before, in ms. */
  readonly loopLateMs: number;
  /** What was found on the nodes themselves; left out = nobody asks there. */
  readonly evidenceOf?: EvidenceOf;
}

/** Folds one successful read into what was known of the cluster. */
export function observeNodes(before: ClusterWatch, read: NodesRead): ClusterWatch {
  const malformed = read.rows.filter(isMalformed);
  const unreadIds = malformed.flatMap((row) => identityIn(row.key) ?? []);
  const sightings = observeRead(before.sightings, {
    startedAt: read.startedAt,
    loopLateMs: read.loopLateMs,
    rows: read.rows.flatMap((row) => (isMalformed(row) ? [] : toReadRow(row))),
    unreadIds,
    nameless: malformed.length - unreadIds.length,
  });
  const unreadable = new Map(
    malformed
      .slice(0, UNREADABLE_MAX)
      .map((row) => [row.key.slice(0, UNREADABLE_KEY_CHARS), row.reason.slice(0, UNREADABLE_REASON_CHARS)]),
  );
  const skew = observeSkew(before.skew, before.sightings, sightings, read);
  const told = judgeFlags(sightings);
  const { evidenceOf, endedAt } = read;
  const flags = evidenceOf === undefined ? told : withZombies(told, sightings, evidenceOf, endedAt);
  const clocks = observeClocks(before.clocks, read.rows.flatMap(toClockRow));
  const conflicted = withConflicts(before.conflicted, flags, sightings);
  return { sightings, flags, conflicted, skew, clocks, unreadable };
}

function toClockRow(row: NodeRow | MalformedRow): readonly ClockRow[] {
  if (isMalformed(row)) return [];
  const { incarnation, heartbeat, writtenAtMs = null } = row;
  return [{ id: toIncarnationId(incarnation), heartbeat, writtenAtMs }];
}

function withConflicts(
  before: ReadonlySet<IncarnationId>,
  flags: ReadonlyMap<IncarnationId, Flags>,
  { sightings }: ClusterSightings,
): ReadonlySet<IncarnationId> {
  const found = [...flags].flatMap(([id, { name_conflict }]) =>
    name_conflict === undefined || before.has(id) ? [] : id,
  );
  const isKept = (id: IncarnationId): boolean => sightings.has(id);
  if (found.length === 0 && [...before].every(isKept)) return before;
  return new Set([...before, ...found].filter(isKept));
}

function toReadRow(row: NodeRow): ReadRow {
  const { incarnation, node, heartbeat, load, writeAgeMs } = row;
  return { id: toIncarnationId(incarnation), incarnation, node, heartbeat, load, writeAgeMs };
}

/** The incarnation that the key of a malformed row names, if it still can be told. */
function identityIn(key: string): IncarnationId | null {
  const found = /-?\d{1,19}:-?\d{1,19}/.exec(key)?.[0];
  if (found === undefined) return null;
  const incarnation = parseIncarnationId(found);
  return incarnation === null ? null : toIncarnationId(incarnation);
}

/** Breaks every series that a read at `now` could no longer continue. */
export function breakStale(watch: SourceWatch, now: MonotonicMs): SourceWatch {
  if (![...watch.values()].some((cluster) => isBroken(cluster.sightings, now))) return watch;
  return new Map(
    [...watch].map(([name, cluster]) => [
      name,
      isBroken(cluster.sightings, now) ? brokenWatch(cluster, "no successful read for over 5 s") : cluster,
    ]),
  );
}

function brokenWatch(cluster: ClusterWatch, why: string): ClusterWatch {
  return {
    ...cluster,
    sightings: interrupt(cluster.sightings, why),
    flags: new Map(),
    skew: EMPTY_SKEW_WATCH,
    clocks: EMPTY_CLOCK_WATCH,
  };
}
