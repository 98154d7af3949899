import type { ConfigurationPath } from "./fault.ts";

/**
 * Keys that are read and checked and have no effect in this version. A key leaves this list, and its note in the
 * schema, with the change that gives it one. `*` stands for every item of a list.
 */
export const INERT: readonly ConfigurationPath[] = [["masks"]];

/** Those of them that a document sets, as `limits.bulkOperator`: said in the log, so that nobody relies on them. */
export function inertKeysOf(document: unknown): readonly string[] {
  return INERT.filter((path) => isSet(document, path)).map((path) => path.join(".").replace(".*", "[]"));
}

function isSet(value: unknown, path: ConfigurationPath): boolean {
  const [head, ...rest] = path;
  if (head === undefined) return value !== undefined;
  if (head === "*") return Array.isArray(value) && value.some((item) => isSet(item, rest));
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, head)) return false;
  return isSet((value as Readonly<Record<string, unknown>>)[head], rest);
}
