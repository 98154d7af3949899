/** One measured figure with its aim. Both sides of a ratio are measured in the same run. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly aim: string;
  readonly holds: boolean;
  /** What it was computed from. */
  readonly beside: Readonly<Record<string, unknown>>;
}

export const atMost = (limit: number, unit: string) => ({
  judge: (value: number): Pick<Figure, "value" | "unit" | "aim" | "holds"> => ({
    value: round(value),
    unit,
    aim: `<= ${limit}`,
    holds: value <= limit,
  }),
});

export const atLeast = (limit: number, unit: string) => ({
  judge: (value: number): Pick<Figure, "value" | "unit" | "aim" | "holds"> => ({
    value: round(value),
    unit,
    aim: `>= ${limit}`,
    holds: value >= limit,
  }),
});

export const round = (value: number): number => Math.round(value * 1000) / 1000;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The value that `percent` of them do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

/** Times two things alternately, after a warm-up of each (a console runs for weeks): ms of every round. */
export async function alternate(
  { warmUp, rounds }: { readonly warmUp: number; readonly rounds: number },
  ours: () => Promise<unknown>,
  bare: () => Promise<unknown>,
): Promise<{ readonly ours: number[]; readonly bare: number[] }> {
  const time = async (act: () => Promise<unknown>): Promise<number> => {
    const startedAt = performance.now();
    await act();
    return performance.now() - startedAt;
  };
  for (let warm = 0; warm < warmUp; warm += 1) {
    await ours();
    await bare();
  }
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let index = 0; index < rounds; index += 1) {
    times.ours.push(await time(ours));
    times.bare.push(await time(bare));
  }
  return times;
}
