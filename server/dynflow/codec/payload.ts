/**
 * Payload values (inputs, outputs, arguments, chunks, records) in the JSON-safe form of `domain/model.ts`, and back.
 *
 * A map that JSON could not hold without ambiguity (keys that are no text, one of our own tags, `__proto__`) becomes
 * `{"$map": [[key, value], …]}`. A float that JSON cannot hold becomes `{"$float": "NaN"}`.
 */
import type { Decoded, PayloadValue } from "#server/dynflow/domain/model.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { isMarshal, marshalledObject, marshalPayload } from "./marshal.ts";
import { decodeMsgpack, MSGPACK_MAX_BYTES, MSGPACK_MAX_DEPTH } from "./msgpack-decode.ts";
import { encodeMsgpack } from "./msgpack-encode.ts";
import { dateOf, decodeInstant, encodeInstant, instantText, parseInstantText, TIME_TAGS } from "./msgpack-time.ts";
import {
  isMsgpackArray,
  isMsgpackMap,
  MsgpackExt,
  MsgpackFloat,
  type MsgpackMap,
  type MsgpackValue,
  safeIntegerOf,
} from "./msgpack-value.ts";

/** Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/output_reference.rb `to_hash`. */
const REFERENCE_CLASS = "Dynflow::ExecutionPlan::OutputReference";

const RESERVED_KEYS: ReadonlySet<string> = new Set([
  ...TIME_TAGS,
  "$int",
  "$float",
  "$bytes",
  "$ext",
  "$ref",
  "$map",
  "$marshal",
  "$masked",
  "__proto__",
]);

/** What a serialized column or blob holds, as a payload. `null` bytes mean SQL NULL and decode to `null`. */
export function decodePayload(bytes: Uint8Array | null, maxBytes = MSGPACK_MAX_BYTES): Decoded<PayloadValue> {
  if (bytes === null) return { ok: true, value: null };
  if (isMarshal(bytes)) return { ok: true, value: marshalPayload(bytes) };
  const decoded = decodeMsgpack(bytes, { maxBytes, maxDepth: MSGPACK_MAX_DEPTH });
  return decoded.ok
    ? { ok: true, value: toPayload(decoded.value) }
    : { ok: false, reason: decoded.reason, bytes: bytes.length };
}

/** The bytes Ruby would store for a payload. @throws RangeError when it is too deep or a tag holds nonsense */
export const encodePayload = (value: PayloadValue): Uint8Array => encodeMsgpack(fromPayload(value));

/** Total: every msgpack value has a payload form. */
export function toPayload(value: MsgpackValue): PayloadValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return { $int: value.toString() };
  if (value instanceof MsgpackFloat) {
    return Number.isFinite(value.value) ? value.value : { $float: String(value.value) };
  }
  if (value instanceof MsgpackExt) return extPayload(value);
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (isMsgpackMap(value)) return mapPayload(value);
  return value.map(toPayload);
}

function extPayload(ext: MsgpackExt): JsonObject {
  const raw = (reason: string) => ({ $ext: ext.type, $bytes: toBase64(ext.data), $reason: reason });
  const tag = TIME_TAGS[ext.type];
  if (tag === undefined) return raw(`no such ext type is known: ${ext.type}`);
  const decoded = decodeInstant(ext.data);
  if (!decoded.ok) return raw(decoded.reason);
  if (tag !== "$date") return { [tag]: instantText(decoded.value) };
  const { day, exact } = dateOf(decoded.value);
  return exact ? { $date: day } : { $date: day, $instant: instantText(decoded.value) };
}

/** Keys before values: whoever saw that a key is odd only behind a value would go through each level twice. */
function mapPayload(map: MsgpackMap): JsonObject {
  const marshalled = marshalledObject(map);
  if (marshalled !== null) return marshalled;
  const odd = [...map.keys()].some((key) => typeof key !== "string" || RESERVED_KEYS.has(key));
  if (odd) return { $map: [...map].map((entry) => [toPayload(entry[0]), toPayload(entry[1])]) };
  const plain = Object.fromEntries(
    [...map].map(([key, value]): [string, JsonValue] => [String(key), toPayload(value)]),
  );
  const text = map.get("class") === REFERENCE_CLASS ? referenceText(map) : null;
  return text === null ? plain : { $ref: plain, $text: text };
}

/** Source: output_reference.rb `to_s`. A map that only looks like a reference stays a map. */
function referenceText(map: MsgpackMap): string | null {
  const stepId = safeIntegerOf(map.get("step_id"));
  const subkeys = map.get("subkeys");
  if (stepId === null || !isMsgpackArray(subkeys)) return null;
  const keys = subkeys.filter((key) => typeof key === "string");
  if (keys.length !== subkeys.length) return null;
  return `Step(${stepId}).output${keys.map((key) => `[:${key}]`).join("")}`;
}

/** The inverse of `toPayload`, but for a whole float, which JSON has already made an integer. */
export function fromPayload(value: PayloadValue): MsgpackValue {
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(fromPayload);
  return fromTagged(value) ?? new Map(Object.entries(value).map(([key, item]) => [key, fromPayload(item)]));
}

const isList = (value: PayloadValue): value is readonly JsonValue[] => Array.isArray(value);

function fromTagged(value: JsonObject): MsgpackValue | undefined {
  const { $int, $float, $bytes, $ext, $ref, $map, $instant, $marshal } = value;
  if ($marshal !== undefined) throw new RangeError("marshalled Ruby data was never read, and is never written");
  if (typeof $int === "string") return BigInt($int);
  if (typeof $float === "string") return new MsgpackFloat(Number($float));
  if (typeof $ext === "number" && typeof $bytes === "string") return new MsgpackExt($ext, fromBase64($bytes));
  if (typeof $bytes === "string") return fromBase64($bytes);
  if ($ref !== undefined) return fromPayload($ref);
  if ($map !== undefined && isList($map)) return new Map($map.map(fromEntry));
  for (const tag of TIME_TAGS) {
    const text = value[tag];
    if (typeof text !== "string") continue;
    const iso = tag !== "$date" ? text : typeof $instant === "string" ? $instant : `${text}T00:00:00Z`;
    const parsed = parseInstantText(iso);
    if (parsed === null) throw new RangeError(`${tag} holds no instant: ${text}`);
    return encodeInstant(tag, parsed);
  }
  return undefined;
}

function fromEntry(entry: JsonValue): [MsgpackValue, MsgpackValue] {
  if (!isList(entry) || entry.length !== 2) throw new RangeError("$map holds something that is no pair");
  return [fromPayload(entry[0] ?? null), fromPayload(entry[1] ?? null)];
}

/**
 * Ids of the steps whose output this payload refers to, at any depth, in order of appearance, each once.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/action.rb `required_step_ids`.
 */
export function referencedStepIds(value: PayloadValue): readonly number[] {
  const found = new Set<number>();
  collectReferences(value, found);
  return [...found];
}

function collectReferences(value: PayloadValue, found: Set<number>): void {
  if (value === null || typeof value !== "object") return;
  if (isList(value)) {
    for (const item of value) collectReferences(item, found);
    return;
  }
  const reference = value.$ref;
  if (reference !== undefined && typeof value.$text === "string") {
    const stepId = reference !== null && typeof reference === "object" && !isList(reference) ? reference.step_id : null;
    if (typeof stepId === "number") found.add(stepId);
    return;
  }
  for (const item of Object.values(value)) collectReferences(item, found);
}
