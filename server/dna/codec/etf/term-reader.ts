import type { AtomTable } from "./atom-table.ts";
import { bignumOf } from "./integers.ts";
import { type EtfLimits, malformed, overLimit } from "./limits.ts";
import { REFERENCE_WORDS_MAX, TAG } from "./tags.ts";
import type {
  ExportTerm,
  FunTerm,
  ListTerm,
  MapTerm,
  PidTerm,
  PortTerm,
  ReferenceTerm,
  Term,
  TupleTerm,
} from "./term.ts";

const EMPTY_LIST: ListTerm = Object.freeze({ type: "list", items: Object.freeze([]), tail: null });
const EMPTY_TUPLE: TupleTerm = Object.freeze({ type: "tuple", items: Object.freeze([]) });
/** Arity, unique, index and number of free variables, before the module of a fun. */
const FUN_HEADER_BYTES = 1 + 16 + 4 + 4;

/**
 * A cursor over terms without their version byte. Nothing is allocated by a count before as many bytes are there, and bytes
 * that one count has spoken for are not there for a count inside of it: so what is allocated grows with what has arrived,
 * never with how deep counts stand in each other.
 */
export class TermReader {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly limits: EtfLimits;
  private readonly atoms: AtomTable;
  private termsLeft: number;
  /** Terms that counts have spoken for, and that have not begun yet. */
  private promised = 0;

  constructor(bytes: Uint8Array, at: number, limits: EtfLimits, atoms: AtomTable) {
    // Never a subclass: views of it are what terms carry.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.limits = limits;
    this.atoms = atoms;
    this.termsLeft = limits.termsMax;
  }

  /** The term at the cursor, which then stands after it. */
  term(depth: number): Term {
    const start = this.at;
    if (depth > this.limits.depthMax) throw overLimit(start, `terms deeper than ${this.limits.depthMax}`);
    this.count(1, start);
    const tag = this.u8();
    switch (tag) {
      case TAG.smallInteger:
        return this.u8();
      case TAG.integer:
        return this.i32();
      case TAG.smallAtomUtf8:
        return this.atomOf(this.u8(), true);
      case TAG.smallTuple:
        return this.tuple(this.u8(), depth);
      case TAG.nil:
        return EMPTY_LIST;
      case TAG.binary:
        return { type: "binary", bytes: this.take(this.u32()) };
      case TAG.list:
        return this.list(this.u32(), depth);
      case TAG.newPid:
        return this.pid();
      case TAG.map:
        return this.map(this.u32(), depth);
      case TAG.string:
        return this.string();
      case TAG.smallBig:
        return this.bignum(this.u8());
      case TAG.newFloat:
        return { type: "float", value: this.f64() };
      default:
        return this.rareTerm(tag, start, depth);
    }
  }

  private rareTerm(tag: number, start: number, depth: number): Term {
    switch (tag) {
      case TAG.largeTuple:
        return this.tuple(this.u32(), depth);
      case TAG.largeBig:
        return this.bignum(this.u32());
      case TAG.atomUtf8:
        return this.atomOf(this.u16(), true);
      case TAG.smallAtomLatin1:
        return this.atomOf(this.u8(), false);
      case TAG.atomLatin1:
        return this.atomOf(this.u16(), false);
      case TAG.bitBinary:
        return this.bitstring();
      case TAG.newerReference:
        return this.reference();
      case TAG.v4Port:
        return this.port(true);
      case TAG.newPort:
        return this.port(false);
      case TAG.newFun:
        return this.fun();
      case TAG.export:
        return this.exported();
      default:
        throw malformed(start, `tag ${tag} is not one a node sends us`);
    }
  }

  private tuple(arity: number, depth: number): TupleTerm {
    return arity === 0 ? EMPTY_TUPLE : { type: "tuple", items: this.terms(arity, depth + 1) };
  }

  private terms(count: number, depth: number): Term[] {
    this.promise(count);
    const items = new Array<Term>(count);
    for (let index = 0; index < count; index += 1) items[index] = this.promisedTerm(depth);
    return items;
  }

  /** A tail that is a list again continues it, without going deeper: so it is written by nobody, but allowed. */
  private list(count: number, depth: number): ListTerm {
    const items = this.terms(count, depth + 1);
    for (;;) {
      const start = this.at;
      const tag = this.u8();
      if (tag === TAG.nil) return { type: "list", items, tail: null };
      if (tag === TAG.list) {
        const more = this.u32();
        this.count(1, start);
        this.promise(more);
        for (let index = 0; index < more; index += 1) items.push(this.promisedTerm(depth + 1));
      } else if (tag === TAG.string) {
        for (const item of this.string().items) items.push(item);
        return { type: "list", items, tail: null };
      } else {
        this.at = start;
        if (items.length === 0) throw malformed(start, "a list of nothing but its tail");
        return { type: "list", items, tail: this.term(depth + 1) };
      }
    }
  }

  private string(): ListTerm {
    const start = this.at;
    const bytes = this.take(this.u16());
    this.count(bytes.length, start);
    return { type: "list", items: Array.from(bytes), tail: null };
  }

  private map(arity: number, depth: number): MapTerm {
    this.promise(2 * arity);
    const entries = new Array<readonly [Term, Term]>(arity);
    for (let index = 0; index < arity; index += 1)
      entries[index] = [this.promisedTerm(depth + 1), this.promisedTerm(depth + 1)];
    return { type: "map", entries };
  }

  private bignum(length: number): number | bigint {
    const start = this.at;
    if (length > this.limits.bignumBytesMax) throw overLimit(start, `an integer of ${length} bytes`);
    const sign = this.u8();
    if (sign > 1) throw malformed(start, `a sign of ${sign}`);
    const digits = this.skip(length);
    return bignumOf(this.bytes, digits, length, sign === 1);
  }

  private f64(): number {
    const start = this.skip(8);
    const value = this.view.getFloat64(start);
    if (!Number.isFinite(value)) throw malformed(start, "a float that is no number");
    return value;
  }

  private bitstring(): Term {
    const length = this.u32();
    const start = this.at;
    const lastBits = this.u8();
    if (lastBits < 1 || lastBits > 8 || length === 0) throw malformed(start, `${lastBits} bits in a last byte`);
    const bytes = this.take(length);
    return lastBits === 8 ? { type: "binary", bytes } : { type: "bitstring", bytes, lastBits };
  }

  private pid(): PidTerm {
    const node = this.atomName();
    return { type: "pid", node, id: this.u32(), serial: this.u32(), creation: this.u32() };
  }

  private port(wide: boolean): PortTerm {
    const node = this.atomName();
    const id = wide ? this.view.getBigUint64(this.skip(8)) : BigInt(this.u32());
    return { type: "port", node, id, creation: this.u32() };
  }

  private reference(): ReferenceTerm {
    const start = this.at;
    const count = this.u16();
    if (count < 1 || count > REFERENCE_WORDS_MAX) throw malformed(start, `a reference of ${count} words`);
    const node = this.atomName();
    const creation = this.u32();
    const words = new Array<number>(count);
    for (let index = 0; index < count; index += 1) words[index] = this.u32();
    return { type: "reference", node, creation, words };
  }

  private fun(): FunTerm {
    const start = this.at;
    const size = this.u32();
    if (size < 4 + FUN_HEADER_BYTES) throw malformed(start, `a fun of ${size} bytes`);
    const bytes = this.take(size - 4);
    const end = this.at;
    this.at = end - bytes.length + FUN_HEADER_BYTES;
    const module = this.atomName();
    if (this.at > end) throw malformed(start, "a fun whose module is beyond its end");
    this.at = end;
    return { type: "fun", module, arity: bytes[0] ?? 0, bytes };
  }

  private exported(): ExportTerm {
    const module = this.atomName();
    const name = this.atomName();
    const start = this.at;
    if (this.u8() !== TAG.smallInteger) throw malformed(start, "an arity that is none");
    return { type: "export", module, function: name, arity: this.u8() };
  }

  private atomName(): string {
    const start = this.at;
    const tag = this.u8();
    if (tag === TAG.smallAtomUtf8) return this.atomOf(this.u8(), true).name;
    if (tag === TAG.atomUtf8) return this.atomOf(this.u16(), true).name;
    if (tag === TAG.smallAtomLatin1) return this.atomOf(this.u8(), false).name;
    if (tag === TAG.atomLatin1) return this.atomOf(this.u16(), false).name;
    throw malformed(start, `tag ${tag} where an atom belongs`);
  }

  private atomOf(length: number, utf8: boolean) {
    const start = this.skip(length);
    return this.atoms.atom(this.bytes, start, length, utf8);
  }

  private take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  private u8(): number {
    return this.view.getUint8(this.skip(1));
  }

  private u16(): number {
    return this.view.getUint16(this.skip(2));
  }

  private u32(): number {
    return this.view.getUint32(this.skip(4));
  }

  private i32(): number {
    return this.view.getInt32(this.skip(4));
  }

  /** Moves on and answers where it stood. */
  private skip(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start) throw malformed(start, `cut: ${length} bytes belong here`);
    this.at = start + length;
    return start;
  }

  /** Each term is a byte at least. */
  private promise(count: number): void {
    if (count > this.bytes.length - this.at - this.promised)
      throw malformed(this.at, `cut: ${count} terms belong here`);
    if (count > this.termsLeft - this.promised) throw overLimit(this.at, `more than ${this.limits.termsMax} terms`);
    this.promised += count;
  }

  private promisedTerm(depth: number): Term {
    this.promised -= 1;
    return this.term(depth);
  }

  private count(terms: number, offset: number): void {
    this.termsLeft -= terms;
    if (this.termsLeft < 0) throw overLimit(offset, `more than ${this.limits.termsMax} terms`);
  }
}
