import { kindOf, type MapTerm, type PidTerm, type Term, textOf } from "#server/dna/codec/etf/term.ts";
import type { ActorKey, Incarnation } from "#server/dna/domain/identity.ts";
import { epochMs } from "#server/kernel/clock.ts";

/** A term of another kind or value than was promised. Says what was expected and what kind came, never the value. */
export class UnreadableTerm extends Error {
  constructor(expected: string, term: Term | undefined) {
    super(`expected ${expected}, got ${describeTerm(term)}`);
    this.name = "UnreadableTerm";
  }
}

function describeTerm(term: Term | undefined): string {
  if (term === undefined) return "nothing";
  if (typeof term !== "object") return "an integer";
  if (term.type === "atom") return `the atom ${shown(term.name)}`;
  if (term.type === "tuple") return `a tuple of ${term.items.length}`;
  if (term.type === "list") return term.tail === null ? `a list of ${term.items.length}` : "an improper list";
  return `a ${kindOf(term)}`;
}

const SHOWN_MAX = 40;
const shown = (name: string): string => (name.length > SHOWN_MAX ? `${name.slice(0, SHOWN_MAX)}…` : name);

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INSTANT_MAX_MS = 8_640_000_000_000_000;

type Maybe = Term | undefined;

export function readAtom(term: Maybe): string {
  if (typeof term === "object" && term.type === "atom") return term.name;
  throw new UnreadableTerm("an atom", term);
}

/** A signed 64-bit integer: clocks, heartbeats and ids are none larger. */
export function readInt64(term: Maybe): bigint {
  const value = typeof term === "number" || typeof term === "bigint" ? BigInt(term) : null;
  if (value !== null && value >= INT64_MIN && value <= INT64_MAX) return value;
  throw new UnreadableTerm("a 64-bit integer", term);
}

/** Above 0. */
export function readPositive(term: Maybe): bigint {
  const value = readInt64(term);
  if (value > 0n) return value;
  throw new UnreadableTerm("a positive integer", term);
}

/** An integer that a JavaScript number holds exactly. */
export function readSmall(term: Maybe): number {
  if (typeof term === "number") return term;
  throw new UnreadableTerm("an integer below 2^53", term);
}

/** Not negative. */
export function readCount(term: Maybe): number {
  if (typeof term === "number" && term >= 0) return term;
  throw new UnreadableTerm("a count", term);
}

export function readText(term: Maybe): string {
  const text = textOf(term);
  if (text !== null) return text;
  throw new UnreadableTerm("text in UTF-8", term);
}

/** The items of a tuple of exactly this size. */
export function readTuple(term: Maybe, size: number): readonly Term[] {
  if (typeof term === "object" && term.type === "tuple" && term.items.length === size) return term.items;
  throw new UnreadableTerm(`a tuple of ${size}`, term);
}

/** The items of a proper list. */
export function readList(term: Maybe): readonly Term[] {
  if (typeof term === "object" && term.type === "list" && term.tail === null) return term.items;
  throw new UnreadableTerm("a list", term);
}

export function readPid(term: Maybe): PidTerm {
  if (typeof term === "object" && term.type === "pid") return term;
  throw new UnreadableTerm("a process", term);
}

export function readMap(term: Maybe): MapTerm {
  if (typeof term === "object" && term.type === "map") return term;
  throw new UnreadableTerm("a map", term);
}

/** The value under an atom. */
export function readField(map: MapTerm, name: string): Term {
  const entry = map.entries.find(([key]) => typeof key === "object" && key.type === "atom" && key.name === name);
  if (entry === undefined) throw new UnreadableTerm(`a map with ${name}`, map);
  return entry[1];
}

export const isNil = (term: Maybe): boolean => typeof term === "object" && term.type === "atom" && term.name === "nil";

/** The second of `{tag, value}`. */
export function readTagged(term: Maybe, tag: string): Term | undefined {
  const [first, second] = readTuple(term, 2);
  if (readAtom(first) !== tag) throw new UnreadableTerm(`{${tag}, …}`, term);
  return second;
}

/** `{created_at_ms, id}`. */
export function readIncarnation(term: Maybe): Incarnation {
  const [created, id] = readTuple(term, 2);
  const createdAt = readSmall(created);
  if (Math.abs(createdAt) > INSTANT_MAX_MS) throw new UnreadableTerm("an instant in ms", created);
  return { createdAt: epochMs(createdAt), id: readInt64(id) };
}

/** `{namespace, module_id, name}`. */
export function readKey(term: Maybe): ActorKey {
  const [namespace, moduleId, name] = readTuple(term, 3);
  return { namespace: readText(namespace), moduleId: readSmall(moduleId), name: readText(name) };
}

/** `[{key, value}, …]` with atoms for keys, as a look-up that refuses what is not there. */
export function readProperties(term: Maybe): (name: string) => Term {
  const found = new Map(
    readList(term).map((item) => {
      const [key, value] = readTuple(item, 2);
      return [readAtom(key), value] as const;
    }),
  );
  return (name) => {
    const value = found.get(name);
    if (value === undefined) throw new UnreadableTerm(`a list with ${name}`, term);
    return value;
  };
}
