import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf, can, canSee, type Permission, refusalOf } from "#server/auth/permissions.ts";
import type { JobKindName } from "#server/contract/event.ts";
import { maskJob, maskText } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { seesStream } from "#server/contract/visibility.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/jobs.ts";
import { toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Operations } from "#server/operations/ports.ts";
import { toResultPhase } from "#server/operations/tell.ts";
import type { JobStore } from "./job-store.ts";
import type { JobRecord } from "./ports.ts";
import { isEnded, type JobRunner } from "./runner.ts";

/** Failed targets that one retry takes up at most. */
const RETRIED_MAX = 10_000;
const RETRY_PAGE = 1_000;

/** What controlling a job takes besides `jobs:control`: what starting one of its kind took. */
const KIND_PERMISSIONS: Readonly<Record<JobKindName, Permission>> = {
  "dna.failover": "dna:failover",
  "dna.actors.stop": "dna:stop-many",
  "dna.census": "dna:census",
  "dynflow.plans.resume": "plans:resume",
  "dynflow.plans.skip": "plans:skip",
  "dynflow.plans.cancel": "plans:cancel",
  "dynflow.plans.abort": "plans:abort",
  "dynflow.plans.halt": "plans:halt",
  "dynflow.worlds.invalidate": "worlds:invalidate",
};

/** Begins a new job of failed targets of an ended one. */
export type RetryJob = (
  caller: Caller,
  record: JobRecord,
  keys: readonly string[],
  input: { readonly reason: string; readonly requestId: string },
) => Promise<{ readonly journalId: string; readonly jobId: string; readonly leftOut: number }>;

/** Jobs of one source that are asked for what they did to one target. */
const ASKED_JOBS_MAX = 200;

/** Queries over jobs, and their control: each control is an operation with its reason in the journal. */
export function createJobsService(deps: {
  readonly runner: JobRunner;
  readonly store: JobStore;
  readonly operations: Operations;
  /** By kind; a kind that is not here is started anew where it began. */
  readonly retries: Readonly<Partial<Record<JobKindName, RetryJob>>>;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { runner, store, operations, masks } = deps;

  const sourceOf = (record: JobRecord): string => record.facts.stream.slice(record.facts.stream.indexOf(":") + 1);

  function jobFor(caller: Caller, jobId: string): JobRecord {
    const record = runner.get(jobId);
    if (record === null || !canSee(caller.principal, sourceOf(record)))
      throw new OpsError("not-found", `No job ${jobId}`);
    return record;
  }

  /** The job as the caller saw it, if it may be controlled by them. */
  function controllable(caller: Caller, input: { readonly jobId: string; readonly expectedState: string }): JobRecord {
    const record = jobFor(caller, input.jobId);
    const { kind, state } = record.facts;
    const permission = KIND_PERMISSIONS[kind];
    if (!can(caller.principal, permission)) throw new OpsError("not-permitted", refusalOf(permission));
    if (state !== input.expectedState)
      throw new OpsError("conflict", `The job was ${input.expectedState} on your screen and is ${state} now`);
    return record;
  }

  async function failedKeys(jobId: string): Promise<readonly string[]> {
    const keys: string[] = [];
    let after: string | null = null;
    do {
      const page = await store.targets(jobId, "failed", after, RETRY_PAGE);
      keys.push(...page.targets.map((target) => target.key));
      after = page.nextAfter;
    } while (after !== null && keys.length < RETRIED_MAX);
    return keys.slice(0, RETRIED_MAX);
  }

  const toView = (caller: Caller, { id, facts }: JobRecord) => ({
    id,
    facts: maskJob(facts, audienceOf(caller.principal), masks),
    progress: runner.progress(id),
  });

  async function control(
    caller: Caller,
    input: WireIn<typeof wire.jobControlInput>,
    verb: "pause" | "resume" | "cancel",
  ): WireOut<typeof wire.jobControlOutput> {
    const record = controllable(caller, input);
    const { stream } = record.facts;
    const { principal, address } = caller;
    const request = {
      requestId: input.requestId,
      facts: { action: `jobs.${verb}`, stream, target: record.id, expected: { state: input.expectedState } },
      actor: { user: principal.id, role: principal.role, address, reason: input.reason },
    };
    const told = operations.known(input.requestId);
    if (told !== null) {
      const note = typeof told.found === "string" ? told.found : null;
      return { journalId: input.requestId, phase: toResultPhase(told.phase), note };
    }
    await operations.perform(
      request,
      () => runner[verb](record.id, input.requestId),
      () => runner.get(record.id)?.facts.state ?? null,
    );
    return { journalId: input.requestId, phase: "executed", note: null };
  }

  return {
    async list(caller: Caller): WireOut<typeof wire.jobsOutput> {
      const seen = runner.list().filter((record) => canSee(caller.principal, sourceOf(record)));
      return {
        jobs: seen.toSorted((a, b) => b.facts.createdAt - a.facts.createdAt).map((record) => toView(caller, record)),
      };
    },
    async get(caller: Caller, input: WireIn<typeof wire.jobInput>): WireOut<typeof wire.jobOutput> {
      const record = jobFor(caller, input.jobId);
      const page = await store.targets(record.id, input.outcome, input.after, input.limit);
      const audience = audienceOf(caller.principal);
      const targets = page.targets.map((target) => ({
        ...target,
        note: maskText(target.note, audience, masks),
        at: toIso(target.at),
      }));
      return { ...toView(caller, record), targets, nextAfter: page.nextAfter };
    },
    async ofTarget(
      caller: Caller,
      { stream, target }: WireIn<typeof wire.jobsOfTargetInput>,
    ): WireOut<typeof wire.jobsOfTargetOutput> {
      if (!seesStream(visibleStreams(caller.principal), stream)) throw new OpsError("not-found", `No stream ${stream}`);
      const jobs = runner
        .list()
        .filter(({ facts }) => facts.stream === stream)
        .toSorted((a, b) => b.facts.createdAt - a.facts.createdAt);
      const asked = jobs.slice(0, ASKED_JOBS_MAX).map(async ({ id, facts }) => {
        const found = await store.outcome(id, target);
        if (found === null) return [];
        const { title, target: of, requestedBy, requestId } = facts;
        const note = maskText(found.note, audienceOf(caller.principal), masks);
        return [{ jobId: id, title, of, requestedBy, requestId, outcome: found.outcome, note, at: toIso(found.at) }];
      });
      const outcomes = (await Promise.all(asked)).flat().toSorted((a, b) => (a.at < b.at ? 1 : -1));
      return { outcomes, more: jobs.length > ASKED_JOBS_MAX };
    },
    async retry(caller: Caller, input: WireIn<typeof wire.jobRetryInput>): WireOut<typeof wire.jobRetryOutput> {
      const started = runner.startedBy(input.requestId);
      if (started !== null) return { journalId: input.requestId, jobId: started, leftOut: 0 };
      const record = controllable(caller, input);
      if (!isEnded(record.facts.state)) throw new OpsError("refused", "Only a job that has ended can be retried");
      const retry = deps.retries[record.facts.kind];
      if (retry === undefined) throw new OpsError("refused", "A job of this kind is started anew where it began");
      const keys = await failedKeys(record.id);
      if (keys.length === 0) throw new OpsError("refused", "No target of this job has failed");
      return retry(caller, record, keys, input);
    },
    pause: (caller: Caller, input: WireIn<typeof wire.jobControlInput>) => control(caller, input, "pause"),
    resume: (caller: Caller, input: WireIn<typeof wire.jobControlInput>) => control(caller, input, "resume"),
    cancel: (caller: Caller, input: WireIn<typeof wire.jobControlInput>) => control(caller, input, "cancel"),
  };
}
