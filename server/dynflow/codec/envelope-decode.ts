/**
 * Reads envelopes, tolerantly, and says where Ruby would not have: `deviations` lists each thing for which a real
 * world could not decode it (and would have lost its whole batch): a world of 2.0 for msgpack, for JSON text one of
 * the releases that wrote it.
 */
import { withTextOfBytes } from "./binary-text.ts";
import {
  type Envelope,
  EVENT_ATOMS,
  type EventAtom,
  type EventValue,
  type Message,
  type QueueStatus,
} from "./envelope.ts";
import { isMsgpackMap, type MsgpackMap, type MsgpackValue, safeIntegerOf, textOf } from "./msgpack-value.ts";
import { toPayload } from "./payload.ts";
import { decodeForm, type StoredForm } from "./stored.ts";
import { toUtcMicros } from "./utc-text.ts";
import { readableText } from "./utf8.ts";

export type DecodedEnvelope =
  | {
      readonly ok: true;
      readonly envelope: Envelope;
      /** Empty = Ruby decodes it too. */
      readonly deviations: readonly string[];
    }
  | { readonly ok: false; readonly reason: string; readonly bytes: number };

const PREFIX = "Dynflow::Dispatcher::";
const ENVELOPE_KEYS = ["request_id", "sender_id", "receiver_id", "message"] as const;

/** JSON's maps begin so, and no map of msgpack does: the form of an envelope need not be told. */
const OPENING_BRACE = 0x7b;
const formOf = (bytes: Uint8Array): StoredForm => (bytes[0] === OPENING_BRACE ? "json" : "msgpack");

/** Decodes `dynflow_envelopes.data`, msgpack or (below schema 22) JSON text. Not `ok` only when sender, receiver or request id cannot be told. */
export function decodeEnvelope(bytes: Uint8Array, form = formOf(bytes)): DecodedEnvelope {
  const refuse = (reason: string): DecodedEnvelope => ({ ok: false, reason, bytes: bytes.length });
  const decoded = decodeForm(bytes, form);
  if (!decoded.ok) return refuse(decoded.reason);
  // Bytes are Strings to Ruby, which asks for no encoding.
  const map = withTextOfBytes(decoded.value);
  if (!isMsgpackMap(map)) return refuse("an envelope that is no map");
  const name = textOf(map.get("algebrick_type"));
  if (name !== `${PREFIX}Envelope`) return refuse(`not an envelope but ${name ?? "untyped"}`);
  const requestId = map.get("request_id");
  const senderId = textOf(map.get("sender_id"));
  const receiverId = textOf(map.get("receiver_id"));
  if (senderId === null || receiverId === null) return refuse("an envelope without sender or receiver id");
  if (typeof requestId !== "string" && typeof requestId !== "number") return refuse("an envelope without request id");
  const unknownThen = keysUnknownThen(form, requestId);
  const deviations = [
    ...(typeof requestId === "string" || form === "json" ? [] : ["the request id is no text"]),
    ...keyDeviations(map, ENVELOPE_KEYS, "envelope", unknownThen),
  ];
  const message = decodeMessage(map.get("message"), deviations, unknownThen);
  return { ok: true, envelope: { requestId: String(requestId), senderId, receiverId, message }, deviations };
}

const NO_KEYS: ReadonlySet<string> = new Set();
const OPTIONAL: ReadonlySet<string> = new Set(["optional"]);
const OPTIONAL_AND_USE_CACHE: ReadonlySet<string> = new Set(["optional", "use_cache"]);

/**
 * Fields that some release which wrote such envelopes did not have yet, and so does not miss: the request id became
 * text with 1.4.0, `use_cache` came with 1.1.0 and `optional` with 1.4.9; msgpack came later than all of them.
 *
 * Source: Dynflow/dynflow 1.0.5, 1.3.0, 1.4.3 and 1.4.9 lib/dynflow/dispatcher.rb.
 */
function keysUnknownThen(form: StoredForm, requestId: string | number): ReadonlySet<string> {
  if (form === "msgpack") return NO_KEYS;
  return typeof requestId === "number" ? OPTIONAL_AND_USE_CACHE : OPTIONAL;
}

/** Every field is required and none may be added, but for `time`, which may be left out (all seen). */
function keyDeviations(
  map: MsgpackMap,
  keys: readonly string[],
  what: string,
  unknownThen: ReadonlySet<string>,
): string[] {
  const allowed = new Set<MsgpackValue>(["algebrick_type", ...keys]);
  const extra = [...map.keys()].filter((key) => !allowed.has(key));
  const missing = keys.filter((key) => key !== "time" && !unknownThen.has(key) && !map.has(key));
  return [
    ...extra.map((key) => `${what} has an extra key ${String(key)}`),
    ...missing.map((key) => `${what} lacks ${key}`),
  ];
}

function decodeMessage(
  value: MsgpackValue | undefined,
  deviations: string[],
  unknownThen: ReadonlySet<string>,
): Message {
  const name = isMsgpackMap(value) ? textOf(value.get("algebrick_type")) : null;
  const type = name?.startsWith(PREFIX) ? name.slice(PREFIX.length) : null;
  const decode = type === null ? undefined : DECODERS.get(type);
  if (!isMsgpackMap(value) || type === null || decode === undefined) {
    deviations.push(`unknown message ${name ?? "without type"}`);
    return { type: "Unknown", name: name ?? "" };
  }
  deviations.push(...keyDeviations(value, decode.keys, type, unknownThen));
  const message = decode.read(fieldsOf(value, type, deviations));
  if (message !== null) return message;
  return { type: "Unknown", name: name ?? "" };
}

/** Reads one field, noting what Ruby's type check would refuse. `null` answers make the message unknown to us. */
interface Fields {
  text(key: string): string | null;
  optionalText(key: string): string | null;
  integer(key: string): number | null;
  flag(key: string, fallback: boolean): boolean;
  raw(key: string): MsgpackValue;
  refuse(reason: string): void;
}

function fieldsOf(map: MsgpackMap, type: string, deviations: string[]): Fields {
  const refuse = (reason: string) => {
    deviations.push(`${type}: ${reason}`);
  };
  const note = <T>(value: T | null, key: string, kind: string): T | null => {
    if (value === null && map.has(key)) refuse(`${key} is no ${kind}`);
    return value;
  };
  return {
    text: (key) => note(textOf(map.get(key)), key, "text"),
    optionalText: (key) => ((map.get(key) ?? null) === null ? null : note(textOf(map.get(key)), key, "text")),
    integer: (key) => note(safeIntegerOf(map.get(key)), key, "integer"),
    flag(key, fallback) {
      const value = map.get(key);
      return note(typeof value === "boolean" ? value : null, key, "boolean") ?? fallback;
    },
    raw: (key) => map.get(key) ?? null,
    refuse,
  };
}

interface MessageDecoder {
  readonly keys: readonly string[];
  read(fields: Fields): Message | null;
}

const forPlan = (type: "Execution" | "Planning" | "Halt"): MessageDecoder => ({
  keys: ["execution_plan_id"],
  read(fields) {
    const planId = fields.text("execution_plan_id");
    return planId === null ? null : { type, planId };
  },
});

const atom = (type: "Accepted" | "Done" | "Pong"): MessageDecoder => ({ keys: [], read: () => ({ type }) });

const DECODERS: ReadonlyMap<string, MessageDecoder> = new Map<string, MessageDecoder>([
  ["Execution", forPlan("Execution")],
  ["Planning", forPlan("Planning")],
  ["Halt", forPlan("Halt")],
  ["Event", { keys: ["execution_plan_id", "step_id", "event", "time", "optional"], read: readEvent }],
  [
    "Ping",
    {
      keys: ["receiver_id", "use_cache"],
      read(fields) {
        const receiverId = fields.text("receiver_id");
        return receiverId === null ? null : { type: "Ping", receiverId, useCache: fields.flag("use_cache", false) };
      },
    },
  ],
  [
    "Status",
    {
      keys: ["receiver_id", "execution_plan_id"],
      read(fields) {
        const receiverId = fields.text("receiver_id");
        const planId = fields.optionalText("execution_plan_id");
        return receiverId === null ? null : { type: "Status", receiverId, planId };
      },
    },
  ],
  ["Accepted", atom("Accepted")],
  ["Done", atom("Done")],
  ["Pong", atom("Pong")],
  [
    "Failed",
    {
      keys: ["error"],
      read: (fields) => ({ type: "Failed", error: errorOf(fields) }),
    },
  ],
  ["ExecutionStatus", { keys: ["execution_status"], read: readStatus }],
]);

/** Why something failed can be any message that Ruby raised, in any encoding. */
function errorOf(fields: Fields): string {
  const value = fields.raw("error");
  return value instanceof Uint8Array ? readableText(value) : (fields.text("error") ?? "");
}

function readEvent(fields: Fields): Message | null {
  const planId = fields.text("execution_plan_id");
  const stepId = fields.integer("step_id");
  if (planId === null || stepId === null) return null;
  return {
    type: "Event",
    planId,
    stepId,
    event: readEventValue(fields),
    time: readTime(fields),
    optional: fields.flag("optional", false),
  };
}

function readEventValue(fields: Fields): EventValue {
  const value = fields.raw("event");
  if (!isMsgpackMap(value)) return { kind: "value", value: toPayload(value) };
  const type = textOf(value.get("algebrick_type"));
  if (type !== null) {
    const known = atomOf(type);
    if (known !== null) return { kind: "atom", atom: known };
    fields.refuse(`unknown event ${type}`);
    return { kind: "opaque", name: type };
  }
  if (value.has("marshaled")) return { kind: "opaque", name: textOf(value.get("class")) ?? "marshalled Ruby data" };
  return { kind: "value", value: toPayload(value) };
}

function atomOf(name: string): EventAtom | null {
  for (const atomName of ATOM_NAMES) if (EVENT_ATOMS[atomName] === name) return atomName;
  return null;
}
const ATOM_NAMES: readonly EventAtom[] = ["cancel", "abort", "poll", "skip"];

/** `{"class":"Time","value":"2023-11-14 22:13:20.250"}`, UTC (serializer.rb `generate_other`, `parse_other`). */
function readTime(fields: Fields): string | null {
  const value = fields.raw("time");
  if (value === null) return null;
  const text = isMsgpackMap(value) && value.get("class") === "Time" ? textOf(value.get("value")) : null;
  const instant = text === null ? null : toUtcMicros(text);
  if (instant === null) fields.refuse("time is no time");
  return instant;
}

function readStatus(fields: Fields): Message | null {
  const status = fields.raw("execution_status");
  if (!isMsgpackMap(status)) {
    fields.refuse("execution_status is no map");
    return null;
  }
  const queues: QueueStatus[] = [];
  for (const [queue, numbers] of status) {
    if (typeof queue !== "string" || !isMsgpackMap(numbers)) continue;
    const of = (key: string) => safeIntegerOf(numbers.get(key)) ?? 0;
    queues.push({ queue, poolSize: of("pool_size"), freeWorkers: of("free_workers"), queueSize: of("queue_size") });
  }
  return { type: "ExecutionStatus", queues };
}

/** Whether a real world of Dynflow 2.0 could decode these bytes; if not, why. */
export function rubyRefusal(bytes: Uint8Array): string | null {
  const decoded = decodeEnvelope(bytes);
  if (!decoded.ok) return decoded.reason;
  return decoded.deviations[0] ?? null;
}
