/** Depth and breadth to which fields of a log line are looked into; what lies deeper is cut. */
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;
const MAX_TEXT = 8_000;

const SECRET_KEY = /^(.*(password|passwd|secret|cookie).*|token|authorization|api[-_]?key)$/i;
/** Our own tokens, and credentials in addresses, wherever they stand in a text. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\bwl_[0-9A-Za-z]{43}\b/g, "wl_(hidden)"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, "$1:(hidden)@"],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 (hidden)"],
];

/** The fields of a log line as JSON values: secrets hidden, errors with their causes, nothing endless. */
export function toLogFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return toFields(Object.entries(fields), 0);
}

function toFields(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
  const shown = entries.slice(0, MAX_ENTRIES).map(([key, value]) => {
    const hidden = SECRET_KEY.test(key) && value !== null && value !== undefined;
    return [key, hidden ? "(hidden)" : toLogValue(value, depth)] as const;
  });
  return Object.fromEntries(shown);
}

function toLogValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return hideIn(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return String(value.toString()).slice(0, 80);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "(deeper)";
  if (value instanceof Error) return toErrorFields(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => toLogValue(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return `(${value.size} entries)`;
  if ("toJSON" in value && typeof value.toJSON === "function") return toLogValue(value.toJSON(), depth + 1);
  return toFields(Object.entries(value), depth + 1);
}

function toErrorFields(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = error;
  return {
    ...toFields(Object.entries(rest), depth + 1),
    name: name,
    message: hideIn(message),
    stack: stack === undefined ? undefined : hideIn(stack),
    ...(cause === undefined ? {} : { cause: toLogValue(cause, depth + 1) }),
  };
}

function hideIn(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}(cut)` : text;
  return SECRET_TEXT.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), cut);
}
