import type { JobCounts } from "#server/contract/event.ts";

/** Targets whose outcome is known, or known to be unknown. */
export const settledOf = (counts: JobCounts): number => counts.applied + counts.moved + counts.failed + counts.unknown;

const WIDTH = 120;
const PARTS = [
  ["applied", "good"],
  ["moved", "idle"],
  ["failed", "failed"],
  ["unknown", "unknown"],
] as const;

/** Outcomes as lengths of one line, in the tones of their states; what is left stays empty. */
export function Progress({ counts, wide = false }: { readonly counts: JobCounts; readonly wide?: boolean }) {
  const scale = counts.total === 0 ? 0 : WIDTH / counts.total;
  const label = `${settledOf(counts)} of ${counts.total} settled, ${counts.applied} applied`;
  let x = 0;
  return (
    <svg
      className={wide ? "progress wide" : "progress"}
      viewBox={`0 0 ${WIDTH} 3`}
      width={wide ? "100%" : WIDTH}
      height="3"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <rect className="ground" width={WIDTH} height="3" />
      {PARTS.map(([part, tone]) => {
        const start = x;
        x += counts[part] * scale;
        return counts[part] === 0 ? null : (
          <rect key={part} className={`t-${tone} part`} x={start} width={x - start} height="3" />
        );
      })}
    </svg>
  );
}
