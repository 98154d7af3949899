import type { Tone } from "#server/kernel/states.ts";

interface SparkProps {
  /** Oldest first; `null` = not known then: the line breaks. */
  readonly values: readonly (number | null)[];
  readonly width?: number;
  readonly height?: number;
  readonly tone?: Tone | undefined;
  /** A line that matters, in the unit of the values. */
  readonly threshold?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly label?: string | undefined;
}

/** The path of a line through known values; pure geometry. */
export function sparkPath(
  values: readonly (number | null)[],
  toX: (index: number) => number,
  toY: (value: number) => number,
): string {
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value !== null) path += `${drawing ? "L" : "M"}${toX(index).toFixed(1)} ${toY(value).toFixed(1)}`;
    drawing = value !== null;
  });
  return path;
}

/** A small line without axes, its end marked; what is not known is not drawn. */
export function Spark({ values, width = 96, height = 20, tone, threshold, min, max, label }: SparkProps) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return <svg className="spark" width={width} height={height} aria-hidden="true" />;
  const low = min ?? Math.min(...known);
  const high = max ?? Math.max(...known, low + 1e-9);
  const toX = (index: number) => (index / Math.max(1, values.length - 1)) * (width - 6) + 1;
  const toY = (value: number) => height - 2 - ((value - low) / (high - low || 1)) * (height - 4);
  const last = values.at(-1) ?? null;
  return (
    <svg
      className={`spark${tone === undefined ? "" : ` t-${tone}`}`}
      width={width}
      height={height}
      aria-hidden={label === undefined || undefined}
      role={label === undefined ? undefined : "img"}
      aria-label={label}
    >
      {threshold !== undefined && <path className="th" d={`M0 ${toY(threshold).toFixed(1)}H${width - 3}`} />}
      <path d={sparkPath(values, toX, toY)} />
      {last !== null && <circle cx={toX(values.length - 1).toFixed(1)} cy={toY(last).toFixed(1)} r="2" />}
    </svg>
  );
}
