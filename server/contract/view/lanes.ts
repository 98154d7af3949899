/** In which lane of the time bar an event stands. Pure. */
import { familyOf, type JournalEvent } from "#server/contract/event.ts";

/** The lanes of the time bar: one a kind of source, the quieter kinds together. */
export const LANES = ["dna", "dynflow", "others", "operators"] as const;
export type Lane = (typeof LANES)[number];

/** Their names on the screen. */
export const LANE_WORDS: Readonly<Record<Lane, string>> = {
  dna: "dna",
  dynflow: "dynflow",
  others: "haf, agents",
  operators: "operators",
};

/** The lane of an event: operators have their own, the console's own events are in none. */
export function laneOf(event: Pick<JournalEvent, "stream" | "kind">): Lane | null {
  if (event.kind.startsWith("op.") || event.kind.startsWith("job.")) return "operators";
  return laneOfStream(event.stream);
}

/** The lane of what a stream tells; `null` = it is in none, or in all. */
export function laneOfStream(stream: string): Lane | null {
  const family = familyOf(stream);
  if (family === "haf" || family === "ingest") return "others";
  return family === "dna" || family === "dynflow" ? family : null;
}
