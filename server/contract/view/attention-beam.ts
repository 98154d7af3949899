/** What only the nodes themselves can show: keys that run twice, and nodes that serve without beating. Pure. */
import type { StreamName } from "#server/contract/event.ts";
import type { DnaFold, DoubledFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Finding, sourceOf } from "./need.ts";
import { plural } from "./words.ts";

/** More doubled keys of one source than this are told as one finding. */
const TOLD_SINGLY_MAX = 3;

const REMEDY = "Stop the instance that does not own the key: its next write overwrites the owner's.";

/** Keys that run on several nodes at once. */
export function doubledFindings(stream: StreamName, { doubled }: DnaFold): readonly Finding[] {
  const entries = Object.entries(doubled);
  return entries.length > TOLD_SINGLY_MAX
    ? [manyDoubled(stream, entries)]
    : entries.map(([subject, actor]) => oneDoubled(stream, subject, actor));
}

const idOf = (stream: StreamName, subject: string): string => `doubled_actor|${stream} ${subject}`;

function oneDoubled(stream: StreamName, subject: string, actor: DoubledFold): Finding {
  const { namespace, moduleId, name, instances, evidence, since } = actor;
  return {
    id: idOf(stream, subject),
    kind: "doubled_actor",
    severity: "failed",
    shape: "square-x",
    stream,
    target: subject,
    headline: ["Actor ", name, ` runs on ${instances.map(({ node }) => node).join(" and ")} at once`],
    evidence: [{ text: sourceOf(stream) }, { text: evidence }, { text: "each writes its storage, the later one wins" }],
    since,
    count: 1,
    place: { page: "actor", source: sourceOf(stream), namespace, moduleId, name },
    remedy: REMEDY,
  };
}

function manyDoubled(stream: StreamName, entries: readonly (readonly [string, DoubledFold])[]): Finding {
  const nodes = [...new Set(entries.flatMap(([, { instances }]) => instances.map(({ node }) => node)))].sort();
  const latest = entries.toSorted(([, a], [, b]) => b.since - a.since).slice(0, TOLD_SINGLY_MAX);
  return {
    id: `doubled_actor|${stream}`,
    kind: "doubled_actor",
    severity: "failed",
    shape: "square-x",
    stream,
    target: sourceOf(stream),
    headline: ["", plural(entries.length, "actor"), ` of ${sourceOf(stream)} run on several nodes at once`],
    evidence: [
      { text: `on ${plural(nodes.length, "node")}` },
      { text: `latest ${latest.map(([, { name }]) => name).join(", ")}` },
    ],
    since: Math.min(...entries.map(([, { since }]) => since)) as EpochMs,
    count: entries.length,
    standsFor: entries.map(([subject]) => idOf(stream, subject)),
    place: { page: "health", source: sourceOf(stream), check: "doubles" },
    remedy: REMEDY,
  };
}

/** Nodes that are dead by the database and answer all the same: they serve what others take over. */
export function zombieFindings(
  stream: StreamName,
  entries: readonly (readonly [incarnation: string, node: NodeFold])[],
): readonly Finding[] {
  return entries.flatMap(([incarnation, node]) => {
    const { zombie } = node.flags;
    if (zombie === undefined) return [];
    return [
      {
        id: `zombie_node|${stream} ${incarnation}`,
        kind: "zombie_node" as const,
        severity: "failed" as const,
        shape: "square-x" as const,
        stream,
        target: incarnation,
        headline: ["Node ", node.node, ` is ${node.state} by the database, but it runs`] as const,
        evidence: [{ text: node.cluster }, { text: zombie }],
        since: node.since,
        count: 1,
        place: { page: "node" as const, source: sourceOf(stream), incarnation },
        remedy:
          "Its keys are never released while it answers. Restart its VM: peers take its keys over while it still serves them.",
      },
    ];
  });
}
