/** In which lane of the time bar an event stands. Pure. */
import { familyOf, type JournalEvent } from "#server/contract/event.ts";

/** The lanes of the time bar: one a kind of source. */
export const LANES = ["dna", "dynflow", "haf", "ingest", "operators"] as const;
export type Lane = (typeof LANES)[number];

/** The lane of an event: operators have their own, the console's own events are in none. */
export function laneOf(event: Pick<JournalEvent, "stream" | "kind">): Lane | null {
  if (event.kind.startsWith("op.") || event.kind.startsWith("job.")) return "operators";
  const family = familyOf(event.stream);
  return family === "operator" || family === "console" ? null : family;
}
