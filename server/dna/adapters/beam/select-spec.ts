import type { BeamInstanceQuery } from "#server/dna/beam-ports.ts";
import { atom, bytes, list, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";

/** What of a query the node filters by. */
type Wanted = Omit<BeamInstanceQuery, "partition" | "limit">;

const NAME = atom("$3");
const ANY = atom("_");

/** Which of `{key, pid, value}` of a registry are wanted, as a match specification that the node itself filters by. */
export function registrySpec(query: Wanted): Term {
  return spec(tuple(keyPattern(query), atom("$4"), ANY), query);
}

/** The same for the rows `{key, {pid, value}}` of the table behind a registry. */
export function keyTableSpec(query: Wanted): Term {
  return spec(tuple(keyPattern(query), tuple(atom("$4"), ANY)), query);
}

function spec(head: Term, wanted: Wanted): Term {
  const { type } = wanted;
  const namespace = type === null ? atom("$1") : text(type.namespace);
  const moduleId = type === null ? atom("$2") : type.moduleId;
  // A tuple that is made, and not looked at, is a tuple in a tuple.
  const row = tuple(tuple(tuple(tuple(namespace, moduleId, NAME)), atom("$4")));
  return list([tuple(head, list(nameGuards(wanted)), list([row]))]);
}

const keyPattern = ({ type }: Wanted): Term =>
  type === null ? tuple(atom("$1"), atom("$2"), NAME) : tuple(text(type.namespace), type.moduleId, NAME);

/** Binaries compare byte by byte, so a beginning is a range. */
function nameGuards({ prefix, from, below }: Wanted): readonly Term[] {
  const start = text(prefix);
  const above = byteAfter(start.bytes);
  return [
    ...(prefix === "" ? [] : [guard(">=", start)]),
    ...(above === null ? [] : [guard("<", bytes(above))]),
    ...(from === undefined ? [] : [guard(">=", text(from))]),
    ...(below === undefined ? [] : [guard("<", text(below))]),
  ];
}

const guard = (comparison: ">=" | "<", bound: Term): Term => tuple(atom(comparison), NAME, bound);

/** The smallest bytes above all that begin with these; need be no UTF-8. */
function byteAfter(prefix: Uint8Array): Uint8Array | null {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return null;
  const above = prefix.slice(0, length);
  above[length - 1] = (above[length - 1] ?? 0) + 1;
  return above;
}
