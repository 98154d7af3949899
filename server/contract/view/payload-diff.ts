/** In what two payloads differ, by the way to each value. Pure; deterministic; bounded. */
import { isMap, tokenOf } from "./payload-token.ts";
import { entriesOf, pathText } from "./payload-tree.ts";

export interface PayloadDifference {
  /** `repositories[3].checksum`; empty = the payload itself. */
  readonly path: string;
  readonly kind: "changed" | "added" | "removed";
  /** `undefined` on the side that has nothing there. */
  readonly left: unknown;
  readonly right: unknown;
}

export interface PayloadDiff {
  readonly differences: readonly PayloadDifference[];
  /** Values that are the same on both sides. */
  readonly same: number;
  /** There are more differences than are told. */
  readonly cut: boolean;
}

export const DIFFERENCES_MAX = 1_000;

/** Maps by their keys, lists by position; what differs in kind is one difference, whatever is in it. */
export function diffPayloads(left: unknown, right: unknown): PayloadDiff {
  const differences: PayloadDifference[] = [];
  let same = 0;
  let cut = false;
  const tell = (difference: PayloadDifference) => {
    if (differences.length >= DIFFERENCES_MAX) cut = true;
    else differences.push(difference);
  };

  function visit(one: unknown, other: unknown, path: string): void {
    if (cut) return;
    if (isTree(one) && isTree(other) && Array.isArray(one) === Array.isArray(other)) {
      const ours = byName(one);
      const theirs = byName(other);
      for (const [name, value] of ours) {
        if (theirs.has(name)) visit(value, theirs.get(name), path + name);
        else tell({ path: trimmed(path + name), kind: "removed", left: value, right: undefined });
      }
      for (const [name, value] of theirs) {
        if (!ours.has(name)) tell({ path: trimmed(path + name), kind: "added", left: undefined, right: value });
      }
      return;
    }
    if (JSON.stringify(one) === JSON.stringify(other)) same += 1;
    else tell({ path: trimmed(path), kind: "changed", left: one, right: other });
  }
  visit(left, right, "");
  return { differences, same, cut };
}

const isTree = (value: unknown): boolean => (Array.isArray(value) || isMap(value)) && tokenOf(value) === null;
const trimmed = (path: string): string => path.replace(/^\./, "");

/** Entries by the part of a path that leads to them, in order. */
function byName(value: unknown): ReadonlyMap<string, unknown> {
  const named = new Map<string, unknown>();
  for (const [index, entry] of entriesOf(value).entries()) {
    const name = pathText(value, [index]);
    named.set(name.startsWith("[") ? name : `.${name}`, entry.value);
  }
  return named;
}
