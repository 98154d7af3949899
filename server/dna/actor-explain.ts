/** The decision of a request, evaluated here on what was read of the register and of the entry node. */
import type { WireShape } from "#server/contract/wire/common.ts";
import type { explainOutput } from "#server/contract/wire/dna-actors.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { NO_BEAM, nodeNameOf } from "./actor-live.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { type ActorKey, type Incarnation, sameIncarnation, toIncarnationId } from "./domain/identity.ts";
import { type EntryNode, explainRequest } from "./domain/request-path.ts";
import type { AskedEntry } from "./domain/request-path-asked.ts";
import type { OwnerRow, Product } from "./domain/request-walk.ts";
import { type ActorRow, isMalformed, type MalformedRow } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";

type Explained = Omit<WireShape<typeof explainOutput>, "asOf" | "faults" | "actor">;

/** @param entry the incarnation at whose node the message arrives; `null` = any healthy one but the owner */
export async function explainKey(
  source: DnaSource,
  key: ActorKey,
  row: ActorRow | MalformedRow | null,
  entry: Incarnation | null,
  now: () => EpochMs,
): Promise<Explained> {
  const owner = ownerRow(row);
  const look = entry === null ? null : await lookAtEntry(source, key, owner, entry);
  const path = explainRequest({
    row: owner,
    owner: owner.kind === "owned" ? source.liveness.sight(owner.owner) : null,
    entry: look?.entry ?? { kind: "any" },
    product: productOf(source),
    now: now(),
  });
  return {
    end: path.end,
    sentence: path.sentence,
    nodes: [...path.nodes],
    edges: path.edges.map((edge) => ({ ...edge })),
    possible: [...path.possible],
    assumptions: [...path.assumptions, ...(look?.notes ?? [])],
    warning: path.warning,
    entry: look?.view ?? null,
  };
}

interface EntryLook {
  readonly entry: EntryNode;
  readonly notes: readonly string[];
  readonly view: NonNullable<Explained["entry"]>;
}

async function lookAtEntry(source: DnaSource, key: ActorKey, row: OwnerRow, chosen: Incarnation): Promise<EntryLook> {
  const sight = source.liveness.sight(chosen);
  const node = nodeNameOf(source, chosen);
  const view = { incarnation: toIncarnationId(chosen), node };
  const unasked = (missing: string): EntryLook => ({
    entry: { kind: "chosen", sight },
    notes: [],
    view: { ...view, asked: false, missing },
  });
  if (source.beam === null) return unasked(NO_BEAM);
  if (node === null) return unasked("It was never seen in the nodes table: it has no address.");
  try {
    const entry = await askEntry(source.beam, node, key, row);
    const same = sameIncarnation(entry.incarnation, chosen);
    return {
      entry: { kind: "asked", ...entry },
      notes: same ? [] : [`${node} is incarnation ${toIncarnationId(entry.incarnation)} by now: it is what was asked.`],
      view: { incarnation: toIncarnationId(entry.incarnation), node, asked: true, missing: null },
    };
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    return unasked(`It was not asked: ${messageOf(cause)}`);
  }
}

/** Its peer table, which is long in a large cluster, is read only where the decision needs it. */
export async function askEntry(beam: DnaBeam, node: string, key: ActorKey, row: OwnerRow): Promise<AskedEntry> {
  const [incarnation, cached, instance] = await Promise.all([
    beam.identity(node),
    beam.cachedOwner(node, key),
    beam.instance(node, key),
  ]);
  const told = { incarnation, node, cached, runs: instance !== null };
  const owner = cached?.owner ?? (row.kind === "owned" ? row.owner : null);
  if (owner === null || sameIncarnation(owner, incarnation)) return { ...told, lastRefreshMs: null, peers: [] };
  const { peers, lastRefreshMs } = await beam.peers(node);
  return { ...told, lastRefreshMs, peers };
}

/** What the register says, as the decision takes it. */
export function ownerRow(row: ActorRow | MalformedRow | null): OwnerRow {
  if (row === null) return { kind: "none" };
  if (isMalformed(row)) return { kind: "malformed", reason: row.reason };
  return row.owner === null
    ? { kind: "malformed", reason: "its owner columns are empty" }
    : { kind: "owned", owner: row.owner };
}

function productOf(source: DnaSource): Product {
  const product = source.fold().database?.product;
  return product === "cassandra" || product === "scylla" || product === "simulator" ? product : null;
}
