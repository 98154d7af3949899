/** What an envelope says, in the plain parts that a screen shows. */

import type { EnvelopeSaid } from "#server/dynflow/domain/envelope-view.ts";
import type { Decoded } from "#server/dynflow/domain/model.ts";
import type { EventValue, Message } from "./envelope.ts";
import type { DecodedEnvelope } from "./envelope-decode.ts";

const DETAIL_MAX_CHARS = 2_000;

export function saidBy(decoded: DecodedEnvelope): Decoded<EnvelopeSaid> {
  if (!decoded.ok) return decoded;
  const { requestId, senderId, message } = decoded.envelope;
  return { ok: true, value: { requestId, senderId, ...partsOf(message), deviations: decoded.deviations } };
}

function partsOf(message: Message): Pick<EnvelopeSaid, "type" | "planId" | "stepId" | "detail"> {
  const plain = { type: message.type, planId: null, stepId: null, detail: null };
  switch (message.type) {
    case "Execution":
    case "Planning":
    case "Halt":
      return { ...plain, planId: message.planId };
    case "Event":
      return { ...plain, planId: message.planId, stepId: message.stepId, detail: eventText(message.event) };
    case "Status":
      return { ...plain, planId: message.planId };
    case "Failed":
      return { ...plain, detail: message.error.slice(0, DETAIL_MAX_CHARS) };
    case "ExecutionStatus": {
      const queues = message.queues.map(
        (q) => `${q.queue}: ${q.freeWorkers} of ${q.poolSize} free, ${q.queueSize} queued`,
      );
      return { ...plain, detail: queues.join("; ") };
    }
    case "Unknown":
      return { ...plain, type: message.name === "" ? "unknown" : message.name };
    default:
      return plain;
  }
}

function eventText(event: EventValue): string {
  switch (event.kind) {
    case "atom":
      return event.atom;
    case "opaque":
      return event.name;
    case "value":
      return JSON.stringify(event.value).slice(0, DETAIL_MAX_CHARS);
  }
}
