import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { ConfigurationFault, ConfigurationPath } from "./fault.ts";

/** Enough for anchors that spare typing, too few for a document that explodes. */
const MAX_ALIASES = 100;

/** A YAML text as plain values, and the way back from a path in them to a line. */
export interface YamlDocument {
  /** `undefined` for an empty document. */
  readonly value: unknown;
  readonly faults: readonly ConfigurationFault[];
  /** Line of the deepest part of the path that is there; for a missing key that of its parent. */
  lineOf(path: ConfigurationPath): number | null;
}

/** Parses YAML 1.2 (core schema). Duplicate keys, unknown tags and a second document are faults. */
export function parseYaml(text: string): YamlDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, stringKeys: false });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    line: lineAt(error.pos[0]),
    path: "",
    message: `not valid YAML: ${error.message}`,
  }));
  const { value, fault } = toValue(document);
  return {
    value,
    faults: fault === null ? faults : [...faults, fault],
    lineOf: (path) => {
      const offset = offsetOf(document, path);
      return offset === null ? null : lineAt(offset);
    },
  };
}

function toValue(document: Document): { readonly value: unknown; readonly fault: ConfigurationFault | null } {
  if (document.errors.length > 0) return { value: undefined, fault: null };
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined, fault: null };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { value: undefined, fault: { line: null, path: "", message: `not valid YAML: ${message}` } };
  }
}

/** Offset of the key (in a mapping) or of the item (in a list) that the path leads to, as deep as it goes. */
function offsetOf(document: Document, path: ConfigurationPath): number | null {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of path) {
    const found = childOf(resolved(document, node), part);
    if (found === null) return offset;
    offset = found.offset ?? offset;
    node = found.node;
  }
  return offset;
}

function childOf(
  node: unknown,
  part: string | number,
): { readonly node: unknown; readonly offset: number | null } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
    return pair === undefined ? null : { node: pair.value, offset: startOf(pair.key) };
  }
  if (isSeq(node) && typeof part === "number") {
    const item = node.items[part];
    return item === undefined ? null : { node: item, offset: startOf(item) };
  }
  return null;
}

const resolved = (document: Document, node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

function startOf(node: unknown): number | null {
  return typeof node === "object" && node !== null && "range" in node ? ((node as Node).range?.[0] ?? null) : null;
}
