/** What a person must see before keys of a dead node are released or given to others. Reads nothing anew. */

import type { NodeFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-failover.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { suggestWeights } from "./domain/claim-assignment.ts";
import { parseIncarnationId } from "./domain/identity.ts";
import { ownedOf, toCensusView, toNodeView, toReleasableView } from "./node-view.ts";
import { asOfFold, type DnaSource } from "./source-view.ts";

/** Nodes that are told of as targets at most: those that may be given keys first. */
export const TARGETS_TOLD_MAX = 1_000;

/** Why keys of a living owner are never moved, for the dialog. */
export const NOT_MOVED =
  "Keys of a living node are not moved. It keeps its instances, and for up to 60 s a cache by which it serves and even starts them again without asking, while another node would start them too: whatever the order, two could write. Stop the actor instead: it starts again where it is.";

export const ANOTHER_JOB = "Another job that changes this cluster is not finished: one at a time.";
const ACT_OFF = "Acting on this source is switched off (act: false).";
const NOT_READ = "This console has not read the nodes table since it started";

type Preview = WireShape<typeof wire.failoverPreviewOutput>;

/** An incarnation that the console knows, or that was found as an owner in the register alone. */
export function nodeOf(source: DnaSource, incarnation: string): NodeFold {
  const { nodes, owned } = source.fold();
  const node = own(nodes, incarnation);
  if (node !== undefined) return node;
  const counted = own(owned, incarnation);
  const identity = parseIncarnationId(incarnation);
  if (counted === undefined || identity === null)
    throw new OpsError("not-found", `No incarnation ${incarnation} in ${source.id}`);
  return {
    cluster: "",
    node: "",
    createdAt: identity.createdAt,
    nodeId: identity.id.toString(),
    state: source.liveness.sight(identity).state ?? "gone",
    since: counted.asOf,
    silentMsThen: 0,
    evidence: "found as an owner in the register alone",
    flags: {},
    firstSeenAt: counted.asOf,
  };
}

const BEATING: ReadonlySet<string> = new Set(["alive", "returned"]);
export const notMovedOf = (state: string): string | null => (BEATING.has(state) ? NOT_MOVED : null);

/** @param busy another job of this cluster has not ended */
export function previewFailover(source: DnaSource, incarnation: string, busy: boolean): Preview {
  const node = toNodeView(source, incarnation, nodeOf(source, incarnation));
  const judged = source.liveness.releasable(incarnation);
  if (judged === null) throw new OpsError("refused", NOT_READ);
  const walk = source.census.latest(incarnation);
  const keys = node.owned?.keys ?? null;
  const rounds = node.owned === null ? null : roundsOf(node.owned.types, source.pace.keysPerRound);
  const observed = asOfFold([source]);
  const refusals = [
    ...refusalsOf(source, judged.reasons, busy),
    ...(keys === null ? ["Its keys have not been counted: count them first."] : []),
    ...(keys === 0 ? ["It holds no keys."] : []),
  ];
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
    refusals,
    notMoved: notMovedOf(node.state),
    ...targetsOf(source, incarnation),
  };
}

const roundsOf = (types: readonly { readonly keys: number }[], keysPerRound: number): number =>
  types.reduce((sum, type) => sum + Math.ceil(type.keys / keysPerRound), 0);

/** What stands against any failover of an incarnation that was judged so. */
export function refusalsOf(
  source: DnaSource,
  reasons: readonly { readonly holds: boolean; readonly text: string }[],
  busy: boolean,
): string[] {
  return [
    ...(source.act ? [] : [ACT_OFF]),
    ...reasons.filter((reason) => !reason.holds).map((reason) => `Not yet true: ${reason.text}`),
    ...(busy ? [ANOTHER_JOB] : []),
  ];
}

/** The nodes that keys of `dead` could be given to, those that may be first. */
export function targetsOf(
  source: DnaSource,
  dead: string,
): Pick<Preview, "targets" | "targetsLeftOut" | "claimRefusal"> {
  const fold = source.fold();
  const cluster = own(fold.nodes, dead)?.cluster ?? null;
  const sample = source.sample();
  const nodes = Object.entries(fold.nodes)
    .filter(([id, node]) => id !== dead && node.state !== "gone" && (cluster === null || node.cluster === cluster))
    .map(([incarnation, node]) => {
      const { reason, aliveMs } = source.liveness.target(incarnation, dead);
      const counted = ownedOf(fold, incarnation);
      return {
        incarnation,
        node: node.node,
        state: node.state,
        aliveMs,
        load: sample?.nodes?.[incarnation]?.load ?? null,
        running: sample?.beam?.[incarnation]?.running ?? null,
        owned: counted?.keys ?? null,
        refusal: reason,
      };
    })
    .sort((a, b) => Number(a.refusal !== null) - Number(b.refusal !== null) || (a.node < b.node ? -1 : 1));
  const weights = suggestWeights(nodes.map(({ load, running, owned }) => ({ load, keys: running ?? owned })));
  const targets = nodes.map((node, index) => ({ ...node, weight: weights[index] ?? 1 }));
  const eligible = targets.some(({ refusal }) => refusal === null);
  return {
    targets: targets.slice(0, TARGETS_TOLD_MAX),
    targetsLeftOut: Math.max(0, targets.length - TARGETS_TOLD_MAX),
    claimRefusal: eligible ? null : "No node of the cluster has been alive for 30 s: nobody can be given its keys.",
  };
}
