/** Whether text is in a value, and the line that shows it. Pure; case is not looked at. */
import type { PayloadValue } from "./model.ts";

/** As much as a row of a list has room for. */
const LINE_CHARS = 160;
const BEFORE_CHARS = 24;

export const holds = (text: string, wanted: string): boolean => text.toLowerCase().includes(wanted.toLowerCase());

/** One line of the text around what was found, with an ellipsis where it was cut. */
export function evidenceLine(text: string, wanted: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const at = Math.max(0, line.toLowerCase().indexOf(wanted.toLowerCase()));
  const from = line.length <= LINE_CHARS ? 0 : Math.max(0, Math.min(at - BEFORE_CHARS, line.length - LINE_CHARS));
  const cut = line.slice(from, from + LINE_CHARS);
  return `${from > 0 ? "…" : ""}${cut}${from + cut.length < line.length ? "…" : ""}`;
}

/** The first key or value of a payload that holds the text, as `path: value`; `null` = none does. */
export function findInPayload(value: PayloadValue, wanted: string): string | null {
  const lower = wanted.toLowerCase();
  const open: { readonly path: string; readonly value: PayloadValue }[] = [{ path: "", value }];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { path, value: it } = at;
    if (it === null || typeof it !== "object") {
      if (String(it).toLowerCase().includes(lower)) return said(path, String(it), wanted);
      continue;
    }
    const entries = isList(it) ? it.map((item, index) => [String(index), item] as const) : Object.entries(it);
    for (const [key, item] of entries) {
      const below = path === "" ? key : `${path}.${key}`;
      if (!isList(it) && key.toLowerCase().includes(lower)) return said(below, scalarText(item), wanted);
      open.push({ path: below, value: item });
    }
  }
  return null;
}

const isList = (value: PayloadValue): value is readonly PayloadValue[] => Array.isArray(value);

const scalarText = (value: PayloadValue): string => (value !== null && typeof value === "object" ? "…" : String(value));

const said = (path: string, text: string, wanted: string): string =>
  evidenceLine(path === "" ? text : `${path}: ${text}`, wanted);
