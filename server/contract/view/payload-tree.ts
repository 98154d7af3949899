/**
 * A payload as the lines of a tree that is folded here and open there. Pure. Every value has a place (positions from the
 * root on); its id is that place as text. Only what is open is walked.
 */
import type { PayloadPlace } from "#server/contract/mask-payload.ts";
import { isMap, linesOf, type PayloadToken, tokenOf } from "./payload-token.ts";

export interface PayloadEntry {
  /** Name of the key; `null` within lists. */
  readonly key: string | null;
  readonly value: unknown;
}

export interface PayloadRow {
  readonly id: string;
  readonly place: PayloadPlace;
  readonly depth: number;
  readonly key: string | null;
  /** Position within a list. */
  readonly index: number | null;
  /** `null` for a map or list. */
  readonly token: PayloadToken | null;
  /** Entries of a map or list, lines of a long text, 0 of anything else. */
  readonly size: number;
  readonly isList: boolean;
  /** `null` = there is nothing to open. */
  readonly open: boolean | null;
  /** A line of a long text that is open: the text is in `token`, the rest is that of the text. */
  readonly line: number | null;
}

/** What is open: everything above a depth, but for what was turned over by hand. */
export interface Folding {
  readonly depth: number;
  readonly turned: ReadonlySet<string>;
}

export const idOf = (place: PayloadPlace): string => place.join("/");

/** What a value holds, in order; none for what is shown on one line. */
export function entriesOf(value: unknown): readonly PayloadEntry[] {
  if (tokenOf(value) !== null) return [];
  if (Array.isArray(value)) return value.map((inner: unknown) => ({ key: null, value: inner }));
  if (!isMap(value)) return [];
  if (Array.isArray(value.$map)) return value.$map.map(pairEntry);
  return Object.entries(value).map(([key, inner]) => ({ key, value: inner }));
}

function pairEntry(pair: unknown): PayloadEntry {
  const [key, value]: readonly unknown[] = Array.isArray(pair) ? pair : [null, pair];
  if (typeof key === "string") return { key, value };
  const token = tokenOf(key);
  return { key: token === null || token.kind === "long" ? JSON.stringify(key).slice(0, 80) : token.text, value };
}

const isOpen = ({ depth, turned }: Folding, id: string, at: number): boolean => at < depth !== turned.has(id);

/** The lines that are to be seen, in order. */
export function payloadRows(value: unknown, folding: Folding): readonly PayloadRow[] {
  const rows: PayloadRow[] = [];
  const root = tokenOf(value);
  if (root !== null) addValue({ key: null, value }, [], 0, null);
  else addEntries(value, [], 0);
  return rows;

  function addEntries(parent: unknown, place: PayloadPlace, depth: number): void {
    const isList = Array.isArray(parent);
    for (const [index, entry] of entriesOf(parent).entries())
      addValue(entry, [...place, index], depth, isList ? index : null);
  }

  function addValue(
    { key, value: part }: PayloadEntry,
    place: PayloadPlace,
    depth: number,
    index: number | null,
  ): void {
    const id = idOf(place);
    const token = tokenOf(part);
    const isLong = token?.kind === "long";
    const open = token === null ? isOpen(folding, id, depth) : isLong ? folding.turned.has(id) : null;
    const size = token === null ? entriesOf(part).length : isLong ? token.lines : 0;
    rows.push({ id, place, depth, key, index, token, size, isList: Array.isArray(part), open, line: null });
    if (open !== true) return;
    if (token === null) addEntries(part, place, depth + 1);
    else
      for (const [line, text] of linesOf(String(part)).entries()) rows.push(lineRow(id, place, depth + 1, line, text));
  }
}

const lineRow = (id: string, place: PayloadPlace, depth: number, line: number, text: string): PayloadRow => ({
  id: `${id}#${line}`,
  place,
  depth,
  key: null,
  index: null,
  token: { kind: "text", text },
  size: 0,
  isList: false,
  open: null,
  line,
});

/** Lines that are open at first, about; and how many entries a map or list may have to be opened by itself. */
const ROWS_AT_FIRST = 120;
const SIZE_AT_FIRST = 60;

/** Open as far as one screen takes it, level by level; what has very many entries stays folded. */
export function openingFolding(value: unknown): Folding {
  const turned = new Set<string>();
  const waiting: { readonly value: unknown; readonly place: PayloadPlace }[] = [{ value, place: [] }];
  let rows = entriesOf(value).length;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const [index, entry] of entriesOf(next.value).entries()) {
      if (rows >= ROWS_AT_FIRST) break;
      const size = entriesOf(entry.value).length;
      if (size === 0 || size > SIZE_AT_FIRST || rows + size > ROWS_AT_FIRST) continue;
      const place = [...next.place, index];
      turned.add(idOf(place));
      rows += size;
      waiting.push({ value: entry.value, place });
    }
  }
  return { depth: 0, turned };
}

/** A value of many entries is asked for its depth once; unfolding all stops here. */
export const EVERYTHING_DEPTH = 1_000;

export interface PayloadHit {
  readonly place: PayloadPlace;
  /** Line of a long text; `null` = key or value itself. */
  readonly line: number | null;
}

export const HITS_MAX = 5_000;

/** Where a text stands in keys and values, whatever the case, in order. */
export function searchPayload(
  value: unknown,
  needle: string,
): { readonly hits: readonly PayloadHit[]; readonly cut: boolean } {
  const wanted = needle.toLowerCase();
  const hits: PayloadHit[] = [];
  if (wanted === "") return { hits, cut: false };
  const holds = (text: string | null) => text?.toLowerCase().includes(wanted) === true;
  const stack: { readonly entry: PayloadEntry; readonly place: PayloadPlace }[] = [
    { entry: { key: null, value }, place: [] },
  ];
  while (stack.length > 0) {
    const next = stack.pop();
    if (next === undefined) break;
    const { entry, place } = next;
    const token = tokenOf(entry.value);
    if (token?.kind === "long") {
      if (holds(entry.key)) hits.push({ place, line: null });
      for (const [line, text] of linesOf(String(entry.value)).entries()) if (holds(text)) hits.push({ place, line });
    } else if (holds(entry.key) || (token !== null && (holds(token.text) || holds(asText(entry.value))))) {
      hits.push({ place, line: null });
    }
    if (hits.length >= HITS_MAX) return { hits: hits.slice(0, HITS_MAX), cut: true };
    if (token !== null) continue;
    const entries = entriesOf(entry.value);
    for (let index = entries.length - 1; index >= 0; index -= 1) {
      const inner = entries[index];
      if (inner !== undefined) stack.push({ entry: inner, place: [...place, index] });
    }
  }
  return { hits, cut: false };
}

const asText = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** The folding in which a hit is to be seen. */
export function revealing(value: unknown, folding: Folding, { place, line }: PayloadHit): Folding {
  const turned = new Set(folding.turned);
  const open = (id: string, depth: number) => {
    if (isOpen({ ...folding, turned }, id, depth)) return;
    if (turned.has(id)) turned.delete(id);
    else turned.add(id);
  };
  for (let length = 1; length < place.length; length += 1) open(idOf(place.slice(0, length)), length - 1);
  if (line !== null && tokenOf(valueAt(value, place))?.kind === "long") turned.add(idOf(place));
  return { ...folding, turned };
}

export const hitId = ({ place, line }: PayloadHit): string => (line === null ? idOf(place) : `${idOf(place)}#${line}`);

/** The value at a place; `undefined` where there is none. */
export function valueAt(value: unknown, place: PayloadPlace): unknown {
  let at: unknown = value;
  for (const index of place) at = entriesOf(at)[index]?.value;
  return at;
}

/** The way to a place for people, as one would write it: `repositories[3].checksum`. */
export function pathText(value: unknown, place: PayloadPlace): string {
  let at: unknown = value;
  let text = "";
  for (const index of place) {
    const entry = entriesOf(at)[index];
    if (entry === undefined) break;
    const name = entry.key;
    if (name === null) text += `[${index}]`;
    else
      text += /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) ? `${text === "" ? "" : "."}${name}` : `[${JSON.stringify(name)}]`;
    at = entry.value;
  }
  return text;
}

/** What a reference resolves to in the output it points into; `undefined` = there is no such key. */
export function resolved(output: unknown, subkeys: readonly string[]): unknown {
  let at: unknown = output;
  for (const key of subkeys) {
    if (!isMap(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

/** `5 keys`, `12 items`, for the head of a payload. */
export function payloadSize(value: unknown): string {
  if (tokenOf(value) !== null) return "";
  const count = entriesOf(value).length;
  const [one, many] = Array.isArray(value) ? ["item", "items"] : ["key", "keys"];
  return `${count} ${count === 1 ? one : many}`;
}

export const isEmptyPayload = (value: unknown): boolean =>
  value === null || (typeof value === "object" && Object.keys(value).length === 0);
