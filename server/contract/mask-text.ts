/**
 * Finds in free text what stands beside a masked key: `password=…`, `"token": "…"`, `:secret => …`, `--token …`,
 * `<password>…`, user information in URLs and bearer credentials. Linear in the length of the text: every step goes
 * forward from a key that was found, and none goes back over more than a bounded number of characters. In doubt it hides.
 */
import type { MaskRules } from "./mask-rules.ts";

/** Stands for what is hidden inside a text. */
export const MASK_DOTS = "••••";

/** `[from, to)` in UTF-16 units. */
export type TextRange = readonly [from: number, to: number];

const KEY_TAIL_MAX = 64;
const SPACES_MAX = 8;
const FLAG_HEAD_MAX = 64;
const KEY_CHARACTER = /[\w.\-$]/;
const SPACE = /[ \t]/;
/** `//user:password@host`: the last `@` before the path ends it. */
const USER_INFO = /\/\/([^\s/?#@:]{0,256}):([^\s/?#]{1,512})@/g;
const BEARER = /\bbearer\s{1,8}([\w\-.~+/=]{4,8192})/gi;
const BASIC = /\bbasic\s{1,8}([A-Za-z0-9+/]{8,8192}={0,2})(?![A-Za-z0-9+/])/gi;
const BASIC_LOOKS_ENCODED = /[0-9=+/]|[a-z][A-Z]/;

/** Where the user of a URL was hidden, another key may come to stand before it: looked at again so often at most. */
const PASSES_MAX = 4;

/** The same text with every hidden range replaced; the very same when nothing is hidden. */
export function maskFreeText(rules: MaskRules, text: string): string {
  let shown = text;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const ranges = maskedRanges(rules, shown);
    const next = ranges.length === 0 ? shown : withDots(shown, ranges);
    if (next === shown || !text.includes("//")) return next;
    shown = next;
  }
  return shown;
}

export function withDots(text: string, ranges: readonly TextRange[]): string {
  let shown = "";
  let at = 0;
  for (const [from, to] of ranges) {
    shown += `${text.slice(at, from)}${MASK_DOTS}`;
    at = to;
  }
  return shown + text.slice(at);
}

/** What is to be hidden, in order, without overlap. */
export function maskedRanges(rules: MaskRules, text: string): readonly TextRange[] {
  if (!rules.maybe.test(text)) return [];
  const found: TextRange[] = [];
  let hiddenTo = 0;
  for (const match of text.matchAll(rules.words)) {
    if (match.index < hiddenTo) continue;
    const value = valueAfter(text, match.index, match.index + match[0].length);
    if (value === null || value[0] >= value[1]) continue;
    found.push(value);
    hiddenTo = value[1];
  }
  if (text.includes("//")) for (const match of text.matchAll(USER_INFO)) found.push(userInfo(match));
  for (const match of text.matchAll(BEARER)) found.push(tail(match));
  for (const match of text.matchAll(BASIC)) {
    if (BASIC_LOOKS_ENCODED.test(match[1] ?? "")) found.push(tail(match));
  }
  return merged(found);
}

const tail = (match: RegExpExecArray): TextRange => {
  const to = match.index + match[0].length;
  return [to - (match[1]?.length ?? 0), to];
};

function userInfo(match: RegExpExecArray): TextRange {
  const from = match.index + 2 + (match[1]?.length ?? 0) + 1;
  return [from, from + (match[2]?.length ?? 0)];
}

function merged(ranges: readonly TextRange[]): readonly TextRange[] {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0] || b[1] - a[1]);
  const kept: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = kept.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else kept.push([from, to]);
  }
  return kept;
}

/** Where the value of a key lies whose matched word is `[from, to)`; `null` = it is no key. */
function valueAfter(text: string, from: number, to: number): TextRange | null {
  const keyEnd = skip(text, to, KEY_TAIL_MAX, KEY_CHARACTER);
  const closed = afterClosers(text, keyEnd);
  const at = skip(text, closed, SPACES_MAX, SPACE);
  const separator = separatorAt(text, at);
  if (separator === "::") return isUser(text, from) ? valueAt(text, at + 1, true) : null;
  if (separator === ">") return isElement(text, from) ? [at + 1, indexOr(text, "<", at + 1)] : null;
  if (separator === null) return at > keyEnd && isFlag(text, from) ? bareValue(text, at, false) : null;
  if (separator === ":" && isFrame(text, at)) return null;
  return valueAt(text, at + separator.length, separator === ":");
}

function skip(text: string, from: number, max: number, character: RegExp): number {
  let at = from;
  while (at < text.length && at - from < max && character.test(text.charAt(at))) at += 1;
  return at;
}

/** Past what closes a key: quotes, escaped quotes, brackets of `params["password"]`. */
function afterClosers(text: string, from: number): number {
  return skip(text, from, SPACES_MAX, /["'`\\\]]/);
}

function separatorAt(text: string, at: number): "=>" | "=" | ":" | "::" | "%3D" | "%3A" | ">" | null {
  const first = text.charAt(at);
  if (first === "=") {
    if (text.charAt(at + 1) === ">") return "=>";
    return "=";
  }
  if (first === ":") return text.charAt(at + 1) === ":" ? "::" : ":";
  if (first === ">") return ">";
  if (first !== "%") return null;
  const code = text.slice(at, at + 3).toUpperCase();
  return code === "%3D" || code === "%3A" ? code : null;
}

/** Whether the key is the name of an XML element: `<password>`. */
const isElement = (text: string, from: number): boolean => text.charAt(beforeKey(text, from)) === "<";

/** Whether the key is the user in a URL, where what follows a colon is a secret whatever it begins with: `//token::x@`. */
function isUser(text: string, from: number): boolean {
  const at = beforeKey(text, from);
  return at > 0 && text.slice(at - 1, at + 1) === "//";
}

/** Where the character before the whole word of a key stands. */
function beforeKey(text: string, from: number): number {
  let at = from - 1;
  while (at >= 0 && from - at <= FLAG_HEAD_MAX && KEY_CHARACTER.test(text.charAt(at))) at -= 1;
  return at;
}

/** Whether the key is a flag of a command: `--token`. */
function isFlag(text: string, from: number): boolean {
  const at = beforeKey(text, from);
  return text.slice(at + 1, from + 1).startsWith("--") || (at + 1 < from && text.charAt(at + 1) === "-");
}

/** `lib/token.rb:42:in …`: a place in a program, no key. */
const isFrame = (text: string, at: number): boolean => /^:\d{1,7}(?::in\b|$|\n)/.test(text.slice(at, at + 13));

/** The value behind a separator; `loose` = behind a colon, where an unquoted one may hold spaces. */
function valueAt(text: string, from: number, loose: boolean): TextRange | null {
  let at = skip(text, from, SPACES_MAX, /\s/);
  if (text.charAt(at) === "=") at = skip(text, at + 1, SPACES_MAX, SPACE);
  const escapes = skip(text, at, SPACES_MAX, /\\/) - at;
  const first = text.charAt(at + escapes);
  if (first === '"' || first === "'" || first === "`") {
    const open = at + escapes + 1;
    return [open, closingQuote(text, open, first, escapes)];
  }
  if (first === "{" || first === "[" || first === "(") return [at, closingBracket(text, at + escapes)];
  return bareValue(text, at, loose);
}

/** The end of what a quote opened that had so many backslashes before it; without an end, all the rest. */
function closingQuote(text: string, from: number, quote: string, escapes: number): number {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
    let before = at;
    while (before > from && text.charAt(before - 1) === "\\") before -= 1;
    const run = at - before;
    if (escapes === 0 ? run % 2 === 0 : run <= escapes) return before + (escapes === 0 ? run : 0);
  }
  return text.length;
}

const CLOSES: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/** The end of what a bracket opened, quotes inside it skipped; without an end, all the rest. */
function closingBracket(text: string, from: number): number {
  const open: string[] = [];
  let at = from;
  while (at < text.length) {
    const each = text.charAt(at);
    const closes = CLOSES[each];
    if (closes !== undefined) open.push(closes);
    else if (each === open.at(-1)) open.pop();
    else if (each === '"') at = closingQuote(text, at + 1, each, 0);
    at += 1;
    if (open.length === 0) return Math.min(at, text.length);
  }
  return text.length;
}

const ENDS_TIGHT = /[\s&;<>"'`)}\]]/;
const ENDS_LOOSE = /[\n\r<>"'`}\]]/;

/** A value without quotes: up to a space or the end of its pair; behind a colon up to the end of its line or its pair. */
function bareValue(text: string, from: number, loose: boolean): TextRange {
  const ends = loose ? ENDS_LOOSE : ENDS_TIGHT;
  let at = from;
  while (at < text.length && !ends.test(text.charAt(at)) && !endsPair(text, at)) at += 1;
  return [from, at];
}

/** A comma or semicolon that begins the next pair: `password=abc, host=…`. */
const endsPair = (text: string, at: number): boolean =>
  /[,;]/.test(text.charAt(at)) &&
  /^[,;]\s{0,8}["':\\]{0,4}[\w.-]{1,64}["'\\]{0,4}\s{0,8}(?:=|:)/.test(text.slice(at, at + 96));

function indexOr(text: string, wanted: string, from: number): number {
  const at = text.indexOf(wanted, from);
  return at === -1 ? text.length : at;
}
