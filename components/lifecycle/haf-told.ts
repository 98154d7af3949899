/** The facts of a stack as lines to draw: what belongs together in one, and no more than can be read. Pure. */
import type { HafLifecycleFact } from "#server/contract/haf.ts";

/** Facts that are drawn; a picture of more is not read by anybody. */
export const ACTUAL_FACTS_MAX = 160;

export interface Told {
  readonly fact: HafLifecycleFact;
  readonly key: string;
  readonly deviation: string | null;
  /** How often it was said in a row. */
  readonly times: number;
}

/** An app that is attached and detached at once, and what is said again and again, are one line. */
export function collapse(all: readonly Told[]): readonly Told[] {
  const kept: Told[] = [];
  for (const told of all) {
    const before = kept.at(-1);
    const { fact } = told;
    const same = before?.fact.kind === "log" && fact.kind === "log" && before.fact.ref?.app === fact.ref?.app;
    if (same && before.fact.to === fact.to) {
      kept[kept.length - 1] = { ...told, deviation: before.deviation ?? told.deviation, times: before.times + 1 };
    } else {
      const flipped = fact.to === "DETACHED" ? attachedAtOnce(kept, fact) : -1;
      if (flipped >= 0) kept.splice(flipped, 1);
      kept.push(flipped >= 0 ? { ...told, fact: { ...fact, to: FLIP } } : told);
    }
  }
  return kept;
}
/** Attached and detached at once. */
export const FLIP = "ATTACHED, DETACHED";
/** Rows between the two: its stage may change meanwhile. */
const FLIP_ROWS_MAX = 3;

/** Attached and detached within one transaction: both rows have the same instant. */
function attachedAtOnce(kept: readonly Told[], { at, ref }: HafLifecycleFact): number {
  const from = Math.max(0, kept.length - FLIP_ROWS_MAX);
  const found = kept
    .slice(from)
    .findLastIndex(({ fact }) => fact.to === "ATTACHED" && fact.at === at && fact.ref?.app === ref?.app);
  return found < 0 ? -1 : from + found;
}

/** Beginnings, ends and phases are drawn first of all, then the newest of the rest. */
export function split(all: readonly Told[]): { readonly silent: readonly Told[]; readonly drawn: readonly Told[] } {
  const isBone = ({ fact }: Told): boolean => fact.kind === "role" || fact.kind === "phase";
  const bones = all.filter(isBone).length;
  let room = Math.max(0, ACTUAL_FACTS_MAX - bones);
  const kept = all
    .toReversed()
    .filter((told) => isBone(told) || room-- > 0)
    .toReversed();
  const from = Math.max(0, kept.length - ACTUAL_FACTS_MAX);
  return { silent: kept.slice(0, from), drawn: kept.slice(from) };
}
