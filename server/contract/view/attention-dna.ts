import { type StreamName, shownText } from "#server/contract/event.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { doubledFindings, zombieFindings } from "./attention-beam.ts";
import { healthFindings } from "./attention-health.ts";
import { type Evidence, type Finding, sourceOf } from "./need.ts";
import { formatAgeMs, formatCount, plural } from "./words.ts";

/** More dead incarnations of one source than this are told as one finding. */
const TOLD_SINGLY_MAX = 3;

type Entry = readonly [incarnation: string, node: NodeFold];

/** One that answers all the same is no dead node: it is told as what it is. */
const isDead = ([, { state, flags }]: Entry): boolean =>
  flags.zombie === undefined && (state === "silent" || state === "gone");

/** Doubled keys, name conflicts, zombies, dead incarnations that hold keys, late ones, rows that cannot be read. */
export function dnaFindings(stream: StreamName, fold: DnaFold, operator: OperatorFold | null): readonly Finding[] {
  const entries = Object.entries(fold.nodes);
  return [
    ...doubledFindings(stream, fold),
    ...conflicts(stream, entries),
    ...zombieFindings(stream, entries),
    ...dead(stream, fold, entries.filter(isDead), operator),
    ...entries.filter(([, node]) => node.state === "late").map((entry) => late(stream, entry)),
    ...unreadable(stream, fold),
    ...healthFindings(stream, fold),
  ];
}

/** One finding a node name: both of its incarnations beat. */
function conflicts(stream: StreamName, entries: readonly Entry[]): readonly Finding[] {
  const byName = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry[1].flags.name_conflict === undefined) continue;
    const key = `${entry[1].cluster}\u0000${entry[1].node}`;
    byName.set(key, [...(byName.get(key) ?? []), entry]);
  }
  return [...byName.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const [incarnation, node] = first;
    return [
      {
        id: `name_conflict|${stream} ${node.cluster} ${node.node}`,
        kind: "name_conflict" as const,
        severity: "failed" as const,
        shape: "square-x" as const,
        stream,
        target: incarnation,
        headline: ["Two incarnations beat under the name ", node.node, ""] as const,
        evidence: [
          { text: placeOf(stream, node) },
          { text: node.flags.name_conflict ?? "" },
          { text: "never releasable: a misconfiguration" },
        ],
        since: null,
        count: 1,
        place: { page: "node" as const, source: sourceOf(stream), incarnation },
      },
    ];
  });
}

const placeOf = (stream: StreamName, node: NodeFold): string =>
  node.cluster === sourceOf(stream) ? node.cluster : `${sourceOf(stream)} ${node.cluster}`;

export interface Owned {
  readonly keys: number;
  readonly countedAt: EpochMs;
}

/** Keys of an incarnation as last counted; `null` = never counted. */
export function ownedKeys(fold: DnaFold, incarnation: string): Owned | null {
  const owned = fold.owned[incarnation];
  if (owned !== undefined)
    return { keys: owned.counts.reduce((sum, { keys }) => sum + keys, 0), countedAt: owned.asOf };
  // A whole census that did not meet it counted it too: with nothing.
  return fold.census === null ? null : { keys: 0, countedAt: fold.census.finishedAt };
}

/** A failover that works on it, or that has released everything since the count: nobody is needed then. */
function isCaredFor(operator: OperatorFold | null, incarnation: string, owned: Owned | null): boolean {
  return Object.values(operator?.jobs ?? {}).some((job) => {
    if (job.kind !== "dna.failover" || job.target !== incarnation) return false;
    if (job.state === "running" || job.state === "waiting") return true;
    const whole = job.state === "done" && job.counts.failed === 0 && job.counts.unknown === 0;
    return whole && (owned === null || job.since >= owned.countedAt);
  });
}

function dead(
  stream: StreamName,
  fold: DnaFold,
  entries: readonly Entry[],
  operator: OperatorFold | null,
): readonly Finding[] {
  const holding: (readonly [Entry, Owned])[] = [];
  const uncounted: Entry[] = [];
  for (const entry of entries) {
    const owned = ownedKeys(fold, entry[0]);
    // Counted while it lived, an empty hand may have filled since.
    const known = owned !== null && (owned.keys > 0 || owned.countedAt >= entry[1].since) ? owned : null;
    if (isCaredFor(operator, entry[0], known)) continue;
    if (known === null) uncounted.push(entry);
    else if (known.keys > 0) holding.push([entry, known]);
  }
  return [
    ...(holding.length > TOLD_SINGLY_MAX
      ? [manyHolding(stream, holding)]
      : holding.map(([entry, owned]) => oneHolding(stream, entry, owned, operator))),
    ...(uncounted.length === 1
      ? uncounted.map((entry) => oneUncounted(stream, entry))
      : uncounted.length > 1
        ? [manyUncounted(stream, uncounted)]
        : []),
  ];
}

const holdingId = (stream: StreamName, incarnation: string): string => `dead_node|${stream} ${incarnation}`;
const uncountedId = (stream: StreamName, incarnation: string): string => `uncounted_node|${stream} ${incarnation}`;

function oneHolding(
  stream: StreamName,
  [incarnation, node]: Entry,
  owned: Owned,
  operator: OperatorFold | null,
): Finding {
  const lastJob = Object.values(operator?.jobs ?? {}).findLast(
    (job) => job.kind === "dna.failover" && job.target === incarnation,
  );
  return {
    id: holdingId(stream, incarnation),
    kind: "dead_node",
    severity: "failed",
    stream,
    target: incarnation,
    headline: ["Node ", node.node, ` is ${node.state}, its keys are not yet taken over`],
    evidence: [
      { text: placeOf(stream, node) },
      { text: `owns ${plural(owned.keys, "key")}, counted`, at: owned.countedAt },
      ...(lastJob === undefined
        ? []
        : [{ text: `failover ${lastJob.state}${lastJob.note === null ? "" : `: ${shownText(lastJob.note)}`}` }]),
      ...supersededEvidence(node),
    ],
    since: node.since,
    count: 1,
    place: { page: "node", source: sourceOf(stream), incarnation },
  };
}

const supersededEvidence = (node: NodeFold): readonly Evidence[] =>
  node.flags.superseded === undefined ? [] : [{ text: "a newer incarnation of this name is alive" }];

function manyHolding(stream: StreamName, holding: readonly (readonly [Entry, Owned])[]): Finding {
  const keys = holding.reduce((sum, [, owned]) => sum + owned.keys, 0);
  const oldestCount = Math.min(...holding.map(([, owned]) => owned.countedAt)) as EpochMs;
  return {
    id: `dead_node|${stream}`,
    kind: "dead_node",
    severity: "failed",
    stream,
    target: sourceOf(stream),
    headline: [
      "",
      plural(holding.length, "dead incarnation"),
      ` of ${sourceOf(stream)} hold keys that nobody has taken over`,
    ],
    evidence: [
      { text: `${formatCount(keys)} keys, the oldest count`, at: oldestCount },
      { text: `latest ${names(holding.map(([entry]) => entry))}` },
    ],
    since: oldest(holding.map(([[, node]]) => node.since)),
    count: holding.length,
    standsFor: holding.map(([[incarnation]]) => holdingId(stream, incarnation)),
    place: { page: "cluster", source: sourceOf(stream), cluster: null },
  };
}

function oneUncounted(stream: StreamName, [incarnation, node]: Entry): Finding {
  return {
    id: uncountedId(stream, incarnation),
    kind: "uncounted_node",
    severity: node.state === "silent" ? "failed" : "attention",
    stream,
    target: incarnation,
    headline: ["Node ", node.node, ` is ${node.state}; how many keys it holds is not known`],
    evidence: [
      { text: placeOf(stream, node) },
      { text: "not counted since: count its keys" },
      ...supersededEvidence(node),
    ],
    since: node.since,
    count: 1,
    place: { page: "node", source: sourceOf(stream), incarnation },
  };
}

function manyUncounted(stream: StreamName, entries: readonly Entry[]): Finding {
  return {
    id: `uncounted_node|${stream}`,
    kind: "uncounted_node",
    severity: entries.some(([, node]) => node.state === "silent") ? "failed" : "attention",
    stream,
    target: sourceOf(stream),
    headline: [
      "",
      plural(entries.length, "dead incarnation"),
      ` of ${sourceOf(stream)}; how many keys they hold is not known`,
    ],
    evidence: [{ text: "not counted since: count the keys" }, { text: `latest ${names(entries)}` }],
    since: oldest(entries.map(([, node]) => node.since)),
    count: entries.length,
    standsFor: entries.map(([incarnation]) => uncountedId(stream, incarnation)),
    place: { page: "cluster", source: sourceOf(stream), cluster: null },
  };
}

const oldest = (instants: readonly EpochMs[]): EpochMs => Math.min(...instants) as EpochMs;

function names(entries: readonly Entry[]): string {
  const latest = [...entries].sort(([, a], [, b]) => b.since - a.since).slice(0, TOLD_SINGLY_MAX);
  return latest.map(([, node]) => node.node).join(", ");
}

function late(stream: StreamName, [incarnation, node]: Entry): Finding {
  return {
    id: `late_node|${stream} ${incarnation}`,
    kind: "late_node",
    severity: "attention",
    stream,
    target: incarnation,
    headline: ["Node ", node.node, " is late, peers may judge it dead and take its keys"],
    evidence: [
      { text: placeOf(stream, node) },
      { text: `no change for ${formatAgeMs(node.silentMsThen)} when it came to be so` },
      { text: node.evidence },
    ],
    since: node.since,
    count: 1,
    place: { page: "node", source: sourceOf(stream), incarnation },
  };
}

function unreadable(stream: StreamName, fold: DnaFold): readonly Finding[] {
  const rows = Object.values(fold.unreadable);
  const [first] = rows;
  if (first === undefined) return [];
  return [
    {
      id: `unreadable_rows|${stream}`,
      kind: "unreadable_rows",
      severity: "attention",
      stream,
      target: sourceOf(stream),
      headline: ["", plural(rows.length, "row"), ` of ${sourceOf(stream)} could not be read`],
      evidence: [{ text: first.cluster }, { text: first.reason }, { text: "all others are" }],
      since: null,
      count: rows.length,
      place: { page: "cluster", source: sourceOf(stream), cluster: first.cluster },
    },
  ];
}
