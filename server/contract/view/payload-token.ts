/** One value of a payload on one line, with what means more than text. Pure; values of upstream stay text. */
import { MASK_TAG } from "#server/contract/mask-payload.ts";

export type PayloadToken =
  | { readonly kind: "text"; readonly text: string }
  /** A text of several lines, or too long for one: `lines` of it are shown when it is opened. */
  | { readonly kind: "long"; readonly text: string; readonly lines: number }
  /** A value that is, or will be, another step's output. */
  | {
      readonly kind: "reference";
      readonly text: string;
      readonly planId: string | null;
      readonly stepId: number | null;
      readonly subkeys: readonly string[];
    }
  /** What is masked: `""` = all of it, else the text around it. */
  | { readonly kind: "masked"; readonly text: string }
  /** Of another type than JSON has: time, binary, large number, unknown extension, an object of Ruby. */
  | { readonly kind: "special"; readonly text: string; readonly type: string };

/** Characters of one line. */
export const LINE_MAX_CHARS = 120;

type Tagged = Readonly<Record<string, unknown>>;
export const isMap = (part: unknown): part is Tagged =>
  typeof part === "object" && part !== null && !Array.isArray(part);

/** What is shown on one line; `null` for a map or list with something in it. */
export function tokenOf(part: unknown): PayloadToken | null {
  if (part === null || part === undefined) return { kind: "text", text: "nil" };
  if (typeof part === "string") return textToken(part);
  if (typeof part !== "object") return { kind: "text", text: String(part) };
  if (Array.isArray(part)) return part.length === 0 ? { kind: "text", text: "[]" } : null;
  if (!isMap(part)) return null;
  return specialOf(part) ?? (Object.keys(part).length === 0 ? { kind: "text", text: "{}" } : null);
}

function textToken(text: string): PayloadToken {
  const lines = linesOf(text);
  return lines.length === 1
    ? { kind: "text", text: quoted(text) }
    : { kind: "long", text: text.slice(0, LINE_MAX_CHARS), lines: lines.length };
}

/** A text by lines, long ones broken. */
export function linesOf(text: string): readonly string[] {
  if (text.length <= LINE_MAX_CHARS && !text.includes("\n")) return [text];
  const lines = text.replace(/\n$/, "").split("\n");
  return lines.flatMap((line) => {
    if (line.length <= LINE_MAX_CHARS) return [line];
    const parts: string[] = [];
    for (let from = 0; from < line.length; from += LINE_MAX_CHARS) parts.push(line.slice(from, from + LINE_MAX_CHARS));
    return parts;
  });
}

/** Words stand as they are; what could be taken for something else is quoted. */
const quoted = (text: string): string =>
  /^[\p{L}\p{N}_./:@-]+( [\p{L}\p{N}_./:@-]+)*$/u.test(text) && !AMBIGUOUS.test(text) ? text : JSON.stringify(text);
const AMBIGUOUS = /^(nil|true|false|-?[0-9][0-9.eE+-]*)$/;

/** Values that JSON cannot hold, as the codec tags them (`server/dynflow/domain/model.ts`). */
function specialOf(tagged: Tagged): PayloadToken | null {
  const text = (key: string): string => String(tagged[key]);
  if ("$ref" in tagged) return referenceOf(tagged);
  if (MASK_TAG in tagged) return { kind: "masked", text: text(MASK_TAG) };
  if ("$ext" in tagged) {
    const reason = text("$reason");
    return { kind: "special", type: `extension ${text("$ext")}`, text: `${bytesText(tagged.$bytes)}, ${reason}` };
  }
  if ("$marshal" in tagged) return marshalOf(tagged.$marshal);
  if ("$bytes" in tagged) return { kind: "special", type: "binary", text: bytesText(tagged.$bytes) };
  if ("$map" in tagged && Array.isArray(tagged.$map) && tagged.$map.length > 0) return null;
  if (!TAGS.some((tag) => tag in tagged) || Object.keys(tagged).length > 2) return null;
  for (const [key, type] of Object.entries(SPECIAL))
    if (key in tagged) return { kind: "special", type, text: text(key) };
  return null;
}
const SPECIAL: Readonly<Record<string, string>> = {
  $time: "Time",
  $time_with_zone: "TimeWithZone",
  $datetime: "DateTime",
  $date: "Date",
  $int: "Integer",
  $float: "Float",
};
const TAGS = Object.keys(SPECIAL);

function marshalOf(value: unknown): PayloadToken {
  const { class: name, bytes, sha256 } = isMap(value) ? value : {};
  const hash = typeof sha256 === "string" ? `, sha256 ${sha256.slice(0, 16)}…` : "";
  return {
    kind: "special",
    type: "Ruby Marshal, never decoded",
    text: `${String(name)}, ${String(bytes)} bytes${hash}`,
  };
}

function bytesText(base64: unknown): string {
  const count = Math.floor((String(base64).replace(/=+$/, "").length * 3) / 4);
  return `${count} ${count === 1 ? "byte" : "bytes"}`;
}

function referenceOf(tagged: Tagged): PayloadToken {
  const target = isMap(tagged.$ref) ? tagged.$ref : {};
  const { step_id: stepId, execution_plan_id: planId, subkeys } = target;
  return {
    kind: "reference",
    text: String(tagged.$text ?? "a reference"),
    planId: typeof planId === "string" ? planId : null,
    stepId: typeof stepId === "number" ? stepId : null,
    subkeys: Array.isArray(subkeys) ? subkeys.filter((key): key is string => typeof key === "string") : [],
  };
}
