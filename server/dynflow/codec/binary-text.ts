/**
 * Text that Ruby holds without an encoding: what came from a socket, a program or the system itself. To Ruby it is a
 * String like any other, but msgpack stores it as bytes; so does the host name in the record of every world.
 *
 * Source: msgpack-ruby `ext/msgpack/packer.h` `msgpack_packer_write_string_value` (ASCII-8BIT is written as `bin`);
 * Ruby `Socket.gethostname` (its encoding is ASCII-8BIT).
 */
import { isMsgpackArray, isMsgpackMap, type MsgpackMap, type MsgpackValue } from "./msgpack-value.ts";
import { utf8Text } from "./utf8.ts";

/** Control characters that a text of people or programs may hold: tab, line feed, carriage return, escape. */
const IN_TEXT: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x1b]);
const isControl = (code: number): boolean => code < 0x20 || (code >= 0x7f && code < 0xa0);

/** The same value with bytes that are readable text as that text, at any depth. Other bytes stay; what has none is the same. */
export function withTextOfBytes(value: MsgpackValue): MsgpackValue {
  if (value instanceof Uint8Array) return textIn(value) ?? value;
  if (isMsgpackArray(value)) {
    const items = value.map(withTextOfBytes);
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  return isMsgpackMap(value) ? mapWithText(value) : value;
}

/** A key that is there as text already stays bytes: neither entry is lost. */
function mapWithText(map: MsgpackMap): MsgpackMap {
  const entries = [...map].map(([key, item]): readonly [MsgpackValue, MsgpackValue] => {
    const text = withTextOfBytes(key);
    return [typeof text === "string" && text !== key && map.has(text) ? key : text, withTextOfBytes(item)];
  });
  const changed = entries.some(([key, item]) => !map.has(key) || map.get(key) !== item);
  return changed ? new Map(entries) : map;
}

function textIn(bytes: Uint8Array): string | null {
  const text = utf8Text(bytes);
  if (text === null) return null;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isControl(code) && !IN_TEXT.has(code)) return null;
  }
  return text;
}
