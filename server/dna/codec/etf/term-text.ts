import { charlistOf, type Term, textOf } from "./term.ts";

const ITEMS_MAX = 12;
const DEPTH_MAX = 5;
const PRINTABLE = /^[\x20-\x7e]+$/;

/**
 * A term as people who know Erlang read it, for messages: long ones are cut. Not a format: two terms may look the same.
 * Never shown of what may hold an actor's data.
 */
export function termText(term: Term, charsMax = 200): string {
  const whole = show(term, 0);
  return whole.length > charsMax ? `${whole.slice(0, charsMax - 1)}…` : whole;
}

function show(term: Term, depth: number): string {
  if (typeof term !== "object") return String(term);
  if (depth > DEPTH_MAX) return "…";
  const many = (items: readonly Term[]): string => {
    const shown = items.slice(0, ITEMS_MAX).map((item) => show(item, depth + 1));
    return items.length > ITEMS_MAX ? `${shown.join(",")},…` : shown.join(",");
  };
  switch (term.type) {
    case "atom":
      return /^[a-z][A-Za-z0-9_@]*$/.test(term.name) ? term.name : `'${term.name}'`;
    case "float":
      return Number.isInteger(term.value) ? `${term.value}.0` : String(term.value);
    case "binary": {
      const content = textOf(term);
      return content !== null && PRINTABLE.test(content) ? `<<"${content}">>` : `<<${term.bytes.length} bytes>>`;
    }
    case "bitstring":
      return `<<${term.bytes.length - 1} bytes and ${term.lastBits} bits>>`;
    case "tuple":
      return `{${many(term.items)}}`;
    case "list": {
      const content = term.items.length > 0 ? charlistOf(term) : null;
      if (content !== null && PRINTABLE.test(content)) return `"${content}"`;
      return term.tail === null ? `[${many(term.items)}]` : `[${many(term.items)}|${show(term.tail, depth + 1)}]`;
    }
    case "map":
      return `#{${term.entries
        .slice(0, ITEMS_MAX)
        .map(([key, value]) => `${show(key, depth + 1)}=>${show(value, depth + 1)}`)
        .join(",")}${term.entries.length > ITEMS_MAX ? ",…" : ""}}`;
    case "pid":
      return `<${term.node}.${term.id}.${term.serial}>`;
    case "port":
      return `#Port<${term.node}.${term.id}>`;
    case "reference":
      return `#Ref<${term.node}.${term.words.join(".")}>`;
    case "fun":
      return `#Fun<${term.module}/${term.arity}>`;
    default:
      return `fun ${term.module}:${term.function}/${term.arity}`;
  }
}
