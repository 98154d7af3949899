import type { JobFacts, JournalEvent } from "#server/contract/event.ts";
import type { JobRecord } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { Operations } from "#server/operations/ports.ts";
import type { Census, CensusTaker } from "./census.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { readFailoverParams } from "./failover-params.ts";
import { sumKeys } from "./node-view.ts";
import { type DnaStore, isMalformed } from "./ports.ts";

/** How often a running count is asked after. */
const ASK_MS = 500;
/** A count that fails is tried this often before the effect stays unverified; one that runs already is waited for. */
const TRIES_MAX = 20;

type Verdict = readonly ["verified" | "unverified", string];

/** Counts the keys of an incarnation anew when its failover is done: the effect is what was observed, not what was sent. */
export interface FailoverVerifier {
  /** Verifies until aborted; takes up first what an earlier life of the console left unverified. */
  run(signal: AbortSignal): Promise<void>;
}

export function createFailoverVerifier(deps: {
  readonly censusOf: (stream: string) => CensusTaker | null;
  readonly storeOf: (stream: string) => Pick<DnaStore, "actor"> | null;
  /** A job as it is on disk; `null` = there is none. */
  readonly jobOf: (jobId: string) => JobRecord | null;
  readonly view: Pick<FoldView, "operator" | "onEvents">;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
}): FailoverVerifier {
  const { view, operations, clock, log } = deps;

  /** Walks until a count ends; `null` = it never could. */
  async function count(job: JobFacts, signal: AbortSignal): Promise<Census | null> {
    const taker = deps.censusOf(job.stream);
    for (let attempt = 0; taker !== null && attempt < TRIES_MAX; ) {
      const started = await begin(taker, job.target);
      if (started !== null) attempt += 1;
      for (let census = started; census !== null; census = taker.get(census.id)) {
        if (census.state === "done") return census;
        if (census.state === "failed" || census.state === "cancelled") break;
        await clock.sleep(ASK_MS, signal);
      }
      await clock.sleep(ASK_MS, signal);
    }
    return null;
  }

  /** What became of the one key of a job, by a serial read; `null` = the job is of all keys. */
  async function ofKey(jobId: string, job: JobFacts): Promise<Verdict | null> {
    const record = deps.jobOf(jobId);
    if (record === null || Object.keys(record.params).length === 0) return null;
    const { key, incarnationId } = readFailoverParams(record.params);
    const store = deps.storeOf(job.stream);
    if (key === null || store === null) return null;
    const row = await store.actor(key, "serial");
    if (row !== null && isMalformed(row)) return ["unverified", `its row cannot be read: ${row.reason}`];
    const owner = row === null || row.owner === null ? null : toIncarnationId(row.owner);
    if (owner === incarnationId) return ["unverified", "the key still has its old owner"];
    return ["verified", owner === null ? "nobody owns the key" : `the key is owned by ${owner}`];
  }

  async function ofAll(job: JobFacts, signal: AbortSignal): Promise<Verdict> {
    const census = await count(job, signal);
    const left = census === null ? null : sumKeys(census.types);
    if (left === 0) return ["verified", "no key of it is left in the register"];
    return ["unverified", left === null ? "its keys could not be counted" : `${left} keys of it are left`];
  }

  async function verify(jobId: string, job: JobFacts, signal: AbortSignal): Promise<void> {
    const known = operations.known(job.requestId);
    if (known === null || known.phase !== "executed") return;
    const [phase, found] = (await ofKey(jobId, job)) ?? (await ofAll(job, signal));
    const { action, stream, target, expected } = known;
    const actor = known.actor ?? { user: job.requestedBy, role: "admin", address: "", reason: "" };
    const request = { requestId: job.requestId, facts: { action, stream, target, expected }, actor };
    await operations.settle(request, phase, found);
  }

  const isDone = (job: JobFacts): boolean => job.kind === "dna.failover" && job.state === "done";

  return {
    async run(signal) {
      const running = new Set<Promise<void>>();
      const start = (jobId: string, job: JobFacts) => {
        const task = verify(jobId, job, signal)
          .catch((cause: unknown) => {
            if (!signal.aborted) log.error("dna.failover.not-verified", { target: job.target, cause });
          })
          .finally(() => running.delete(task));
        running.add(task);
      };
      const stop = view.onEvents((events: readonly JournalEvent[]) => {
        for (const event of events)
          if (event.kind === "job.state_changed" && isDone(event.body.job)) start(event.subject, event.body.job);
      });
      for (const [jobId, job] of Object.entries(view.operator().jobs)) if (isDone(job)) start(jobId, job);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      stop();
      await Promise.all(running);
    },
  };
}

/** `null` while another count of the source is running. */
async function begin(taker: CensusTaker, incarnationId: string): Promise<Census | null> {
  try {
    return await taker.start({ incarnationId, requestedBy: "console", requestId: null });
  } catch (cause) {
    if (cause instanceof OpsError && cause.code === "conflict") return null;
    throw cause;
  }
}
