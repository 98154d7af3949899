/** What processes do that are killed at it: they append as fast as they can, and say each event that was acknowledged. */
import { writeSync } from "node:fs";
import type { EventDraft } from "#server/contract/event.ts";
import type { Journal } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";

const STDOUT = 1;
/** Appends hold from one to so many events, so that batches of every size are cut through. */
const BATCH_EVENTS = 7;
const REASON_CHARS_MAX = 300;

interface AppendLoad {
  readonly journal: Pick<Journal, "append">;
  readonly streams: readonly string[];
  readonly inFlightPerStream: number;
  /** Begins every id, so that those of another process are others. */
  readonly round: string;
}

/** Says a line at once: without a buffer of its own in between, which a kill would take along. */
export const say = (line: string): void => void writeSync(STDOUT, `${line}\n`);

/** Lanes that append without end; each rejects with the first append that is refused. */
export function appendWithoutEnd({
  journal,
  streams,
  inFlightPerStream,
  round,
}: AppendLoad): readonly Promise<never>[] {
  async function lane(stream: string, place: number): Promise<never> {
    for (let n = 0; ; n += 1) {
      const drafts = Array.from(
        { length: 1 + (n % BATCH_EVENTS) },
        (_, k): EventDraft => ({
          id: `${round}-${place}-${n}-${k}`,
          kind: "dna.row.unreadable",
          body: { cluster: "prod", reason: "x".repeat(n % REASON_CHARS_MAX) },
          subject: `row-${k}`,
          occurredAt: epochMs(n),
        }),
      );
      const events = await journal.append(stream, drafts);
      writeSync(STDOUT, events.map((event) => `${stream} ${event.seq} ${event.id}\n`).join(""));
    }
  }
  return streams.flatMap((stream) => Array.from({ length: inFlightPerStream }, (_, place) => lane(stream, place)));
}
