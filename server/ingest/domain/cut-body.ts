/**
 * As much of a body as fits, in its own shape: what is masked goes by keys, and text that was cut off somewhere has lost
 * them. Pure.
 */
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";

/** What a number, a word or a bracket takes at most, about. */
const SMALL_CHARS = 8;

/** @param charsMax of its JSON, about */
export function cutBody(body: JsonObject, charsMax: number): JsonObject {
  const room = { left: charsMax };
  return cutObject(body, room);
}

interface Room {
  left: number;
}

function cut(value: JsonValue, room: Room): JsonValue {
  if (typeof value === "string") return cutText(value, room);
  if (typeof value !== "object" || value === null) {
    room.left -= SMALL_CHARS;
    return value;
  }
  return isList(value) ? cutList(value, room) : cutObject(value, room);
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

function cutText(text: string, room: Room): string {
  let kept = text.slice(0, Math.max(0, room.left));
  // Signs that JSON escapes take up to six.
  while (kept !== "" && JSON.stringify(kept).length > room.left + SMALL_CHARS) kept = kept.slice(0, kept.length >> 1);
  room.left -= JSON.stringify(kept).length;
  return kept;
}

function cutList(items: readonly JsonValue[], room: Room): readonly JsonValue[] {
  const kept: JsonValue[] = [];
  room.left -= SMALL_CHARS;
  for (const item of items) {
    if (room.left <= 0) break;
    kept.push(cut(item, room));
  }
  return kept;
}

function cutObject(map: JsonObject, room: Room): JsonObject {
  const kept: [string, JsonValue][] = [];
  room.left -= SMALL_CHARS;
  for (const [key, value] of Object.entries(map)) {
    const chars = JSON.stringify(key).length;
    // Half a key would be another key.
    if (chars > room.left) break;
    room.left -= chars;
    kept.push([key, cut(value, room)]);
  }
  return Object.fromEntries(kept);
}
