/** Serialized columns as an adapter hands them over, and the rule that a part that will not decode costs only itself. */
import type { Decoded } from "#server/dynflow/domain/model.ts";
import { decodeJsonText } from "./json-text.ts";
import { isMarshal, marshalReason } from "./marshal.ts";
import { decodeMsgpack } from "./msgpack-decode.ts";
import type { MsgpackValue } from "./msgpack-value.ts";

/** How a cell was written: as JSON where the column, or the very cell, is text (schemas 5 to 21), else as msgpack. */
export type StoredForm = "msgpack" | "json";

/** One blob cell. `length` null = SQL NULL; `bytes` null beside a length = longer than what was asked for. */
export interface StoredBlob {
  readonly bytes: Uint8Array | null;
  readonly length: number | null;
  /** Left out = msgpack. Of text, `bytes` are its UTF-8. */
  readonly form?: StoredForm;
}

export const NO_BLOB: StoredBlob = { bytes: null, length: null };

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const unparsed = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });

/**
 * Decodes a cell and parses what it holds. SQL NULL is handed to `parse` as `null`. Marshal data is never decoded: what
 * stands for it is told by `ofMarshal`, else it is a fault with its digest.
 */
export function decodeStored<T>(
  blob: StoredBlob,
  parse: (value: MsgpackValue) => Parsed<T>,
  ofMarshal?: (bytes: Uint8Array) => T,
): Decoded<T> {
  if (blob.length === null) return withBytes(parse(null), 0);
  const { bytes, length } = blob;
  if (bytes === null) return { ok: false, reason: `${length} bytes are more than is read`, bytes: length };
  const raw = (reason: string): Decoded<T> => ({ ok: false, reason, bytes: length });
  if (isMarshal(bytes))
    return ofMarshal === undefined ? raw(marshalReason(bytes)) : { ok: true, value: ofMarshal(bytes) };
  const decoded = decodeForm(bytes, blob.form);
  if (!decoded.ok) return raw(decoded.reason);
  const result = parse(decoded.value);
  return result.ok ? result : raw(result.reason);
}

/**
 * The value of bytes in either form. JSON that a database was made to keep as bytes (a copy made by another program, a
 * binary character set) is known by its first one: what begins with a brace or a bracket and goes on is no msgpack.
 */
export function decodeForm(
  bytes: Uint8Array,
  form: StoredForm = "msgpack",
): { readonly ok: true; readonly value: MsgpackValue } | { readonly ok: false; readonly reason: string } {
  if (form === "json") return decodeJsonText(bytes);
  const first = bytes.length > 1 ? bytes[0] : undefined;
  const json = first === BRACE || first === BRACKET ? decodeJsonText(bytes) : null;
  return json?.ok === true ? json : decodeMsgpack(bytes);
}

const BRACE = 0x7b;
const BRACKET = 0x5b;

/** A parse result as a `Decoded`, told how many bytes it came from. */
export const withBytes = <T>(result: Parsed<T>, bytes: number): Decoded<T> =>
  result.ok ? result : { ok: false, reason: result.reason, bytes };
