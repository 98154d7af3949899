/**
 * Proof that a key runs on several nodes at the same time. Pure. One look at each node is no proof: an instance may have
 * ended here before it began there.
 */
import type { MonotonicMs } from "#server/kernel/clock.ts";
import type { ActorKey } from "./identity.ts";

/** One look at one node for one key. */
export interface InstanceLook {
  readonly node: string;
  /** The process that runs it there, good for one life of it; `null` = none. */
  readonly ref: string | null;
  /** Between these the node answered. */
  readonly startedAt: MonotonicMs;
  readonly endedAt: MonotonicMs;
}

export interface DoubleProof {
  /** Nodes that ran it at the same moment, sorted. */
  readonly nodes: readonly string[];
  readonly evidence: string;
}

/**
 * Two nodes run it at the same moment when one shows the same process before and after the other shows one: a process
 * lives without a break. `null` = the looks prove nothing of the kind.
 */
export function proveDouble(looks: readonly InstanceLook[]): DoubleProof | null {
  const nodes = new Set<string>();
  let evidence: string | null = null;
  for (const before of looks) {
    if (before.ref === null) continue;
    const after = looks.findLast(({ node, ref }) => node === before.node && ref === before.ref);
    if (after === undefined || after === before) continue;
    for (const between of looks) {
      const { node, ref } = between;
      if (ref === null || node === before.node) continue;
      if (between.startedAt < before.endedAt || after.startedAt < between.endedAt) continue;
      nodes.add(before.node);
      nodes.add(node);
      evidence ??= `${before.ref} ran on ${before.node} before and after ${ref} was seen on ${node}`;
    }
  }
  return evidence === null ? null : { nodes: [...nodes].sort(), evidence };
}

/** What was seen of a key while the registries were walked: on which nodes. */
export interface SeenKey {
  readonly key: ActorKey;
  /** In the order in which they were read. */
  readonly nodes: readonly string[];
}

/** Keys that were seen on one node each, until a second one shows them. Holds one walk or one slice of it. */
export interface SeenKeys {
  /** Takes in what one node showed; answers the keys that another had shown before. */
  add(node: string, keys: Iterable<readonly [subject: string, key: ActorKey]>): readonly SeenKey[];
  readonly size: number;
}

export function createSeenKeys(): SeenKeys {
  const firstNode = new Map<string, string>();
  const several = new Map<string, SeenKey>();
  return {
    add(node, keys) {
      const met: SeenKey[] = [];
      for (const [subject, key] of keys) {
        const first = firstNode.get(subject);
        if (first === undefined) firstNode.set(subject, node);
        if (first === undefined || first === node) continue;
        const known = several.get(subject)?.nodes ?? [first];
        if (known.includes(node)) continue;
        const seen = { key, nodes: [...known, node] };
        several.set(subject, seen);
        met.push(seen);
      }
      return met;
    },
    get size() {
      return firstNode.size;
    },
  };
}

/** A stretch of names, compared as UTF-8 bytes: from the first on and before the second; `null` = without a bound. */
export interface NameRange {
  readonly from: string | null;
  readonly below: string | null;
}

const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** UTF-16 units in the order of the code points that they begin: the pairs come after everything else. */
const rankOf = (unit: number): number =>
  unit < FIRST_SURROGATE ? unit : unit < AFTER_SURROGATES ? unit + 0x2000 : unit - 0x800;

/** Orders names as the nodes and the database do, by their UTF-8 bytes, which is the order of their code points. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

/** The range in two about equal parts by the names that were found in it; `null` = they give no place to cut. */
export function splitRange(range: NameRange, found: readonly string[]): readonly [NameRange, NameRange] | null {
  const names = [...new Set(found)].sort(compareNames);
  const middle = names[Math.max(1, names.length >> 1)];
  if (middle === undefined) return null;
  return [
    { from: range.from, below: middle },
    { from: middle, below: range.below },
  ];
}

/** Ranges that hold about equally many of what the sampled names stand for. */
export function slicesOf(sample: readonly string[], parts: number): readonly NameRange[] {
  const names = [...new Set(sample)].sort(compareNames);
  const cuts: string[] = [];
  for (let part = 1; part < parts; part += 1) {
    const cut = names[Math.floor((part * names.length) / parts)];
    if (cut !== undefined && cut !== cuts.at(-1) && cut !== names[0]) cuts.push(cut);
  }
  const from = [null, ...cuts];
  return from.map((start, index) => ({ from: start, below: cuts[index] ?? null }));
}
