import type { Clock } from "#server/kernel/clock.ts";

/** Latest durations of a kind that the percentile is taken from. */
export const DURATIONS_KEPT = 200;
const PERCENTILE = 0.95;

export const CALL_KINDS = ["query", "mutation"] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** Since this process began. */
export interface CallFigures {
  readonly calls: number;
  /** Those of them that were answered with an error, refusals among them. */
  readonly errors: number;
  /** So long took 95 of 100, of the latest `DURATIONS_KEPT`; `null` = none was answered yet. */
  readonly p95Ms: number | null;
}

/** How many procedures are called, how they end and how long they take. Bounded, whatever is called how often. */
export interface CallMeter {
  /** @returns to be called once, when the answer is known */
  begin(kind: CallKind): (ok: boolean) => void;
  figures(): Readonly<Record<CallKind, CallFigures>>;
}

/** @param clock real time: of a demo that runs faster the calls do not */
export function createCallMeter(clock: Pick<Clock, "monotonic">): CallMeter {
  const kinds = { query: createTally(), mutation: createTally() };
  return {
    begin(kind) {
      const startedAt = clock.monotonic();
      return (ok) => kinds[kind].add(clock.monotonic() - startedAt, ok);
    },
    figures: () => ({ query: kinds.query.figures(), mutation: kinds.mutation.figures() }),
  };
}

function createTally() {
  const durations: number[] = [];
  let calls = 0;
  let errors = 0;
  return {
    add(durationMs: number, ok: boolean): void {
      durations[calls % DURATIONS_KEPT] = durationMs;
      calls += 1;
      if (!ok) errors += 1;
    },
    figures: (): CallFigures => ({ calls, errors, p95Ms: percentileOf(durations) }),
  };
}

/** The nearest one that was really measured. */
function percentileOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * PERCENTILE) - 1] ?? null;
}
