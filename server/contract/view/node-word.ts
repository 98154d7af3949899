import type { NodeFold } from "#server/contract/fold/dna.ts";

/** The word a node is drawn with: two of a name, or one that runs on after its death, hide every other state. */
export function nodeWord({ flags, state }: Pick<NodeFold, "flags" | "state">): string {
  if (flags.name_conflict !== undefined) return "name_conflict";
  return flags.zombie === undefined ? state : "zombie";
}
