import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { DynflowStore, ScanHit, ScanQuery, ScanSlice } from "./ports.ts";
import { isTooSlow } from "./too-slow.ts";

/** One answer's worth of work: whoever waits sees how far it is this often. */
const ANSWER_MS = 500;
const HITS_MAX = 200;
const BYTES_MAX = 64 * 1024 * 1024;
/** A slice is sized to take about this long. */
const SLICE_MS = 150;
const SLICE_PLANS = { first: 500, min: 10, max: 20_000 } as const;
/** As many rows at once as make about so many bytes: memory is bounded, too. */
const READ_BYTES = 8 * 1024 * 1024;
const ROWS = { first: 200, min: 20, max: 2_000 } as const;
/** Between slices the database rests as long as the last one took, at most so long. */
const REST_MAX_MS = 100;

/** What is looked for, where, and what of it may be read. */
export type Question = Pick<ScanQuery, "filter" | "needle" | "shown">;

export interface SearchPart {
  readonly hits: readonly ScanHit[];
  readonly plans: number;
  readonly rows: number;
  readonly bytes: number;
  readonly notLookedInto: number;
  readonly tookMs: number;
  readonly next: string | null;
}

/** Searches of one source: one at a time, in slices that are sized by what the last ones took. */
export function createPlanSearch(deps: { readonly store: Pick<DynflowStore, "scan">; readonly clock: Clock }) {
  const { store, clock } = deps;
  let slicePlans: number = SLICE_PLANS.first;
  let rowsAtOnce: number = ROWS.first;
  let turn: Promise<unknown> = Promise.resolve();

  async function slice(
    question: Question,
    from: string | null,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly found: ScanSlice; readonly tookMs: number }> {
    for (;;) {
      const began = clock.monotonic();
      try {
        const found = await store.scan({ ...question, from, plans: slicePlans, rows: rowsAtOnce }, signal);
        const tookMs = clock.monotonic() - began;
        slicePlans = sized(slicePlans * Math.min(2, Math.max(0.25, SLICE_MS / Math.max(1, tookMs))));
        if (found.rows > 0) rowsAtOnce = rowsOf(found.bytes / found.rows, rowsAtOnce);
        return { found, tookMs };
      } catch (cause) {
        if (!isTooSlow(cause) || slicePlans <= SLICE_PLANS.min) throw cause;
        slicePlans = sized(slicePlans / 8);
        rowsAtOnce = ROWS.first;
      }
    }
  }

  async function part(question: Question, from: string | null, signal: AbortSignal | undefined): Promise<SearchPart> {
    const began = clock.monotonic();
    const hits = new Map<string, ScanHit>();
    let [plans, rows, bytes, notLookedInto] = [0, 0, 0, 0];
    let next: string | null = from;
    do {
      if (signal?.aborted === true) throw new OpsError("cancelled", "The search was cancelled");
      const { found, tookMs } = await slice(question, next, signal);
      for (const hit of found.hits) hits.set(hit.id, hit);
      plans += found.plans;
      rows += found.rows;
      bytes += found.bytes;
      notLookedInto += found.notLookedInto;
      next = found.next;
      if (next === null || hits.size >= HITS_MAX || bytes >= BYTES_MAX) break;
      await clock.sleep(Math.min(tookMs, REST_MAX_MS));
    } while (clock.monotonic() - began < ANSWER_MS);
    const tookMs = clock.monotonic() - began;
    return { hits: [...hits.values()], plans, rows, bytes, notLookedInto, tookMs, next };
  }

  return {
    /** @throws OpsError `cancelled` once the signal says so: no statement begins after that, and none runs a second */
    part(question: Question, from: string | null, signal: AbortSignal | undefined): Promise<SearchPart> {
      const mine = turn.then(() => part(question, from, signal));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Growing slowly: what comes next may be longer. */
const rowsOf = (bytesEach: number, before: number): number =>
  Math.round(Math.min(ROWS.max, before * 2, Math.max(ROWS.min, READ_BYTES / Math.max(1, bytesEach))));

const sized = (plans: number): number => Math.min(SLICE_PLANS.max, Math.max(SLICE_PLANS.min, Math.round(plans)));
