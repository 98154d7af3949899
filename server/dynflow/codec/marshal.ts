/**
 * Ruby's Marshal: recognised, measured, never decoded. Reading it means running what it names.
 *
 * Source: Ruby doc/marshal.rdoc (major and minor version 4.8 first); Dynflow/dynflow 2.0.0 lib/dynflow/serializer.rb
 * (`{"class": …, "marshaled": base64}` for objects that it cannot dump otherwise).
 */
import type { JsonObject } from "#server/kernel/json.ts";
import { sha256Of } from "./digest.ts";
import { type MsgpackMap, textOf } from "./msgpack-value.ts";

const MAJOR = 0x04;
const MINOR = 0x08;
/** Ruby's own `pack("m")` breaks lines; the strict form does not. */
const LINE_BREAKS = /[\r\n]/g;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** No column of ours begins so: as msgpack it would be the number 4 and something behind it. */
export const isMarshal = (bytes: Uint8Array): boolean => bytes.length > 2 && bytes[0] === MAJOR && bytes[1] === MINOR;

/** What is told of it: `{"$marshal": {"class", "bytes", "sha256"}}`. */
export const marshalPayload = (bytes: Uint8Array, className: string | null = null): JsonObject => ({
  $marshal: { class: className, bytes: bytes.length, sha256: sha256Of(bytes) },
});

/** The same for an object inside a payload; `null` when the map is none. Length and digest are of what the base64 holds. */
export function marshalledObject(map: MsgpackMap): JsonObject | null {
  const name = textOf(map.get("class"));
  const text = textOf(map.get("marshaled"));
  if (name === null || text === null) return null;
  const packed = text.replace(LINE_BREAKS, "");
  const bytes = BASE64.test(packed) ? Buffer.from(packed, "base64") : Buffer.from(text, "utf8");
  return marshalPayload(bytes, name);
}

/** Why a column that is no payload was not decoded. */
export const marshalReason = (bytes: Uint8Array): string =>
  `Ruby Marshal data, which is never decoded: SHA-256 ${sha256Of(bytes)}`;
