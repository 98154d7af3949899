/** What is recorded of the links to nodes: only what differs from the fold. Pure. */
import type { BeamState, EventDraft } from "#server/contract/event.ts";
import type { BeamFold, DnaFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { BeamLink } from "./beam-ports.ts";
import type { AskedNode } from "./beam-sampling.ts";

/** One question without an answer may be a slow moment; two are a state. */
const FAILURES_TO_UNREACHABLE = 2;
const REASON_CHARS = 300;

type Link = Pick<BeamFold, "state" | "reason" | "identity">;

/** The events that bring the fold's links to what was found. */
export function linkChanges(
  known: DnaFold["beam"],
  asked: readonly Pick<AskedNode, "node" | "cluster" | "failures" | "sample">[],
  linkOf: (node: string) => BeamLink,
  now: EpochMs,
): readonly EventDraft[] {
  const drafts: EventDraft[] = [];
  const names = new Set<string>();
  const draft = (node: string, cluster: string, link: Link & { readonly state: BeamState }): void => {
    const body = { cluster, node, ...link, reason: link.reason?.slice(0, REASON_CHARS) ?? null };
    drafts.push({ kind: "dna.beam.changed", subject: node, occurredAt: now, synthetic: true, body });
  };
  for (const one of asked) {
    names.add(one.node);
    const link = judgeLink(one, linkOf);
    const before = own(known, one.node);
    if (link === null || (before?.state === link.state && before.identity === link.identity)) continue;
    draft(one.node, one.cluster, link);
  }
  for (const [node, { cluster }] of Object.entries(known)) {
    if (!names.has(node)) draft(node, cluster, { state: "none", reason: "it is not asked any more", identity: null });
  }
  return drafts;
}

/** How the console stands with a node; `null` = nothing is known yet. */
function judgeLink(
  { node, failures, sample }: Pick<AskedNode, "node" | "failures" | "sample">,
  linkOf: (node: string) => BeamLink,
): Link | null {
  if (failures === 0)
    return sample.identity === null ? null : { state: "connected", reason: null, identity: sample.identity };
  const link = linkOf(node);
  if (link.kind === "refused") return { state: "refused", reason: link.reason, identity: null };
  if (link.kind !== "unreachable" && failures < FAILURES_TO_UNREACHABLE) return null;
  return { state: "unreachable", reason: link.kind === "unreachable" ? link.reason : sample.failure, identity: null };
}
