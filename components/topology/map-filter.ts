/** Which nodes are meant: the same for map and table, and in the address. Pure. */
import type { TopologyPlace } from "#components/ui/routes.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { kindWord, type LayerThing } from "./estate-layers.ts";

export interface NodeFilter {
  /** States and flags; none = every one. */
  readonly words: readonly string[];
  /** Lower case; every word of it must occur. */
  readonly text: string;
  /** Whether those that are not meant are left out, instead of being dimmed. */
  readonly hides: boolean;
}

export function filterOf({ state, text, others }: Pick<TopologyPlace, "state" | "text" | "others">): NodeFilter {
  return {
    words: (state ?? "").split(",").filter((word) => word !== ""),
    text: (text ?? "").trim().toLowerCase(),
    hides: others === "hidden",
  };
}

export const isFiltering = ({ words, text }: NodeFilter): boolean => words.length > 0 || text !== "";

/** The address with one more state, or one less. */
export function withWord(state: string | null | undefined, word: string): string | null {
  const words = (state ?? "").split(",").filter((known) => known !== "");
  const next = words.includes(word) ? words.filter((known) => known !== word) : [...words, word];
  return next.length === 0 ? null : next.join(",");
}

interface Filtered {
  readonly id: string;
  readonly node: NodeFold;
  /** As it is drawn. */
  readonly word: string;
  readonly source: string;
}

/** @param one an incarnation */
export function isMeant({ words, text }: NodeFilter, one: Filtered): boolean {
  if (words.length > 0 && !words.includes(one.word) && !words.some((word) => Object.hasOwn(one.node.flags, word)))
    return false;
  return text === "" || says(text, `${one.node.node} ${one.id} ${one.source} ${one.node.cluster} ${one.word}`);
}

/** The same of a thing of another system. */
export function isThingMeant({ words, text }: NodeFilter, { ref, title, detail, state }: LayerThing): boolean {
  if (words.length > 0 && (state === null || !words.includes(state.word))) return false;
  return text === "" || says(text, `${title} ${detail} ${ref.id} ${ref.source} ${kindWord(ref)} ${state?.word ?? ""}`);
}

function says(text: string, said: string): boolean {
  const lower = said.toLowerCase();
  return text.split(/\s+/).every((part) => lower.includes(part));
}
