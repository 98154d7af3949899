/**
 * Erlang terms as data.
 *
 * Integers are `number` where they are safe integers, else `bigint`: always so, on both ways, so that `===` compares
 * them. Everything else is told by its `type`; a float is boxed because 1 and 1.0 are two terms. A list of small
 * integers is a list whether the node sent it as a string or not. Bytes are views of what was decoded: who keeps them
 * longer than the answer copies them.
 *
 * Source: Erlang/OTP 25 erts/doc/src/erl_ext_dist.xml.
 */
export type Term =
  | number
  | bigint
  | AtomTerm
  | FloatTerm
  | BinaryTerm
  | BitstringTerm
  | TupleTerm
  | ListTerm
  | MapTerm
  | PidTerm
  | PortTerm
  | ReferenceTerm
  | FunTerm
  | ExportTerm;

export interface AtomTerm {
  readonly type: "atom";
  /** Elixir's modules carry their prefix: `Elixir.Dna.Server`. */
  readonly name: string;
}

export interface FloatTerm {
  readonly type: "float";
  /** Finite: Erlang has no other. */
  readonly value: number;
}

export interface BinaryTerm {
  readonly type: "binary";
  readonly bytes: Uint8Array;
}

/** A binary whose last byte counts only `lastBits` (1 to 7) of its high bits. */
export interface BitstringTerm {
  readonly type: "bitstring";
  readonly bytes: Uint8Array;
  readonly lastBits: number;
}

export interface TupleTerm {
  readonly type: "tuple";
  readonly items: readonly Term[];
}

export interface ListTerm {
  readonly type: "list";
  readonly items: readonly Term[];
  /** `null` = a proper list; anything else (never a list) makes it improper: `[1 | tail]`. */
  readonly tail: Term | null;
}

export interface MapTerm {
  readonly type: "map";
  /** In the order of the wire, which means nothing. */
  readonly entries: readonly (readonly [key: Term, value: Term])[];
}

export interface PidTerm {
  readonly type: "pid";
  readonly node: string;
  readonly id: number;
  readonly serial: number;
  readonly creation: number;
}

export interface PortTerm {
  readonly type: "port";
  readonly node: string;
  readonly id: bigint;
  readonly creation: number;
}

export interface ReferenceTerm {
  readonly type: "reference";
  readonly node: string;
  readonly creation: number;
  /** One to five words of 32 bits. */
  readonly words: readonly number[];
}

/** A fun made on a node. Opaque: it can be passed back, and that is all. */
export interface FunTerm {
  readonly type: "fun";
  readonly module: string;
  readonly arity: number;
  /** All that follows its size on the wire. */
  readonly bytes: Uint8Array;
}

/** `fun module:function/arity`. */
export interface ExportTerm {
  readonly type: "export";
  readonly module: string;
  readonly function: string;
  readonly arity: number;
}

export const atom = (name: string): AtomTerm => ({ type: "atom", name });
export const float = (value: number): FloatTerm => ({ type: "float", value });
export const tuple = (...items: readonly Term[]): TupleTerm => ({ type: "tuple", items });
export const list = (items: readonly Term[], tail: Term | null = null): ListTerm => ({ type: "list", items, tail });
export const map = (entries: readonly (readonly [Term, Term])[]): MapTerm => ({ type: "map", entries });
export const bytes = (value: Uint8Array): BinaryTerm => ({ type: "binary", bytes: value });
export const externalFun = (module: string, name: string, arity: number): ExportTerm => ({
  type: "export",
  module,
  function: name,
  arity,
});

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as a binary in UTF-8, which is what Elixir calls a string. */
export const text = (value: string): BinaryTerm => ({ type: "binary", bytes: ENCODER.encode(value) });

/** A list of code points, which is what Erlang calls a string. */
export const charlist = (value: string): ListTerm => list(Array.from(value, (char) => char.codePointAt(0) ?? 0));

export const isInteger = (term: Term): term is number | bigint => typeof term === "number" || typeof term === "bigint";

/** Which kind of term it is; `integer` for both forms of one. */
export const kindOf = (term: Term): "integer" | Exclude<Term, number | bigint>["type"] =>
  typeof term === "object" ? term.type : "integer";

/** Whether it is this atom. */
export const isAtom = (term: Term | undefined, name: string): boolean =>
  typeof term === "object" && term.type === "atom" && term.name === name;

/** The items of a tuple of this size whose first is this atom, else `null`. */
export function tagged(term: Term, tag: string, size: number): readonly Term[] | null {
  if (typeof term !== "object" || term.type !== "tuple" || term.items.length !== size) return null;
  return isAtom(term.items[0], tag) ? term.items : null;
}

/** The text of a binary in UTF-8; `null` when it is something else. */
export function textOf(term: Term | undefined): string | null {
  if (typeof term !== "object" || term.type !== "binary") return null;
  try {
    return DECODER.decode(term.bytes);
  } catch {
    return null; // no UTF-8
  }
}

/** The text of a list of code points (an Erlang string); `null` when it is something else. */
export function charlistOf(term: Term | undefined): string | null {
  if (typeof term !== "object" || term.type !== "list" || term.tail !== null) return null;
  const parts: string[] = [];
  for (const item of term.items) {
    if (typeof item !== "number" || item < 0 || item > 0x10ffff) return null;
    parts.push(String.fromCodePoint(item));
  }
  return parts.join("");
}

/** A process as Erlang prints it from afar: `<0.312.0>`. Good as an opaque name on one node only. */
export const pidText = (pid: PidTerm): string => `<0.${pid.id}.${pid.serial}>`;
