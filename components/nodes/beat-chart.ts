/** Intervals between beats, and loads, against time. Pure geometry. */

export interface ChartPoint {
  readonly at: number;
  /** `null` = not measured: the line breaks. */
  readonly value: number | null;
}

export interface ChartBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  readonly max: number;
}

export const xOf = ({ left, width, from, to }: ChartBox, at: number): number =>
  left + ((at - from) / Math.max(1, to - from)) * width;

export const yOf = ({ top, height, max }: ChartBox, value: number): number =>
  top + height - (Math.min(value, max) / Math.max(max, 1e-9)) * height;

/** A line through what is known. */
export function linePath(points: readonly ChartPoint[], box: ChartBox): string {
  let path = "";
  let drawing = false;
  for (const { at, value } of points) {
    if (value !== null) path += `${drawing ? "L" : "M"}${xOf(box, at).toFixed(1)} ${yOf(box, value).toFixed(1)}`;
    drawing = value !== null;
  }
  return path;
}

/** A round number not below any of the values, so that a scale can be read. */
export function roundMax(values: readonly number[], least: number): number {
  const most = Math.max(least, ...values);
  const unit = 10 ** Math.floor(Math.log10(most));
  for (const step of [1, 2, 5, 10]) if (step * unit >= most) return step * unit;
  return most;
}
