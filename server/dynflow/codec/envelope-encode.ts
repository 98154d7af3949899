/**
 * Writes envelopes, strictly: a receiver first deletes all its waiting rows and decodes after, so one envelope it
 * cannot decode loses the whole batch, others' messages included. Nothing leaves here that 2.0 could not read, or, as
 * JSON, that 1.4.9 to 1.5 could not: which of them a database takes is not decided here (`domain/protocol.ts`).
 */
import { type Envelope, EVENT_ATOMS, type EventValue, type Message, type QueueStatus } from "./envelope.ts";
import { encodeJson } from "./json-encode.ts";
import { encodeMsgpack } from "./msgpack-encode.ts";
import type { MsgpackMap, MsgpackValue } from "./msgpack-value.ts";
import { isMsgpackArray, isMsgpackMap, MsgpackExt } from "./msgpack-value.ts";
import { fromPayload } from "./payload.ts";
import { type Parsed, parsed, type StoredForm, unparsed } from "./stored.ts";
import { toRubyTimeText } from "./utc-text.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const REQUEST_ID = /^[!-~]{1,200}$/;
/** Larger messages have no use, and would weigh on every poll of the receiver. */
const ENVELOPE_MAX_BYTES = 1024 * 1024;
const FAILED_ERROR_MAX_CHARS = 100_000;
/** Ruby's `load` gives maps with these keys a meaning of their own (serializer.rb `parse_other`). */
const CLASS_KEYS: ReadonlySet<MsgpackValue> = new Set<MsgpackValue>(["algebrick_type", "class", "marshaled"]);

/** The bytes of an envelope, or why it must not be sent. */
export function encodeEnvelope(envelope: Envelope, encoding: StoredForm = "msgpack"): Parsed<Uint8Array> {
  const fault = headFault(envelope);
  if (fault !== null) return unparsed(fault);
  const message = messageFields(envelope.message);
  if (!message.ok) return message;
  const fields = record("Dynflow::Dispatcher::Envelope", [
    ["request_id", envelope.requestId],
    ["sender_id", envelope.senderId],
    ["receiver_id", envelope.receiverId],
    ["message", message.value],
  ]);
  const written = encoding === "json" ? jsonOf(fields) : parsed(encodeMsgpack(fields));
  if (!written.ok) return written;
  const bytes = written.value;
  return bytes.length > ENVELOPE_MAX_BYTES
    ? unparsed(`an envelope of ${bytes.length} bytes is more than ${ENVELOPE_MAX_BYTES}`)
    : parsed(bytes);
}

function jsonOf(fields: MsgpackMap): Parsed<Uint8Array> {
  try {
    return parsed(encodeJson(fields));
  } catch (cause) {
    if (cause instanceof RangeError) return unparsed(cause.message);
    throw cause;
  }
}

function headFault(envelope: Envelope): string | null {
  if (!REQUEST_ID.test(envelope.requestId)) return "the request id is not 1 to 200 printable characters";
  if (!UUID.test(envelope.senderId)) return "the sender is no world id";
  if (!UUID.test(envelope.receiverId)) return "the receiver is no world id";
  return null;
}

const record = (type: string, fields: readonly (readonly [string, MsgpackValue])[]): MsgpackMap =>
  new Map<MsgpackValue, MsgpackValue>([["algebrick_type", type], ...fields]);

const dispatcher = (type: string, fields: readonly (readonly [string, MsgpackValue])[] = []): Parsed<MsgpackMap> =>
  parsed(record(`Dynflow::Dispatcher::${type}`, fields));

function messageFields(message: Message): Parsed<MsgpackMap> {
  switch (message.type) {
    case "Execution":
    case "Planning":
    case "Halt":
      return forPlan(message.type, message.planId);
    case "Event":
      return eventFields(message);
    case "Ping":
      if (!UUID.test(message.receiverId)) return unparsed("the pinged world is no world id");
      return dispatcher("Ping", [
        ["receiver_id", message.receiverId],
        ["use_cache", message.useCache],
      ]);
    case "Status":
      if (!UUID.test(message.receiverId)) return unparsed("the asked world is no world id");
      if (message.planId !== null && !UUID.test(message.planId)) return unparsed("the plan is no plan id");
      return dispatcher("Status", [
        ["receiver_id", message.receiverId],
        ["execution_plan_id", message.planId],
      ]);
    case "Accepted":
    case "Done":
    case "Pong":
      return dispatcher(message.type);
    case "Failed":
      if (message.error.length > FAILED_ERROR_MAX_CHARS) return unparsed("the error text is too long");
      return dispatcher("Failed", [["error", message.error]]);
    case "ExecutionStatus":
      return dispatcher("ExecutionStatus", [["execution_status", queueMap(message.queues)]]);
    case "Unknown":
      return unparsed(`a message of unknown type ${message.name} is never sent`);
  }
}

const forPlan = (type: string, planId: string): Parsed<MsgpackMap> =>
  UUID.test(planId) ? dispatcher(type, [["execution_plan_id", planId]]) : unparsed("the plan is no plan id");

function eventFields(message: Extract<Message, { type: "Event" }>): Parsed<MsgpackMap> {
  if (!UUID.test(message.planId)) return unparsed("the plan is no plan id");
  if (!Number.isSafeInteger(message.stepId) || message.stepId < 1)
    return unparsed("the step id is no positive integer");
  const event = eventValue(message.event);
  if (!event.ok) return event;
  const time = message.time === null ? null : toRubyTimeText(message.time);
  if (message.time !== null && time === null) return unparsed("the time is no instant");
  return dispatcher("Event", [
    ["execution_plan_id", message.planId],
    ["step_id", message.stepId],
    ["event", event.value],
    ["time", time === null ? null : timeMap(time)],
    ["optional", message.optional],
  ]);
}

const timeMap = (text: string): MsgpackMap =>
  new Map([
    ["class", "Time"],
    ["value", text],
  ]);

function eventValue(event: EventValue): Parsed<MsgpackValue> {
  switch (event.kind) {
    case "atom":
      return parsed(record(EVENT_ATOMS[event.atom], []));
    case "opaque":
      return unparsed(`an event of class ${event.name} is never sent`);
    case "value": {
      const value = fromPayload(event.value);
      return isPlain(value) ? parsed(value) : unparsed("an event value that Ruby would take for an object");
    }
  }
}

/** True for values that Ruby's serializer hands on as they are: no ext, no binary, no map that names a class. */
function isPlain(value: MsgpackValue): boolean {
  if (value instanceof MsgpackExt || value instanceof Uint8Array) return false;
  if (isMsgpackArray(value)) return value.every(isPlain);
  if (!isMsgpackMap(value)) return true;
  return [...value].every(([key, item]) => typeof key === "string" && !CLASS_KEYS.has(key) && isPlain(item));
}

const queueMap = (queues: readonly QueueStatus[]): MsgpackMap =>
  new Map(
    queues.map((queue) => [
      queue.queue,
      new Map([
        ["pool_size", queue.poolSize],
        ["free_workers", queue.freeWorkers],
        ["queue_size", queue.queueSize],
      ]),
    ]),
  );
