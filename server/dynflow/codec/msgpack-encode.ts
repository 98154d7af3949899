/**
 * msgpack encoder that writes what Ruby's msgpack writes: the shortest integer and length forms, floats always as
 * float64, strings as str, binary as bin.
 *
 * Source: msgpack/msgpack-ruby `ext/msgpack/packer.h` (`msgpack_packer_write_long`, `…_write_double`, `…_write_*_header`).
 */
import { isMsgpackMap, MsgpackExt, MsgpackFloat, type MsgpackMap, type MsgpackValue } from "./msgpack-value.ts";

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;
/** Deeper values are not written: the reader on the other side refuses them. */
const ENCODE_MAX_DEPTH = 128;

/**
 * Encodes one value. A `number` that is a safe integer is written as an integer; use `MsgpackFloat` for a whole float.
 *
 * @throws RangeError for integers beyond 64 bits and for values deeper than 128 levels
 */
export function encodeMsgpack(value: MsgpackValue): Uint8Array {
  const parts: Uint8Array[] = [];
  write(parts, value, 0);
  let total = 0;
  for (const part of parts) total += part.length;
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function write(parts: Uint8Array[], value: MsgpackValue, depth: number): void {
  if (value === null) parts.push(Uint8Array.of(0xc0));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xc3 : 0xc2));
  else if (typeof value === "number") parts.push(numberBytes(value));
  else if (typeof value === "bigint") parts.push(integerBytes(value));
  else if (typeof value === "string") writeText(parts, value);
  else if (value instanceof MsgpackFloat) parts.push(floatBytes(value.value));
  else if (value instanceof MsgpackExt) writeExt(parts, value);
  else if (value instanceof Uint8Array) parts.push(sized(value.length, [0xc4, 0xc5, 0xc6]), value);
  else if (isMsgpackMap(value)) writeMap(parts, value, depth);
  else writeArray(parts, value, depth);
}

const numberBytes = (value: number): Uint8Array =>
  Number.isSafeInteger(value) && !Object.is(value, -0) ? integerBytes(BigInt(value)) : floatBytes(value);

function floatBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function integerBytes(value: bigint): Uint8Array {
  if (value < INT64_MIN || value > UINT64_MAX) throw new RangeError(`${value} does not fit in 64 bits`);
  if (value >= 0n) {
    if (value <= 0x7fn) return Uint8Array.of(Number(value));
    if (value <= 0xffn) return fixed(0xcc, 1, value);
    if (value <= 0xffffn) return fixed(0xcd, 2, value);
    if (value <= 0xffff_ffffn) return fixed(0xce, 4, value);
    return fixed(0xcf, 8, value);
  }
  if (value >= -0x20n) return Uint8Array.of(Number(value) & 0xff);
  if (value >= -0x80n) return fixed(0xd0, 1, value);
  if (value >= -0x8000n) return fixed(0xd1, 2, value);
  if (value >= -0x8000_0000n) return fixed(0xd2, 4, value);
  return fixed(0xd3, 8, value);
}

/** A tag and `width` bytes, big-endian, two's complement. */
function fixed(tag: number, width: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(1 + width);
  bytes[0] = tag;
  for (let index = 0; index < width; index += 1) {
    bytes[width - index] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
  return bytes;
}

/** The shortest of the 8, 16 and 32 bit headers; a tag of `null` means that the form does not exist. */
function sized(length: number, tags: readonly [number | null, number, number]): Uint8Array {
  if (length <= 0xff && tags[0] !== null) return fixed(tags[0], 1, BigInt(length));
  if (length <= 0xffff) return fixed(tags[1], 2, BigInt(length));
  return fixed(tags[2], 4, BigInt(length));
}

function writeText(parts: Uint8Array[], text: string): void {
  const bytes = new TextEncoder().encode(text);
  parts.push(bytes.length < 32 ? Uint8Array.of(0xa0 | bytes.length) : sized(bytes.length, [0xd9, 0xda, 0xdb]), bytes);
}

function writeExt(parts: Uint8Array[], ext: MsgpackExt): void {
  const fixTag = [1, 2, 4, 8, 16].indexOf(ext.data.length);
  const header = fixTag >= 0 ? Uint8Array.of(0xd4 + fixTag) : sized(ext.data.length, [0xc7, 0xc8, 0xc9]);
  parts.push(header, Uint8Array.of(ext.type & 0xff), ext.data);
}

function guard(depth: number): void {
  if (depth >= ENCODE_MAX_DEPTH) throw new RangeError(`deeper than ${ENCODE_MAX_DEPTH} levels`);
}

function writeArray(parts: Uint8Array[], values: readonly MsgpackValue[], depth: number): void {
  guard(depth);
  parts.push(values.length < 16 ? Uint8Array.of(0x90 | values.length) : sized(values.length, [null, 0xdc, 0xdd]));
  for (const value of values) write(parts, value, depth + 1);
}

function writeMap(parts: Uint8Array[], map: MsgpackMap, depth: number): void {
  guard(depth);
  parts.push(map.size < 16 ? Uint8Array.of(0x80 | map.size) : sized(map.size, [null, 0xde, 0xdf]));
  for (const [key, value] of map) {
    write(parts, key, depth + 1);
    write(parts, value, depth + 1);
  }
}
