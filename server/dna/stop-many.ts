import type { Caller } from "#server/auth/caller.ts";
import { termsOf } from "#server/contract/approval-terms.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { WireIn, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-actors.ts";
import type { JobStarter } from "#server/jobs/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { createOneStart } from "#server/kernel/one-start.ts";
import type { Operations } from "#server/operations/ports.ts";
import { nodeNameOf } from "./actor-live.ts";
import { incarnationOf, requireBeam } from "./actors-service.ts";
import { BEAM_INSTANCES_MAX, type BeamInstance, type DnaBeam } from "./beam-ports.ts";
import type { ClusterBusy } from "./cluster-lease.ts";
import { sameIncarnation, toActorTypeId } from "./domain/identity.ts";
import { ANOTHER_JOB } from "./failover-preview.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";
import { toActor } from "./stop-actor.ts";
import { safeRefusals } from "./stop-checks.ts";
import { STOPS_PER_SECOND, type StopTarget, stopParams } from "./stop-job.ts";
import { ACT_OFF, STOP_ACTION, STOP_MANY_ACTION } from "./stop-words.ts";

/** Instances of one job at most. */
export const STOP_TARGETS_MAX = 50_000;
/** A preview is good for so long: time enough for a second person to look at it. */
const PREVIEW_KEPT_MS = 30 * 60_000;
const PREVIEWS_MAX = 20;
const TYPES_SHOWN = 50;

type Preview = WireShape<typeof wire.stopManyPreviewOutput>;

interface Frozen {
  readonly sourceId: string;
  readonly owner: string;
  readonly incarnation: string;
  readonly node: string;
  readonly title: string;
  /** What was listed: which part of the node, and its fingerprint. */
  readonly scope: Pick<WireIn<typeof wire.stopManyPreviewInput>, "partition" | "type"> & { readonly list: string };
  readonly targets: readonly StopTarget[];
  readonly until: MonotonicMs | number;
}

/** Stops of many: the instances of a partition, of a type or of a whole node, as they were listed for the preview. */
export function createStopMany(deps: {
  readonly jobs: JobStarter;
  readonly busy: ClusterBusy;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly newId: () => string;
}) {
  const { jobs, busy, operations, clock } = deps;
  const previews = new Map<string, Frozen>();
  const starts = createOneStart<{ journalId: string; jobId: string }>("Another job of this source is being started.");

  function keep(frozen: Omit<Frozen, "until">): string {
    const now = clock.monotonic();
    for (const [token, { until }] of previews) if (until < now) previews.delete(token);
    const [oldest] = previews.keys();
    if (previews.size >= PREVIEWS_MAX && oldest !== undefined) previews.delete(oldest);
    const token = deps.newId();
    previews.set(token, { ...frozen, until: now + PREVIEW_KEPT_MS });
    return token;
  }

  async function preview(
    caller: Caller,
    source: DnaSource,
    input: WireIn<typeof wire.stopManyPreviewInput>,
  ): Promise<Preview> {
    const beam = requireBeam(source);
    const asked = incarnationOf(input.incarnation);
    const node = nodeNameOf(source, asked);
    if (node === null) throw new OpsError("not-found", `No incarnation ${input.incarnation} in ${source.id}`);
    const identity = await beam.identity(node);
    if (!sameIncarnation(identity, asked)) throw new OpsError("conflict", `${node} is another incarnation by now`);
    const instances = await listed(beam, node, input);
    const sizes = await sizesOf(beam, node, instances);
    const refusals = [
      ...(source.act ? [] : [ACT_OFF]),
      ...(instances.length === 0 ? ["Nothing of it runs on this node."] : []),
      ...(busy(source) ? [ANOTHER_JOB] : []),
    ];
    const targets = instances.map(toTarget);
    const list = await fingerprintOf(targets);
    const token =
      refusals.length > 0
        ? null
        : keep({
            sourceId: source.id,
            owner: caller.principal.id,
            incarnation: input.incarnation,
            node,
            title: titleOf(node, input, instances.length),
            scope: { partition: input.partition, type: input.type, list },
            targets,
          });
    return {
      ...asOfNow(clock, source),
      node,
      token,
      list,
      total: instances.length,
      byPartition: byPartition(instances),
      byType: byType(instances),
      ...sizes,
      perSecond: STOPS_PER_SECOND,
      refusals,
      safeRefusals: [...safeRefusals(source)],
    };
  }

  async function begin(caller: Caller, source: DnaSource, input: WireIn<typeof wire.stopManyInput>) {
    const stream = dnaStream(source.id);
    const frozen = previews.get(input.token);
    if (frozen === undefined || frozen.sourceId !== source.id || frozen.owner !== caller.principal.id)
      throw new OpsError("conflict", "What was listed is too old: look again", { reasons: ["Look again."] });
    const { targets, node, incarnation, title, scope } = frozen;
    if (targets.length !== input.expectedTotal)
      throw new OpsError("conflict", `${targets.length} instances were listed, not ${input.expectedTotal}: look again`);
    const refusals = [
      ...(source.act ? [] : [ACT_OFF]),
      ...(input.force ? [] : safeRefusals(source)),
      ...(busy(source) ? [ANOTHER_JOB] : []),
    ];
    if (refusals.length > 0) throw new OpsError("refused", refusals[0] ?? "Refused", { reasons: refusals });
    const identity = await requireBeam(source).identity(node);
    if (!sameIncarnation(identity, incarnationOf(incarnation)))
      throw new OpsError("conflict", `${node} is another incarnation by now`, {
        reasons: ["What was listed has ended."],
      });
    const { requestId } = input;
    const actor = toActor(caller, input.reason);
    const expected = { instances: targets.length, force: input.force, node };
    const { token, ...asked } = termsOf(input);
    const terms = { ...asked, ...scope };
    const jobId = deps.newId();
    await operations.perform(
      { requestId, actor, facts: { action: STOP_MANY_ACTION, stream, target: incarnation, expected }, terms },
      async () => {
        // Whoever came first while the request was journalled has the cluster.
        if (busy(source)) throw new OpsError("refused", ANOTHER_JOB);
        await jobs.start({
          id: jobId,
          facts: { kind: STOP_ACTION, title, stream, target: incarnation, requestedBy: caller.principal.id, requestId },
          total: targets.length,
          params: stopParams({ sourceId: source.id, incarnation, node, force: input.force, actor }),
          bookmark: null,
          frozen: targets as unknown as readonly JsonValue[],
        });
      },
      () => `job ${jobId}`,
    );
    previews.delete(input.token);
    return { journalId: requestId, jobId };
  }

  return {
    preview,
    /** @throws OpsError `conflict` | `refused` | `journal-unavailable` */
    async start(caller: Caller, source: DnaSource, input: WireIn<typeof wire.stopManyInput>) {
      const started = jobs.startedBy(input.requestId);
      if (started !== null) return { journalId: input.requestId, jobId: started };
      return starts.run(source.id, input.requestId, () => begin(caller, source, input));
    },
  };
}

/** Lists what runs, partition by partition; never a part of it as if it were all. */
async function listed(
  beam: DnaBeam,
  node: string,
  { partition, type }: Pick<WireIn<typeof wire.stopManyPreviewInput>, "partition" | "type">,
): Promise<readonly BeamInstance[]> {
  const partitions = await beam.partitions(node);
  const wanted = partitions.filter(({ index }) => partition === null || index === partition);
  if (partition !== null && wanted.length === 0)
    throw new OpsError("not-found", `${node} has no partition ${partition}`);
  const found: BeamInstance[] = [];
  for (const { index } of wanted) {
    const page = await beam.instances(node, { partition: index, type, prefix: "", limit: BEAM_INSTANCES_MAX });
    if (page.more)
      throw new OpsError("limit-exceeded", `Partition ${index} runs more than ${BEAM_INSTANCES_MAX}: ${NARROW}`);
    found.push(...page.instances);
    if (found.length > STOP_TARGETS_MAX)
      throw new OpsError("limit-exceeded", `More than ${STOP_TARGETS_MAX} instances run: ${NARROW}`);
  }
  return found;
}

const NARROW = "choose one type of one partition";

async function sizesOf(beam: DnaBeam, node: string, instances: readonly BeamInstance[]) {
  let [mailbox, memoryBytes] = [0, 0];
  for (let from = 0; from < instances.length; from += BEAM_INSTANCES_MAX) {
    for (const process of await beam.inspect(node, instances.slice(from, from + BEAM_INSTANCES_MAX))) {
      mailbox += process?.mailbox ?? 0;
      memoryBytes += process?.memoryBytes ?? 0;
    }
  }
  return { mailbox, memoryBytes };
}

function byPartition(instances: readonly BeamInstance[]): Preview["byPartition"] {
  const counts = new Map<number, number>();
  for (const { partition } of instances) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return [...counts].map(([partition, count]) => ({ partition, count })).sort((a, b) => a.partition - b.partition);
}

function byType(instances: readonly BeamInstance[]): Preview["byType"] {
  const counts = new Map<string, { namespace: string; moduleId: number; count: number }>();
  for (const { key } of instances) {
    const { namespace, moduleId } = key;
    const known = counts.get(toActorTypeId(key)) ?? { namespace, moduleId, count: 0 };
    known.count += 1;
    counts.set(toActorTypeId(key), known);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).slice(0, TYPES_SHOWN);
}

function titleOf(
  node: string,
  { partition, type }: Pick<WireIn<typeof wire.stopManyPreviewInput>, "partition" | "type">,
  count: number,
): string {
  const of = [
    ...(type === null ? [] : [`${type.namespace} / ${type.moduleId}`]),
    ...(partition === null ? [] : [`partition ${partition}`]),
  ];
  return `Stop ${count} actors${of.length === 0 ? "" : ` of ${of.join(", ")}`} on ${node}`;
}

/** SHA-256 in hex, of every instance by key, partition and process, whatever their order. */
async function fingerprintOf(targets: readonly StopTarget[]): Promise<string> {
  const text = canonicalJson(targets.map((target) => canonicalJson(target)).toSorted());
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text, "utf8"))).toString("hex");
}

const toTarget = ({ key, partition, ref }: BeamInstance): StopTarget => ({
  namespace: key.namespace,
  moduleId: key.moduleId,
  name: key.name,
  partition,
  ref,
});
