/**
 * Text of UTF-8 bytes, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF (The Unicode Standard, table
 * 3-7). Bytes that are none cost no more than those that are: an exception each would cost a thousand times as much.
 */

/** Holds no state between calls: it is never asked to stream, and only shown bytes that are valid. */
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** Up to here building the text by hand is quicker than asking the decoder. */
const SHORT = 24;

/** The text, or `null` when the bytes are no UTF-8. */
export function utf8Text(bytes: Uint8Array): string | null {
  const ascii = asciiLength(bytes);
  if (ascii < bytes.length && !isUtf8From(bytes, ascii)) return null;
  if (ascii === bytes.length && ascii <= SHORT) return String.fromCharCode(...bytes);
  return UTF8.decode(bytes);
}

/** The text as far as there is one; each byte that is part of none stands as `\\xff`, as Ruby shows it. Total. */
export function readableText(bytes: Uint8Array): string {
  const whole = utf8Text(bytes);
  if (whole !== null) return whole;
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      parts.push(UTF8.decode(bytes.subarray(from, at)), `\\x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}`);
      from = at + 1;
    }
    at += Math.max(1, length);
  }
  parts.push(UTF8.decode(bytes.subarray(from)));
  return parts.join("");
}

function asciiLength(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0) < 0x80) at += 1;
  return at;
}

function isUtf8From(bytes: Uint8Array, start: number): boolean {
  let at = start;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Bytes of the character that begins here; 0 = none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const low = lead === 0xe0 ? 0xa0 : 0x80;
    const high = lead === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isTail(bytes[at + 2] ?? 0) ? 3 : 0;
  }
  if (lead < 0xf0 || lead > 0xf4) return 0;
  const low = lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high && isTail(bytes[at + 2] ?? 0) && isTail(bytes[at + 3] ?? 0) ? 4 : 0;
}

const isTail = (byte: number): boolean => byte >= 0x80 && byte <= 0xbf;
