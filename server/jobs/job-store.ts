import { createHash } from "node:crypto";
import type { StateStore } from "#server/journal/ports.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import type { JobRecord, TargetOutcome } from "./ports.ts";

const JOBS = "jobs";
const targetsOf = (jobId: string) => `job-targets:${jobId}`;
const frozenOf = (jobId: string) => `job-frozen:${jobId}`;
/** A key of DNA may be longer than a database takes for one of ours (64 kB): of longer ones the beginning and a digest stand for all. */
const KEY_CHARS_MAX = 4_000;
const BEGINNING_CHARS = 3_900;

/** What a target is kept under, itself kept under just that; the target is kept whole beside it. */
function placeOf(key: string): string {
  if (key.length <= KEY_CHARS_MAX) return key;
  const digest = createHash("sha256").update(key, "utf8").digest("hex");
  return `${key.slice(0, BEGINNING_CHARS).toWellFormed()}…${digest}`;
}

export interface TargetPage {
  readonly targets: readonly TargetOutcome[];
  readonly nextAfter: string | null;
}

/** Jobs and the outcome of each of their targets, durable. */
export interface JobStore {
  all(): Promise<readonly JobRecord[]>;
  save(record: JobRecord): Promise<void>;
  /** Outcomes first, then the record that counts them: after a kill between the two a target is at most told again. */
  checkpoint(record: JobRecord, outcomes: readonly TargetOutcome[]): Promise<void>;
  outcome(jobId: string, key: string): Promise<TargetOutcome | null>;
  /** Outcomes counted anew, target by target: a kill may have left the record behind them. */
  count(jobId: string): Promise<Readonly<Record<TargetOutcome["outcome"], number>>>;
  /** Keeps the targets of a job as they were seen; before its record, so that no job is without them. */
  freeze(jobId: string, targets: readonly JsonValue[]): Promise<void>;
  /** At most `limit` of them from this place in their order. */
  frozen(jobId: string, from: number, limit: number): Promise<readonly JsonValue[]>;
  /** Targets by key, after a key (exclusive), at most `limit`; filtered by outcome when one is given. */
  targets(
    jobId: string,
    outcome: TargetOutcome["outcome"] | null,
    after: string | null,
    limit: number,
  ): Promise<TargetPage>;
}

/** Rows looked at at once for a filtered page, and in all: a bound on the work of one call. */
const SCAN_ROWS = 10_000;
const SCAN_ROWS_MAX = 100_000;
/** Frozen targets of one row: a row is read whole. */
const FROZEN_PER_ROW = 100;
/** Keys sort as text; a job has fewer targets than this has digits for. */
const placeKey = (row: number): string => String(row).padStart(8, "0");

export function createJobStore(state: StateStore): JobStore {
  const encode = (outcome: TargetOutcome) => JSON.stringify(outcome);
  const decode = (value: string): TargetOutcome => JSON.parse(value) as TargetOutcome;
  return {
    async all() {
      return (await state.list(JOBS)).map((entry) => JSON.parse(entry.value) as JobRecord);
    },
    save: (record) => state.put(JOBS, record.id, JSON.stringify(record)),
    async checkpoint(record, outcomes) {
      if (outcomes.length > 0) {
        await state.putAll(
          targetsOf(record.id),
          outcomes.map((outcome) => ({ key: placeOf(outcome.key), value: encode(outcome) })),
        );
      }
      await state.put(JOBS, record.id, JSON.stringify(record));
    },
    async outcome(jobId, key) {
      const value = await state.get(targetsOf(jobId), placeOf(key));
      return value === null ? null : decode(value);
    },
    async count(jobId) {
      const counts = { applied: 0, moved: 0, failed: 0, unknown: 0 };
      for (let after: string | null = null; ; ) {
        const rows: readonly { readonly key: string; readonly value: string }[] = await state.page(
          targetsOf(jobId),
          after,
          SCAN_ROWS,
        );
        for (const row of rows) counts[decode(row.value).outcome] += 1;
        after = rows.at(-1)?.key ?? null;
        if (rows.length < SCAN_ROWS) return counts;
      }
    },
    async freeze(jobId, targets) {
      for (let start = 0; start < targets.length; start += FROZEN_PER_ROW) {
        const value = JSON.stringify(targets.slice(start, start + FROZEN_PER_ROW));
        await state.put(frozenOf(jobId), placeKey(start / FROZEN_PER_ROW), value);
      }
    },
    async frozen(jobId, from, limit) {
      const firstRow = Math.floor(from / FROZEN_PER_ROW);
      const rows = Math.ceil((from + limit) / FROZEN_PER_ROW) - firstRow;
      const after = firstRow === 0 ? null : placeKey(firstRow - 1);
      const entries = await state.page(frozenOf(jobId), after, Math.max(1, rows));
      const targets = entries.flatMap((entry) => JSON.parse(entry.value) as JsonValue[]);
      const start = from - firstRow * FROZEN_PER_ROW;
      return targets.slice(start, start + limit);
    },
    async targets(jobId, outcome, after, limit) {
      const found: TargetOutcome[] = [];
      let from = after === null ? null : placeOf(after);
      let scanned = 0;
      for (;;) {
        const rows = await state.page(targetsOf(jobId), from, outcome === null ? limit + 1 : SCAN_ROWS);
        scanned += rows.length;
        from = rows.at(-1)?.key ?? from;
        const matching = rows.map((row) => decode(row.value));
        found.push(...(outcome === null ? matching : matching.filter((target) => target.outcome === outcome)));
        if (found.length > limit) return { targets: found.slice(0, limit), nextAfter: found[limit - 1]?.key ?? null };
        if (outcome === null || rows.length < SCAN_ROWS) return { targets: found, nextAfter: null };
        if (scanned >= SCAN_ROWS_MAX) return { targets: found, nextAfter: from };
      }
    },
  };
}
