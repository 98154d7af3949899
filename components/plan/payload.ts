/** A decoded payload as lines of text with the parts that mean more than text. Pure; values of upstream stay text. */
import { isMasked } from "#server/contract/event.ts";

export type PayloadToken =
  | { readonly kind: "text"; readonly text: string }
  /** A value that will be another step's output. */
  | {
      readonly kind: "reference";
      readonly text: string;
      readonly planId: string | null;
      readonly stepId: number | null;
    }
  /** What viewers do not read. */
  | { readonly kind: "masked" }
  /** Of another type than JSON has: time, binary, large integer, unknown extension. */
  | { readonly kind: "special"; readonly text: string; readonly type: string };

export interface PayloadLine {
  readonly depth: number;
  /** Name of the key, padded so that the values of one map stand below each other; `null` within lists. */
  readonly key: string | null;
  readonly pad: number;
  readonly value: PayloadToken | null;
}

const DEPTH_MAX = 40;
const KEY_PAD_MAX = 28;

export const MASKED_TEXT = "hidden from viewers";

/** The lines of a value, in order; stops after `max` lines and says how many there would be at least. */
export function payloadLines(
  value: unknown,
  max: number,
): { readonly lines: readonly PayloadLine[]; readonly cut: boolean } {
  const lines: PayloadLine[] = [];
  const full = () => lines.length >= max;

  function add(depth: number, key: string | null, pad: number, part: unknown): void {
    if (full()) return;
    const token = tokenOf(part, depth);
    lines.push({ depth, key, pad, value: token });
    if (token === null) children(depth + 1, part);
  }
  function children(depth: number, part: unknown): void {
    const entries = entriesOf(part);
    const longest = entries.reduce((most, [key]) => Math.max(most, key?.length ?? 0), 0);
    for (const [key, inner] of entries) {
      if (full()) return;
      add(depth, key, Math.min(KEY_PAD_MAX, longest), inner);
    }
  }

  const root = tokenOf(value, 0);
  if (root !== null) lines.push({ depth: 0, key: null, pad: 0, value: root });
  else children(0, value);
  return { lines, cut: full() && countOf(value) > max };
}

function entriesOf(part: unknown): readonly (readonly [string | null, unknown])[] {
  if (Array.isArray(part)) return part.map((inner: unknown) => [null, inner] as const);
  return typeof part === "object" && part !== null ? Object.entries(part) : [];
}

/** Lines that a value takes, at most; cheap to ask for. */
function countOf(value: unknown): number {
  let count = 0;
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const part = stack.pop();
    const inner = tokenOf(part, 0) === null ? entriesOf(part) : [];
    count += inner.length;
    for (const [, each] of inner) stack.push(each);
  }
  return Math.max(1, count);
}

/** What is shown on one line; `null` for what takes lines of its own. */
function tokenOf(part: unknown, depth: number): PayloadToken | null {
  if (part === null || part === undefined) return { kind: "text", text: "nil" };
  if (typeof part === "string") return { kind: "text", text: quoted(part) };
  if (typeof part !== "object") return { kind: "text", text: String(part) };
  if (isMasked(part)) return { kind: "masked" };
  const special = specialOf(part);
  if (special !== null) return special;
  if (Array.isArray(part) && part.length === 0) return { kind: "text", text: "[]" };
  if (Object.keys(part).length === 0) return { kind: "text", text: "{}" };
  return depth >= DEPTH_MAX ? { kind: "text", text: "…" } : null;
}

/** Words stand as they are; what could be taken for something else is quoted. */
const quoted = (text: string): string =>
  /^[\p{L}\p{N}_./:@-]+( [\p{L}\p{N}_./:@-]+)*$/u.test(text) && !AMBIGUOUS.test(text) ? text : JSON.stringify(text);
const AMBIGUOUS = /^(nil|true|false|-?[0-9][0-9.eE+-]*)$/;

/** Values that JSON cannot hold, as the codec tags them (`server/dynflow/domain/model.ts`). */
function specialOf(part: object): PayloadToken | null {
  const tagged: Readonly<Record<string, unknown>> = { ...part };
  const text = (key: string): string => String(tagged[key]);
  if ("$ref" in tagged) return referenceOf(tagged);
  if ("$ext" in tagged) return { kind: "special", type: `extension ${text("$ext")}`, text: text("$reason") };
  if (Object.keys(tagged).length !== 1) return null;
  for (const [key, type] of Object.entries(SPECIAL))
    if (key in tagged) return { kind: "special", type, text: text(key) };
  if ("$bytes" in tagged) return { kind: "special", type: "binary", text: `${bytesIn(text("$bytes"))} bytes` };
  return null;
}
const SPECIAL: Readonly<Record<string, string>> = {
  $time: "Time",
  $time_with_zone: "TimeWithZone",
  $datetime: "DateTime",
  $date: "Date",
  $int: "Integer",
};

const bytesIn = (base64: string): number => Math.floor((base64.replace(/=+$/, "").length * 3) / 4);

function referenceOf(tagged: Readonly<Record<string, unknown>>): PayloadToken {
  const target: unknown = tagged.$ref;
  const found: Readonly<Record<string, unknown>> = typeof target === "object" && target !== null ? { ...target } : {};
  const { step_id: stepId, execution_plan_id: planId } = found;
  return {
    kind: "reference",
    text: String(tagged.$text ?? "a reference"),
    planId: typeof planId === "string" ? planId : null,
    stepId: typeof stepId === "number" ? stepId : null,
  };
}

/** `5 keys`, `12 items`, for the head of a payload. */
export function payloadSize(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} ${value.length === 1 ? "item" : "items"}`;
  if (typeof value !== "object" || value === null || tokenOf(value, 0)?.kind === "masked") return "";
  const keys = Object.keys(value).length;
  return `${keys} ${keys === 1 ? "key" : "keys"}`;
}

export const isEmptyPayload = (value: unknown): boolean =>
  value === null || (typeof value === "object" && !isMasked(value) && Object.keys(value).length === 0);
