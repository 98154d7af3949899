/** The receiver that puts items into the console's own journal. What was there before is not put there again. */
import type { EventDraft } from "#server/contract/event.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { cutBody } from "./domain/cut-body.ts";
import type { Envelope, Receiver } from "./ports.ts";

/** Bodies of the journal are events of the screens: what is larger is told as far as it fits, with a word. */
const BODY_CHARS_MAX = 16_384;

/**
 * The same envelope has the same id, so that the journal keeps it once however often it is delivered.
 *
 * @param record makes the events durable
 */
export function createEventLog(record: (drafts: readonly EventDraft[]) => Promise<unknown>): Receiver {
  return {
    async receive(batch) {
      try {
        await record(batch.map(draftOf));
      } catch (cause) {
        // While another console writes the journal nothing is wrong with the list: it waits until this one writes.
        if (!(cause instanceof OpsError) || cause.code !== "refused") throw cause;
        throw new OpsError("journal-unavailable", cause.message, { cause });
      }
    },
    // Who watches over agents journals their changes, once each.
    agentChanged: async () => undefined,
    flush: async () => undefined,
    close: async () => undefined,
  };
}

function draftOf({ agentId, bootId, seq, at, receivedAt, type, kind, body }: Envelope): EventDraft {
  const text = JSON.stringify(body);
  return {
    id: `agent:${encodeURIComponent(agentId)}:${encodeURIComponent(bootId)}:${seq}`,
    kind: "agent.message",
    subject: agentId,
    occurredAt: receivedAt,
    body: {
      ...{ bootId, seq, type, kind, at },
      body: text.length <= BODY_CHARS_MAX ? body : { cut: cutBody(body, BODY_CHARS_MAX), chars: text.length },
    },
  };
}
