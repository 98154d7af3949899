/** The sawtooth of a heartbeat from samples of its silence. Pure. */

/** Source: cleaton/dna@9b5aab5 lib/dna/server/cluster.ex `@expire_after`; judged here by server/dna/domain/liveness.ts. */
export const LATE_AFTER_MS = 10_000;
export const SILENT_AFTER_MS = 20_000;

export interface Beat {
  /** When it was sampled. */
  readonly at: number;
  /** Silence counted at that moment. */
  readonly silentMs: number;
}

/**
 * Between two samples the line climbs one to one; where the later one is too small to have climbed there, a beat lies
 * between them, at its own `at - silentMs`, and the line drops to zero there.
 */
export function beatPath(
  beats: readonly Beat[],
  toX: (at: number) => number,
  toY: (ms: number) => number,
  from: number,
): string {
  const point = (at: number, ms: number) => `${toX(at).toFixed(1)} ${toY(ms).toFixed(1)}`;
  const [first, ...rest] = beats.filter(({ at }) => at >= from);
  if (first === undefined) return "";
  // The first sample tells how long it has been climbing already.
  const since = Math.max(from, first.at - first.silentMs);
  let path = `M${point(since, first.silentMs - (first.at - since))}L${point(first.at, first.silentMs)}`;
  let before = first;
  for (const beat of rest) {
    const beatAt = beat.at - beat.silentMs;
    if (beatAt > before.at + 1) path += `L${point(beatAt, before.silentMs + beatAt - before.at)}L${point(beatAt, 0)}`;
    path += `L${point(beat.at, beat.silentMs)}`;
    before = beat;
  }
  return path;
}
