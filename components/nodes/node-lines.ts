/** Incarnations as lines of a list: what each of them is, in words, and in which order they come. Pure. */
import type { NodeRow } from "#components/topology/node-rows.ts";
import { shortIncarnation } from "#components/ui/format.ts";
import type { Samples } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export type NodeSort =
  | "worst"
  | "node"
  | "cluster"
  | "created"
  | "since"
  | "silence"
  | "clock"
  | "load"
  | "keys"
  | "running";

export interface NodeOrder {
  readonly by: NodeSort;
  readonly descending: boolean;
}

export const WORST_FIRST: NodeOrder = { by: "worst", descending: false };

const SORTS: readonly NodeSort[] = [
  "worst",
  "node",
  "cluster",
  "created",
  "since",
  "silence",
  "clock",
  "load",
  "keys",
  "running",
];
/** Names are wanted from A on, numbers from the largest, clocks from the slowest. */
const ASCENDING: ReadonlySet<NodeSort> = new Set(["worst", "node", "cluster", "clock"]);

export function orderOf(text: string | null): NodeOrder {
  const descending = text?.startsWith("-") ?? false;
  const by = SORTS.find((sort) => sort === (descending ? text?.slice(1) : text));
  return by === undefined ? WORST_FIRST : { by, descending };
}

/** As it stands in the address; `null` = worst first. */
export const orderText = ({ by, descending }: NodeOrder): string | null =>
  by === "worst" ? null : `${descending ? "-" : ""}${by}`;

/** The order after a press on a head; the third press is worst first again. */
export function turnedOrder(order: NodeOrder, by: NodeSort): NodeOrder {
  const first = !ASCENDING.has(by);
  if (order.by !== by) return { by, descending: first };
  return order.descending === first ? { by, descending: !first } : WORST_FIRST;
}

export interface NodeLine extends NodeRow {
  readonly silentMs: number | null;
  readonly load: number | null;
  /** How fast its clock runs, 1 = as the database's; `null` = not known. */
  readonly clockHealth: number | null;
  readonly keys: number | null;
  readonly running: number | null;
  readonly runningAt: EpochMs | null;
  /** What it is, for people; `null` = nothing to say. */
  readonly note: string | null;
}

const SLOW_CLOCK = 0.9;
const LONG_DEAD_MS = 300_000;

export function nodeLines(rows: readonly NodeRow[], samples: Samples, now: number | null): readonly NodeLine[] {
  return rows.map((row) => {
    const of = samples[row.stream];
    const sample = of?.nodes?.[row.id];
    const beam = of?.beam?.[row.id];
    const clockHealth = sample?.clockHealth ?? null;
    return {
      ...row,
      silentMs: sample?.silentMs ?? null,
      load: sample?.load ?? null,
      clockHealth,
      keys: row.owned === null ? null : row.owned.counts.reduce((sum, { keys }) => sum + keys, 0),
      running: beam?.running ?? null,
      runningAt: beam?.asOf ?? null,
      note: noteOf(row, clockHealth, now),
    };
  });
}

/** A row of an incarnation that is long dead is the normal resting state, and is told so. */
export function noteOf({ node, word }: NodeRow, clockHealth: number | null, now: number | null): string | null {
  const { name_conflict: conflict, zombie, superseded } = node.flags;
  if (conflict !== undefined) return `two VMs under one name: ${conflict}`;
  if (zombie !== undefined) return zombie;
  if (node.state === "gone") {
    if (superseded !== undefined) return `restarted, normal: ${shortHeir(superseded)}`;
    const long = now !== null && now - node.since > LONG_DEAD_MS;
    return long
      ? "long gone, normal: its keys are taken over when they are asked for"
      : "its row was deleted by a peer";
  }
  if (node.state === "silent")
    return superseded === undefined
      ? "no live peer has deleted its row: the whole cluster may be down"
      : `restarted: ${shortHeir(superseded)}`;
  if (clockHealth !== null && clockHealth < SLOW_CLOCK)
    return `its clock runs at ${clockHealth.toFixed(2)}: it stalls, or its clock is slow`;
  return word === "alive" ? null : node.evidence;
}

const INCARNATION = /-?\d{6,}:-?\d+/;

/** The evidence names the one that came after in full. */
function shortHeir(evidence: string): string {
  const heir = INCARNATION.exec(evidence)?.[0];
  return heir === undefined ? evidence : `${shortIncarnation(heir)} came after it under its name`;
}

const collator = new Intl.Collator("en", { numeric: true });

/** Unknown values come last in either direction. */
export function sortedLines(lines: readonly NodeLine[], { by, descending }: NodeOrder): readonly NodeLine[] {
  if (by === "worst") return lines;
  if (by === "node" || by === "cluster") {
    const text = (line: NodeLine) => (by === "node" ? line.node.node : `${line.source} ${line.cluster}`);
    const sorted = [...lines].sort((a, b) => collator.compare(text(a), text(b)));
    return descending ? sorted.reverse() : sorted;
  }
  const value = VALUES[by];
  return [...lines].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0);
    return descending ? y - x : x - y;
  });
}

const VALUES: Readonly<Record<Exclude<NodeSort, "worst" | "node" | "cluster">, (line: NodeLine) => number | null>> = {
  created: ({ node }) => node.createdAt,
  // The longest in its state has the smallest instant.
  since: ({ node }) => -node.since,
  silence: ({ silentMs }) => silentMs,
  clock: ({ clockHealth }) => clockHealth,
  load: ({ load }) => load,
  keys: ({ keys }) => keys,
  running: ({ running }) => running,
};
