import type { Caller } from "#server/auth/caller.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { WireIn, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna.ts";
import type { JobStarter } from "#server/jobs/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createOneStart, type OneStart } from "#server/kernel/one-start.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { failoverParams } from "./failover-job.ts";
import { sumKeys, toCensusView, toNodeView, toReleasableView } from "./node-view.ts";
import { asOfFold, type DnaSource } from "./source-view.ts";

/** A count older than this is counted anew before keys are released by it. */
export const CENSUS_FRESH_MS = 15 * 60_000;

type Preview = WireShape<typeof wire.failoverPreviewOutput>;

function nodeOf(source: DnaSource, incarnation: string) {
  const node = source.fold().nodes[incarnation];
  if (node === undefined) throw new OpsError("not-found", `No incarnation ${incarnation} in ${source.id}`);
  return node;
}

/** Everything a person must see before the keys of an incarnation are released. Reads nothing anew. */
export function previewFailover(source: DnaSource, incarnation: string, busy: boolean): Preview {
  const node = toNodeView(source, incarnation, nodeOf(source, incarnation));
  const judged = source.liveness.releasable(incarnation);
  if (judged === null) throw new OpsError("refused", "This console has not read the nodes table since it started");
  const walk = source.census.latest(incarnation);
  const keys = node.owned?.keys ?? null;
  const rounds = node.owned === null ? null : roundsOf(node.owned.types, source.pace.keysPerRound);
  const observed = asOfFold([source]);
  return {
    ...observed,
    node,
    releasable: toReleasableView(judged),
    census: walk === null ? null : { ...observed, ...toCensusView(walk) },
    keys,
    rounds,
    estimateMs: rounds === null ? null : Math.round((rounds / source.pace.roundsPerSecond) * 1000),
    roundsPerSecond: source.pace.roundsPerSecond,
    keysPerRound: source.pace.keysPerRound,
    refusals: refusalsOf(source, keys, busy, judged.reasons),
  };
}

const roundsOf = (types: readonly { readonly keys: number }[], keysPerRound: number): number =>
  types.reduce((sum, type) => sum + Math.ceil(type.keys / keysPerRound), 0);

function refusalsOf(
  source: DnaSource,
  keys: number | null,
  busy: boolean,
  reasons: readonly { readonly holds: boolean; readonly text: string }[],
): string[] {
  return [
    ...(source.act ? [] : ["Acting on this source is switched off (act: false)."]),
    ...reasons.filter((reason) => !reason.holds).map((reason) => `Not yet true: ${reason.text}`),
    ...(keys === null ? ["Its keys have not been counted: count them first."] : []),
    ...(keys === 0 ? ["It holds no keys."] : []),
    ...(busy ? ["Another failover of this source is not finished."] : []),
  ];
}

type Started = WireShape<typeof wire.failoverStartOutput>;

export interface FailoverDeps {
  readonly jobs: JobStarter;
  readonly operations: Operations;
  readonly newId: () => string;
  readonly now: () => number;
  readonly starts: OneStart<Started>;
}

/** Of each source one at a time: pressed twice it is one, and no other slips in beside it. */
export const createFailoverStarts = (): OneStart<Started> =>
  createOneStart("Another failover of this source is being started.");

/** Starts the release of the keys of a dead incarnation as a durable job, once everything has been compared anew. */
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
  const stream = dnaStream(source.id);
  const started = deps.jobs.startedBy(input.requestId);
  if (started !== null) return { journalId: input.requestId, jobId: started };
  const node = nodeOf(source, input.incarnation);
  const moved = movedSince(source, input, node);
  if (moved.length > 0) throw new OpsError("conflict", "The world has moved since you looked", { reasons: moved });
  const preview = previewFailover(source, input.incarnation, deps.jobs.busy(stream));
  if (preview.refusals.length > 0)
    throw new OpsError("refused", preview.refusals[0] ?? "Refused", { reasons: preview.refusals });
  const types = preview.node.owned?.types ?? [];
  const countedAt = preview.node.owned?.asOf;
  if (countedAt === undefined || deps.now() - Date.parse(countedAt) > CENSUS_FRESH_MS) {
    throw new OpsError("refused", "The count of its keys is older than 15 minutes: count them again");
  }
  const request: OperationRequest = {
    requestId: input.requestId,
    facts: {
      action: "dna.failover.start",
      stream,
      target: input.incarnation,
      expected: { state: input.expectedState, node: input.expectedNode, keys: input.expectedKeys },
    },
    actor: { user: caller.principal.id, role: caller.principal.role, address: caller.address, reason: input.reason },
  };
  const jobId = deps.newId();
  await deps.operations.perform(
    request,
    () =>
      deps.jobs.start({
        id: jobId,
        facts: {
          kind: "dna.failover",
          title: `Release the keys of ${node.node}`,
          stream,
          target: input.incarnation,
          requestedBy: caller.principal.id,
          requestId: input.requestId,
        },
        total: sumKeys(types),
        params: failoverParams(source.id, input.incarnation, types),
        bookmark: null,
      }),
    () => `job ${jobId}`,
  );
  return { journalId: input.requestId, jobId };
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
