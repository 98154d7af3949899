/** High-rate values of nodes, without those of the systems beside them. */
import { familyOf } from "#server/contract/event.ts";
import type { LiveState, Samples } from "#server/contract/live.ts";

/** By stream, of the DNA sources only: what draws nodes is not drawn anew when an agent is measured. */
export const nodeSamplesOf = ({ samples }: LiveState): Samples =>
  Object.fromEntries(Object.entries(samples).filter(([stream]) => familyOf(stream) === "dna"));
