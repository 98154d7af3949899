import type { StateStore } from "#server/journal/ports.ts";
import type { JobRecord, TargetOutcome } from "./ports.ts";

const JOBS = "jobs";
const targetsOf = (jobId: string) => `job-targets:${jobId}`;

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
  /** Targets by key, after a key (exclusive), at most `limit`; filtered by outcome when one is given. */
  targets(
    jobId: string,
    outcome: TargetOutcome["outcome"] | null,
    after: string | null,
    limit: number,
  ): Promise<TargetPage>;
}

/** Rows looked at for one filtered page: a bound on the work of one call. */
const SCAN_ROWS_MAX = 10_000;

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
          outcomes.map((outcome) => ({ key: outcome.key, value: encode(outcome) })),
        );
      }
      await state.put(JOBS, record.id, JSON.stringify(record));
    },
    async outcome(jobId, key) {
      const value = await state.get(targetsOf(jobId), key);
      return value === null ? null : decode(value);
    },
    async targets(jobId, outcome, after, limit) {
      const scanned = await state.page(targetsOf(jobId), after, outcome === null ? limit + 1 : SCAN_ROWS_MAX);
      const matching = scanned
        .map((entry) => decode(entry.value))
        .filter((target) => outcome === null || target.outcome === outcome);
      const targets = matching.slice(0, limit);
      const cut = matching.length > limit;
      const scanCut = outcome !== null && scanned.length === SCAN_ROWS_MAX;
      return {
        targets,
        nextAfter: cut ? (targets.at(-1)?.key ?? null) : scanCut ? (scanned.at(-1)?.key ?? null) : null,
      };
    },
  };
}
