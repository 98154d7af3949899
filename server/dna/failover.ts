import type { Caller } from "#server/auth/caller.ts";
import { actorTarget } from "#server/contract/actor-key.ts";
import { type ApprovalTerms, termsOf } from "#server/contract/approval-terms.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { WireIn, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-failover.ts";
import type { JobStarter, NewJob } from "#server/jobs/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { createOneStart, type OneStart } from "#server/kernel/one-start.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { type ActorKey, toIncarnationId } from "./domain/identity.ts";
import { type ClaimTarget, failoverParams } from "./failover-params.ts";
import { ANOTHER_JOB, nodeOf, previewFailover, refusalsOf } from "./failover-preview.ts";
import { sumKeys } from "./node-view.ts";
import { isMalformed } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";

/** A count older than this is counted anew before keys are released by it. */
export const CENSUS_FRESH_MS = 15 * 60_000;

type Started = WireShape<typeof wire.failoverStartOutput>;
type ChosenTargets = WireIn<typeof wire.failoverStartInput>["targets"];

export interface FailoverDeps {
  readonly jobs: JobStarter;
  readonly operations: Operations;
  readonly newId: () => string;
  readonly now: () => number;
  readonly starts: OneStart<Started>;
  /** Whether another job of the same cluster has not ended, under whatever source. */
  readonly busy: (source: DnaSource) => boolean;
}

/** Of each source one at a time: pressed twice it is one, and no other slips in beside it. */
export const createFailoverStarts = (): OneStart<Started> =>
  createOneStart("Another failover of this source is being started.");

/** Starts a failover of every key of a dead incarnation as a durable job, once everything has been compared anew. */
export function startFailover(
  deps: FailoverDeps,
  source: DnaSource,
  caller: Caller,
  input: WireIn<typeof wire.failoverStartInput>,
): Promise<Started> {
  return deps.starts.run(source.id, input.requestId, () => startAlone(deps, source, caller, input));
}

async function startAlone(
  deps: FailoverDeps,
  source: DnaSource,
  caller: Caller,
  input: WireIn<typeof wire.failoverStartInput>,
): Promise<Started> {
  const started = deps.jobs.startedBy(input.requestId);
  if (started !== null) return { journalId: input.requestId, jobId: started };
  const node = nodeOf(source, input.incarnation);
  const targets = targetsChosen(source, input.incarnation, input.targets);
  const moved = [...movedSince(source, input, node), ...fallenOf(targets)];
  if (moved.length > 0) throw worldMoved(moved);
  const preview = previewFailover(source, input.incarnation, deps.busy(source));
  refuseIf(preview.refusals);
  const types = preview.node.owned?.types ?? [];
  const countedAt = preview.node.owned?.asOf;
  if (countedAt === undefined || deps.now() - Date.parse(countedAt) > CENSUS_FRESH_MS) {
    throw new OpsError("refused", "The count of its keys is older than 15 minutes: count them again");
  }
  const name = node.node === "" ? input.incarnation : node.node;
  return begin(deps, source, caller, input, {
    action: "dna.failover.start",
    target: input.incarnation,
    expected: { state: input.expectedState, node: input.expectedNode, keys: input.expectedKeys },
    owner: input.incarnation,
    title: titleOf(`the keys of ${name}`, targets),
    total: sumKeys(types),
    types,
    targets,
    terms: termsOf(input),
  });
}

/** The same of one key: it is read anew for the decision, and nothing needs to be counted. */
export function startKeyFailover(
  deps: FailoverDeps,
  source: DnaSource,
  caller: Caller,
  input: WireIn<typeof wire.failoverKeyStartInput>,
): Promise<Started> {
  return deps.starts.run(source.id, input.requestId, () => startKeyAlone(deps, source, caller, input));
}

async function startKeyAlone(
  deps: FailoverDeps,
  source: DnaSource,
  caller: Caller,
  input: WireIn<typeof wire.failoverKeyStartInput>,
): Promise<Started> {
  const started = deps.jobs.startedBy(input.requestId);
  if (started !== null) return { journalId: input.requestId, jobId: started };
  const { namespace, moduleId, name, expectedOwner } = input;
  const key: ActorKey = { namespace, moduleId, name };
  const row = await source.store.actor(key, "serial");
  const owner = row === null || isMalformed(row) || row.owner === null ? null : toIncarnationId(row.owner);
  const targets = targetsChosen(source, expectedOwner, input.targets);
  const moved = [
    ...(owner === expectedOwner ? [] : [`Its owner was ${expectedOwner} and is ${owner ?? "nobody"}`]),
    ...fallenOf(targets),
  ];
  if (moved.length > 0) throw worldMoved(moved);
  const judged = source.liveness.releasable(expectedOwner);
  if (judged === null) throw new OpsError("refused", "This console has not read the nodes table since it started");
  refuseIf(refusalsOf(source, judged.reasons, deps.busy(source)));
  return begin(deps, source, caller, input, {
    action: "dna.failover.startKey",
    target: actorTarget(key),
    expected: { owner: expectedOwner },
    owner: expectedOwner,
    title: titleOf(`the key ${name}`, targets),
    total: 1,
    types: [{ namespace, moduleId }],
    key,
    targets,
  });
}

interface Plan {
  readonly action: string;
  readonly target: string;
  readonly expected: Readonly<Record<string, JsonValue>>;
  readonly owner: string;
  readonly title: string;
  readonly total: number;
  readonly types: Parameters<typeof failoverParams>[2];
  readonly key?: ActorKey;
  readonly targets: readonly ChosenTarget[] | null;
  /** What a second person agrees to; left out where none is asked. */
  readonly terms?: ApprovalTerms;
}

async function begin(
  deps: FailoverDeps,
  source: DnaSource,
  caller: Caller,
  input: { readonly requestId: string; readonly reason: string },
  plan: Plan,
): Promise<Started> {
  const { requestId, reason } = input;
  const stream = dnaStream(source.id);
  const { principal, address } = caller;
  const heirs = plan.targets?.map(({ incarnationId, weight }) => ({ incarnation: incarnationId, weight })) ?? null;
  const request: OperationRequest = {
    requestId,
    facts: { action: plan.action, stream, target: plan.target, expected: { ...plan.expected, targets: heirs } },
    actor: { user: principal.id, role: principal.role, address, reason },
    ...(plan.terms === undefined ? {} : { terms: plan.terms }),
  };
  const jobId = deps.newId();
  const job: NewJob = {
    id: jobId,
    facts: {
      kind: "dna.failover",
      title: plan.title,
      stream,
      target: plan.owner,
      requestedBy: principal.id,
      requestId,
    },
    total: plan.total,
    params: failoverParams(source.id, plan.owner, plan.types, {
      ...(plan.targets === null ? {} : { targets: plan.targets }),
      ...(plan.key === undefined ? {} : { key: plan.key }),
    }),
    bookmark: null,
  };
  await deps.operations.perform(
    request,
    async () => {
      // Whoever came first while the request was journalled has the cluster.
      if (deps.busy(source)) throw new OpsError("refused", ANOTHER_JOB);
      await deps.jobs.start(job);
    },
    () => `job ${jobId}`,
  );
  return { journalId: requestId, jobId };
}

interface ChosenTarget extends ClaimTarget {
  /** Why it may be given nothing; `null` = it may. */
  readonly refusal: string | null;
}

/** The chosen nodes as they stand now. */
function targetsChosen(source: DnaSource, dead: string, chosen: ChosenTargets): readonly ChosenTarget[] | null {
  if (chosen === null) return null;
  const { nodes } = source.fold();
  return chosen.map(({ incarnation, weight }) => {
    const node = nodes[incarnation]?.node;
    const refusal = node === undefined ? "it is not known" : source.liveness.target(incarnation, dead).reason;
    return { incarnationId: incarnation, node: node ?? incarnation, weight, refusal };
  });
}

const fallenOf = (targets: readonly ChosenTarget[] | null): string[] =>
  (targets ?? []).flatMap(({ node, refusal }) =>
    refusal === null ? [] : [`${node} can be given nothing: ${refusal}`],
  );

const worldMoved = (reasons: readonly string[]): OpsError =>
  new OpsError("conflict", "The world has moved since you looked", { reasons });

function refuseIf(refusals: readonly string[]): void {
  const [first] = refusals;
  if (first !== undefined) throw new OpsError("refused", first, { reasons: refusals });
}

function titleOf(what: string, targets: readonly ClaimTarget[] | null): string {
  if (targets === null) return `Release ${what}`;
  const [first, ...more] = targets;
  return `Give ${what} to ${more.length === 0 ? (first?.node ?? "nobody") : `${targets.length} nodes`}`;
}

function movedSince(
  source: DnaSource,
  input: WireIn<typeof wire.failoverStartInput>,
  node: { readonly state: string; readonly node: string },
): string[] {
  const owned = source.fold().owned[input.incarnation];
  const keys = owned === undefined ? null : sumKeys(owned.counts);
  return [
    ...(node.state === input.expectedState ? [] : [`Its state was ${input.expectedState} and is ${node.state}`]),
    ...(node.node === input.expectedNode ? [] : [`Its name was ${input.expectedNode} and is ${node.node}`]),
    ...(keys === null || keys === input.expectedKeys
      ? []
      : [`It held ${input.expectedKeys} keys and was since counted with ${keys}`]),
  ];
}
