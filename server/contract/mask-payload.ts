/**
 * Payloads as those may read them who do not read secrets: values under masked keys are replaced by a tag, and texts in
 * which something is hidden as well. A place in a payload is told by positions, so that a place never quotes a key.
 */
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { isMaskedKey, type MaskRules } from "./mask-rules.ts";
import { MASK_DOTS, maskFreeText } from "./mask-text.ts";

/** Where a value is: at each level which entry of the map, or which item of the list, from 0 on. */
export type PayloadPlace = readonly number[];

/** Tag of what is masked: `""` = all of it, else the text around what is hidden. */
export const MASK_TAG = "$masked";

export interface MaskedPayload {
  readonly value: JsonValue;
  /** Whether anything was hidden. */
  readonly hidden: boolean;
}

const isMap = (value: JsonValue): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

const WHOLE: JsonObject = { [MASK_TAG]: "" };
const same = (value: JsonValue): MaskedPayload => ({ value, hidden: false });

/** Tags whose content is no text of anybody: instants and numbers. */
const PLAIN_TAGS = ["$time", "$time_with_zone", "$datetime", "$date", "$int", "$float", "$marshal"];

/** The payload with what the rules hide replaced; the very same value where nothing is hidden. Total, bounded by its size. */
export const maskPayload = (rules: MaskRules, value: JsonValue): MaskedPayload => maskValue(rules, value, true);

/** The same of JSON as somebody sent it, in which a key such as `$ref` is a key like any other and no tag of ours. */
export const maskPlain = (rules: MaskRules, value: JsonValue): MaskedPayload => maskValue(rules, value, false);

/** @param tagged whether keys that begin with `$` are tags of a payload */
function maskValue(rules: MaskRules, value: JsonValue, tagged: boolean): MaskedPayload {
  if (typeof value === "string") return maskString(rules, value);
  if (isList(value)) return maskList(rules, value, tagged);
  if (!isMap(value)) return same(value);
  return (tagged ? maskTagged(rules, value) : null) ?? maskMap(rules, value, tagged);
}

function maskString(rules: MaskRules, text: string): MaskedPayload {
  const shown = maskFreeText(rules, text);
  return shown === text ? same(text) : { value: { [MASK_TAG]: shown }, hidden: true };
}

function maskList(rules: MaskRules, items: readonly JsonValue[], tagged: boolean): MaskedPayload {
  const masked = items.map((item, index) =>
    isFlag(rules, items[index - 1]) ? underMaskedKey(item, tagged) : maskValue(rules, item, tagged),
  );
  if (!masked.some((item) => item.hidden)) return same(items);
  return { value: masked.map((item) => item.value), hidden: true };
}

/** `--password` in a list of arguments: what follows it is its value. */
const isFlag = (rules: MaskRules, item: JsonValue | undefined): boolean =>
  typeof item === "string" && /^--?[\w.-]{1,100}$/.test(item) && isMaskedKey(rules, item);

/** `{name: "root_password", value: …}`: a map that is itself a pair. */
const NAMES = ["name", "key", "parameter"];
const isPairOf = (rules: MaskRules, map: JsonObject): boolean =>
  NAMES.some((name) => {
    const text = map[name];
    return typeof text === "string" && isMaskedKey(rules, text);
  });

/** What stands for something that JSON has no form for; `null` = a map like any other. */
function maskTagged(rules: MaskRules, map: JsonObject): MaskedPayload | null {
  const { $ref, $bytes, $map } = map;
  if ($ref !== undefined) return same(map);
  if (PLAIN_TAGS.some((tag) => map[tag] !== undefined)) return same(map);
  if (typeof $bytes === "string") return maskBytes(rules, map, $bytes);
  return $map !== undefined && isList($map) ? maskPairs(rules, $map) : null;
}

function maskMap(rules: MaskRules, map: JsonObject, tagged: boolean): MaskedPayload {
  let hidden = false;
  const isPair = isPairOf(rules, map);
  const entries = Object.entries(map).map(([key, value]): [string, JsonValue] => {
    const shownKey = maskFreeText(rules, key);
    const shown =
      (isPair && key === "value") || isMaskedKey(rules, key)
        ? underMaskedKey(value, tagged)
        : maskValue(rules, value, tagged);
    hidden ||= shown.hidden || shownKey !== key;
    return [shownKey, shown.value];
  });
  return hidden ? { value: fromEntries(entries), hidden } : same(map);
}

/** Keys that hid something may have become alike: none is lost. */
function fromEntries(entries: readonly [string, JsonValue][]): JsonObject {
  const taken = new Map<string, number>();
  const unique = entries.map(([key, value]): [string, JsonValue] => {
    const times = (taken.get(key) ?? 0) + 1;
    taken.set(key, times);
    return [times === 1 ? key : `${key} (${times})`, value];
  });
  return Object.fromEntries(unique);
}

/** Whether what stands under such a key may be shown, and the key itself. */
export const isShownKey = (rules: MaskRules, key: string): boolean =>
  !isMaskedKey(rules, key) && maskFreeText(rules, key) === key;

/** Everything but that there is nothing, and that it is another step's output. */
function underMaskedKey(value: JsonValue, tagged: boolean): MaskedPayload {
  if (value === null || (tagged && isMap(value) && value.$ref !== undefined)) return same(value);
  return { value: WHOLE, hidden: true };
}

/** Bytes that hold a word of the rules, or anything that would be hidden in a text, are hidden whole. */
function maskBytes(rules: MaskRules, map: JsonObject, base64: string): MaskedPayload {
  return holdsMasked(rules, latin1(base64)) ? { value: WHOLE, hidden: true } : same(map);
}

/** Whether bytes, read as Latin-1, hold something that may not be shown as it is. */
export const holdsMasked = (rules: MaskRules, text: string): boolean =>
  rules.word.test(text) || maskFreeText(rules, text) !== text;

const latin1 = (base64: string): string => {
  try {
    return atob(base64);
  } catch {
    // No base64: then it is the text itself that is shown.
    return base64;
  }
};

function maskPairs(rules: MaskRules, pairs: readonly JsonValue[]): MaskedPayload {
  let hidden = false;
  const masked = pairs.map((pair) => {
    if (!isList(pair)) {
      const shown = maskPayload(rules, pair);
      hidden ||= shown.hidden;
      return shown.value;
    }
    const [key = null, value = null, ...rest] = pair;
    const isKey = typeof key === "string" ? isMaskedKey(rules, key) : isMaskedKey(rules, JSON.stringify(key));
    const shownKey = maskPayload(rules, key);
    const shown = isKey ? underMaskedKey(value, true) : maskPayload(rules, value);
    const others = rest.map((item) => maskPayload(rules, item));
    hidden ||= shownKey.hidden || shown.hidden || others.some((item) => item.hidden);
    return [shownKey.value, shown.value, ...others.map((item) => item.value)];
  });
  return hidden ? { value: { $map: masked }, hidden } : same({ $map: pairs });
}

/** The value at a place of the unmasked payload, with a name for people that hides what a key would give away. */
export function valueAtPlace(
  rules: MaskRules,
  value: JsonValue,
  place: PayloadPlace,
): { readonly value: JsonValue; readonly name: string } | null {
  let at: JsonValue = value;
  let name = "";
  for (const index of place) {
    const entry = entryAt(at, index);
    if (entry === null) return null;
    name += isList(at) ? `[${index}]` : `${name === "" ? "" : "."}${maskFreeText(rules, entry.key)}`;
    at = entry.value;
  }
  return { value: at, name };
}

function entryAt(value: JsonValue, index: number): { readonly key: string; readonly value: JsonValue } | null {
  if (isList(value)) {
    const item = value[index];
    return item === undefined ? null : { key: String(index), value: item };
  }
  if (!isMap(value)) return null;
  const { $map } = value;
  if ($map !== undefined && isList($map)) {
    const pair = $map[index];
    if (pair === undefined || !isList(pair)) return null;
    return { key: typeof pair[0] === "string" ? pair[0] : `entry ${index}`, value: pair[1] ?? null };
  }
  const entry = Object.entries(value)[index];
  return entry === undefined ? null : { key: entry[0], value: entry[1] };
}

/** Error texts, with what the rules hide replaced by dots. */
export function maskError<T extends { readonly message: string; readonly backtrace: readonly string[] }>(
  rules: MaskRules,
  error: T,
): T & { readonly backtrace: string[] } {
  const message = maskFreeText(rules, error.message);
  return { ...error, message, backtrace: error.backtrace.map((frame) => maskFreeText(rules, frame)) };
}

export const hidesSomething = (text: string): boolean => text.includes(MASK_DOTS);
