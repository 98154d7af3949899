/**
 * msgpack decoder for bytes that others wrote.
 *
 * Our own rather than a library's for four facts that a reader of Dynflow needs told apart: bytes that end too early,
 * bytes that are wrong, values beyond a bound (depth, size), and integers as against floats. All state is local.
 *
 * Source of the format: msgpack/msgpack `spec.md`, "Formats"; what Ruby makes of it: msgpack/msgpack-ruby
 * `ext/msgpack/unpacker.c`.
 */
import { MsgpackExt, MsgpackFloat, type MsgpackValue } from "./msgpack-value.ts";
import { utf8Text } from "./utf8.ts";

/** Depth at which Ruby's own unpacker gives up (msgpack-ruby `MSGPACK_UNPACKER_STACK_CAPACITY`). */
export const MSGPACK_MAX_DEPTH = 128;
/** Larger columns are not decoded: nothing a person can read is this big. */
export const MSGPACK_MAX_BYTES = 16 * 1024 * 1024;

/** Values of one blob. The largest flow we draw takes half a million; a megabyte of empty lists would take a gigabyte. */
export const MSGPACK_MAX_VALUES = 1_000_000;
/**
 * Keys of one map that are no text. Dynflow writes none. Unlike text, numbers are hashed without a secret: so many that
 * all fall together can be made up, and each would be compared with all before it.
 */
export const MSGPACK_MAX_ODD_KEYS = 4_096;

export interface MsgpackLimits {
  readonly maxDepth: number;
  readonly maxBytes: number;
}

export type MsgpackDecoded =
  | { readonly ok: true; readonly value: MsgpackValue; readonly offset: number }
  | {
      readonly ok: false;
      /** `incomplete`: a longer input could be right. `malformed`: none can. `limit`: refused unread, whatever it is. */
      readonly kind: "incomplete" | "malformed" | "limit";
      readonly reason: string;
      /** Where decoding stopped. */
      readonly offset: number;
    };

const DEFAULT_LIMITS: MsgpackLimits = { maxDepth: MSGPACK_MAX_DEPTH, maxBytes: MSGPACK_MAX_BYTES };

/** Thrown inside this file only; `decodeMsgpackAt` turns it into an outcome. */
class Fault extends Error {
  readonly kind: "incomplete" | "malformed" | "limit";
  readonly offset: number;
  constructor(kind: "incomplete" | "malformed" | "limit", reason: string, offset: number) {
    super(reason);
    this.kind = kind;
    this.offset = offset;
  }
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly maxDepth: number;
  offset: number;
  /** Values that have been promised by headers so far. */
  values: number;
}

/** Decodes the one value that starts at `offset`; what follows it is left alone. */
export function decodeMsgpackAt(bytes: Uint8Array, offset: number, limits = DEFAULT_LIMITS): MsgpackDecoded {
  if (bytes.length > limits.maxBytes) {
    return { ok: false, kind: "limit", reason: `longer than ${limits.maxBytes} bytes`, offset };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader: Reader = { bytes, view, maxDepth: limits.maxDepth, offset, values: 0 };
  try {
    const value = readValue(reader, 0);
    return { ok: true, value, offset: reader.offset };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { ok: false, kind: fault.kind, reason: fault.message, offset: fault.offset };
  }
}

/** Decodes bytes that must be exactly one value, as a column or an envelope is. */
export function decodeMsgpack(bytes: Uint8Array, limits = DEFAULT_LIMITS): MsgpackDecoded {
  const decoded = decodeMsgpackAt(bytes, 0, limits);
  if (!decoded.ok || decoded.offset === bytes.length) return decoded;
  const extra = bytes.length - decoded.offset;
  return { ok: false, kind: "malformed", reason: `${extra} bytes after the value`, offset: decoded.offset };
}

function take(reader: Reader, length: number): number {
  const start = reader.offset;
  const left = reader.bytes.length - start;
  if (left < length) throw new Fault("incomplete", "ends too early", start);
  reader.offset = start + length;
  return start;
}

function readValue(reader: Reader, depth: number): MsgpackValue {
  const at = take(reader, 1);
  const tag = reader.view.getUint8(at);
  if (tag <= 0x7f) return tag;
  if (tag >= 0xe0) return tag - 0x100;
  if (tag <= 0x8f) return readMap(reader, tag & 0x0f, depth);
  if (tag <= 0x9f) return readArray(reader, tag & 0x0f, depth);
  if (tag <= 0xbf) return readText(reader, tag & 0x1f);
  return readTagged(reader, tag, depth, at);
}

function readTagged(reader: Reader, tag: number, depth: number, at: number): MsgpackValue {
  const { view } = reader;
  switch (tag) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readBinary(reader, view.getUint8(take(reader, 1)));
    case 0xc5:
      return readBinary(reader, view.getUint16(take(reader, 2)));
    case 0xc6:
      return readBinary(reader, view.getUint32(take(reader, 4)));
    case 0xca:
      return new MsgpackFloat(view.getFloat32(take(reader, 4)));
    case 0xcb:
      return new MsgpackFloat(view.getFloat64(take(reader, 8)));
    case 0xcc:
      return view.getUint8(take(reader, 1));
    case 0xcd:
      return view.getUint16(take(reader, 2));
    case 0xce:
      return view.getUint32(take(reader, 4));
    case 0xcf:
      return narrow(view.getBigUint64(take(reader, 8)));
    case 0xd0:
      return view.getInt8(take(reader, 1));
    case 0xd1:
      return view.getInt16(take(reader, 2));
    case 0xd2:
      return view.getInt32(take(reader, 4));
    case 0xd3:
      return narrow(view.getBigInt64(take(reader, 8)));
    default:
      return readSized(reader, tag, depth, at);
  }
}

function readSized(reader: Reader, tag: number, depth: number, at: number): MsgpackValue {
  const { view } = reader;
  switch (tag) {
    case 0xc7:
      return readExt(reader, view.getUint8(take(reader, 1)));
    case 0xc8:
      return readExt(reader, view.getUint16(take(reader, 2)));
    case 0xc9:
      return readExt(reader, view.getUint32(take(reader, 4)));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return readExt(reader, 1 << (tag - 0xd4));
    case 0xd9:
      return readText(reader, view.getUint8(take(reader, 1)));
    case 0xda:
      return readText(reader, view.getUint16(take(reader, 2)));
    case 0xdb:
      return readText(reader, view.getUint32(take(reader, 4)));
    case 0xdc:
      return readArray(reader, view.getUint16(take(reader, 2)), depth);
    case 0xdd:
      return readArray(reader, view.getUint32(take(reader, 4)), depth);
    case 0xde:
      return readMap(reader, view.getUint16(take(reader, 2)), depth);
    case 0xdf:
      return readMap(reader, view.getUint32(take(reader, 4)), depth);
    default:
      throw new Fault("malformed", `no such tag: 0x${tag.toString(16)}`, at);
  }
}

function narrow(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function readBinary(reader: Reader, length: number): Uint8Array {
  const start = take(reader, length);
  return reader.bytes.slice(start, start + length);
}

function readExt(reader: Reader, length: number): MsgpackExt {
  const type = reader.view.getInt8(take(reader, 1));
  return new MsgpackExt(type, readBinary(reader, length));
}

/** Ruby may store bytes that are no UTF-8 as a string: those stay bytes rather than become replacement characters. */
function readText(reader: Reader, length: number): string | Uint8Array {
  const start = take(reader, length);
  const slice = reader.bytes.subarray(start, start + length);
  return utf8Text(slice) ?? slice.slice();
}

/** Every element takes at least one byte, so a header that promises more than is left is refused before it costs. */
function guard(reader: Reader, elements: number, depth: number): void {
  if (depth >= reader.maxDepth) throw new Fault("limit", `deeper than ${reader.maxDepth} levels`, reader.offset);
  const left = reader.bytes.length - reader.offset;
  if (elements > left) throw new Fault("incomplete", "ends too early", reader.offset);
  reader.values += elements;
  if (reader.values > MSGPACK_MAX_VALUES) {
    throw new Fault("limit", `more than ${MSGPACK_MAX_VALUES} values`, reader.offset);
  }
}

function readArray(reader: Reader, length: number, depth: number): readonly MsgpackValue[] {
  guard(reader, length, depth);
  const values: MsgpackValue[] = [];
  for (let index = 0; index < length; index += 1) values.push(readValue(reader, depth + 1));
  return values;
}

function readMap(reader: Reader, length: number, depth: number): ReadonlyMap<MsgpackValue, MsgpackValue> {
  guard(reader, length * 2, depth);
  const map = new Map<MsgpackValue, MsgpackValue>();
  let oddKeys = 0;
  for (let index = 0; index < length; index += 1) {
    const key = readValue(reader, depth + 1);
    if (typeof key !== "string") oddKeys += 1;
    if (oddKeys > MSGPACK_MAX_ODD_KEYS) {
      throw new Fault("limit", `a map with more than ${MSGPACK_MAX_ODD_KEYS} keys that are no text`, reader.offset);
    }
    map.set(key, readValue(reader, depth + 1));
  }
  return map;
}
