const LAST_CODE_POINT = 0x10ffff;
const LAST_BEFORE_SURROGATES = 0xd7ff;
const FIRST_AFTER_SURROGATES = 0xe000;

/**
 * The smallest text that is above every text starting with `prefix`, in the order of UTF-8 bytes (which is the order of
 * code points, unlike that of JavaScript's strings). `null` when there is none: every text above `prefix` starts so.
 */
export function upperBoundOf(prefix: string): string | null {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return null;
  points.push(last === LAST_BEFORE_SURROGATES ? FIRST_AFTER_SURROGATES : last + 1);
  return String.fromCodePoint(...points);
}

/** Compares as Cassandra and ScyllaDB order text: by its UTF-8 bytes. Below 0, 0 or above 0. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}
