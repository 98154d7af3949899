/** Which snapshots of a stream are kept: enough to tell any instant soon, and no more. */

/** A state is told by replaying at most about so many events. */
const SPACING_EVENTS = 5_000;
/** Small ones are kept more densely: then it is told within milliseconds. */
const SMALL_BYTES = 64 * 1024;
const SMALL_SPACING_EVENTS = 1_000;
/** Kept however near they are: the one to start from, and the one before it should that be unreadable. */
const NEWEST_KEPT = 2;
/** Of one stream; beyond either the older half is kept half as densely. */
const SNAPSHOTS_MAX = 2_000;
const BYTES_MAX = 256 * 1024 * 1024;

export interface SnapshotSize {
  readonly seq: number;
  readonly bytes: number;
}

/**
 * Numbers of those that may go: a snapshot is of no use below what retention has dropped, nor between two that are at
 * most 5,000 events apart; a small one between two at most 1,000 apart.
 *
 * @param kept of one stream and fold version, in order
 * @param keptAfter up to this number the stream's events were dropped
 * @param written the one that was just written: whoever wrote it needs it for now
 */
export function snapshotsToDrop(
  kept: readonly SnapshotSize[],
  keptAfter: number,
  written: number | null = null,
): readonly number[] {
  const older = kept.slice(0, -NEWEST_KEPT);
  const left: SnapshotSize[] = [];
  for (const [index, snapshot] of older.entries()) {
    const before = left.at(-1)?.seq ?? (keptAfter === 0 ? 0 : Number.NEGATIVE_INFINITY);
    const after = kept[index + 1]?.seq ?? Number.POSITIVE_INFINITY;
    if (snapshot.seq >= keptAfter && after - before > spacingOf(snapshot)) left.push(snapshot);
  }
  const stays = new Set(bounded(left, kept.slice(-NEWEST_KEPT)).map(({ seq }) => seq));
  return older.filter(({ seq }) => !stays.has(seq) && seq !== written).map(({ seq }) => seq);
}

const spacingOf = ({ bytes }: SnapshotSize): number => (bytes <= SMALL_BYTES ? SMALL_SPACING_EVENTS : SPACING_EVENTS);

/** The oldest stays in any case: it is the beginning of what can be told. */
function bounded(left: readonly SnapshotSize[], newest: readonly SnapshotSize[]): readonly SnapshotSize[] {
  const bytes = [...left, ...newest].reduce((sum, snapshot) => sum + snapshot.bytes, 0);
  const isBounded = left.length + newest.length <= SNAPSHOTS_MAX && bytes <= BYTES_MAX;
  if (isBounded || left.length < NEWEST_KEPT) return left;
  const half = Math.ceil(left.length / 2);
  return left.filter((_, index) => index >= half || index % 2 === 0);
}
