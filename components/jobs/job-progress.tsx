"use client";
import { formatCount, formatDurationMs, plural } from "#components/ui/format.ts";
import { useNow } from "#components/ui/live.ts";
import type { JobCounts } from "#server/contract/event.ts";
import type { JobProgress } from "#server/contract/live.ts";
import { handledOf } from "./job-words.ts";

const PARTS = [
  ["applied", "good"],
  ["moved", "idle"],
  ["failed", "failed"],
  ["unknown", "unknown"],
] as const;

interface JobBarProps {
  readonly counts: JobCounts;
}

/** Outcomes against the total, side by side. */
export function JobBar({ counts }: JobBarProps) {
  const total = Math.max(counts.total, handledOf(counts), 1);
  let x = 0;
  return (
    <svg
      className="meter"
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${handledOf(counts)} of ${counts.total} keys handled`}
    >
      <rect className="ground" width="100" height="6" />
      {PARTS.map(([part, tone]) => {
        const width = (counts[part] / total) * 100;
        const from = x;
        x += width;
        return <rect key={part} className={`fill t-${tone}`} x={from} width={width} height="6" />;
      })}
    </svg>
  );
}

interface JobNumbersProps {
  readonly counts: JobCounts;
  readonly progress: JobProgress | null;
  readonly ended: boolean;
}

/** Counts by outcome; how fast; when it will be done, as an estimate. */
export function JobNumbers({ counts, progress, ended }: JobNumbersProps) {
  const now = useNow();
  const left = progress?.estimatedEndAt != null && now !== null ? progress.estimatedEndAt - now : null;
  return (
    <p className="small t2">
      {formatCount(handledOf(counts))} of {plural(counts.total, "key")}
      {!ended && progress !== null && (
        <>
          , {formatCount(progress.perSecond)} a second, {formatCount(progress.walked)} rows walked
          {progress.walkedAll ? ", all of them" : ""}
          {left !== null && left > 0 && <>, about {formatDurationMs(left)} left (estimate)</>}
        </>
      )}
    </p>
  );
}
