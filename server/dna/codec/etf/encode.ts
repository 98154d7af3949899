import { OpsError } from "#server/kernel/errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import { magnitudeOf } from "./integers.ts";
import { ETF_LIMITS } from "./limits.ts";
import { ATOM_CHARS_MAX, REFERENCE_WORDS_MAX, STRING_MAX, TAG, VERSION } from "./tags.ts";
import type { ListTerm, MapTerm, PidTerm, PortTerm, ReferenceTerm, Term } from "./term.ts";

const INT32_MIN = -0x8000_0000;
/** Ports up to here are written in the older form, which every node reads. */
const NARROW_PORT_MAX = 0xfff_ffffn;
const INT32_MAX = 0x7fff_ffff;
const UTF8 = new TextEncoder();

/**
 * A term with its version byte, byte for byte as a node that speaks UTF-8 atoms writes it.
 * @throws OpsError `invalid-input` for what is no term: an unsafe `number`, an atom too long, a float without end
 */
export function encodeTerm(term: Term): Uint8Array {
  const writer = new TermWriter();
  writer.versioned(term);
  return writer.bytes();
}

const refuse = (what: string): OpsError => new OpsError("invalid-input", `cannot be sent as an Erlang term: ${what}`);

/** Writes one term after the other. */
export class TermWriter extends ByteWriter {
  /** The term after its version byte. Throws as {@link encodeTerm}. */
  versioned(term: Term): void {
    this.u8(VERSION);
    this.term(term, 0);
  }

  private term(term: Term, depth: number): void {
    if (depth > ETF_LIMITS.depthMax) throw refuse(`deeper than ${ETF_LIMITS.depthMax}`);
    if (typeof term === "number") this.integer(term);
    else if (typeof term === "bigint") this.bignum(term);
    else this.boxed(term, depth);
  }

  private boxed(term: Exclude<Term, number | bigint>, depth: number): void {
    switch (term.type) {
      case "atom":
        this.atom(term.name);
        break;
      case "float":
        this.float(term.value);
        break;
      case "binary":
        this.sized(TAG.binary, term.bytes);
        break;
      case "bitstring":
        this.bitstring(term.bytes, term.lastBits);
        break;
      case "tuple":
        this.tuple(term.items, depth);
        break;
      case "list":
        this.list(term, depth);
        break;
      case "map":
        this.map(term, depth);
        break;
      case "pid":
        this.pid(term);
        break;
      case "port":
        this.port(term);
        break;
      case "reference":
        this.reference(term);
        break;
      case "fun":
        this.u8(TAG.newFun);
        this.u32(term.bytes.length + 4);
        this.raw(term.bytes);
        break;
      default:
        this.u8(TAG.export);
        this.atom(term.module);
        this.atom(term.function);
        this.integer(term.arity);
    }
  }

  private integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw refuse(`${value} is no safe integer`);
    if (value >= 0 && value <= 0xff) {
      this.u8(TAG.smallInteger);
      this.u8(value);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
      this.u8(TAG.integer);
      this.u32(value >>> 0);
    } else this.big(BigInt(value));
  }

  private bignum(value: bigint): void {
    if (value >= BigInt(INT32_MIN) && value <= BigInt(INT32_MAX)) this.integer(Number(value));
    else this.big(value);
  }

  private big(value: bigint): void {
    const magnitude = magnitudeOf(value);
    if (magnitude.length > ETF_LIMITS.bignumBytesMax) throw refuse(`an integer of ${magnitude.length} bytes`);
    if (magnitude.length <= 0xff) {
      this.u8(TAG.smallBig);
      this.u8(magnitude.length);
    } else {
      this.u8(TAG.largeBig);
      this.u32(magnitude.length);
    }
    this.u8(value < 0n ? 1 : 0);
    this.raw(magnitude);
  }

  private float(value: number): void {
    if (!Number.isFinite(value)) throw refuse(`the float ${value}`);
    this.u8(TAG.newFloat);
    this.f64(value);
  }

  private atom(name: string): void {
    const bytes = UTF8.encode(name);
    if (name.length > ATOM_CHARS_MAX && Array.from(name).length > ATOM_CHARS_MAX) {
      throw refuse(`an atom of more than ${ATOM_CHARS_MAX} characters`);
    }
    if (bytes.length <= 0xff) {
      this.u8(TAG.smallAtomUtf8);
      this.u8(bytes.length);
    } else {
      this.u8(TAG.atomUtf8);
      this.u16(bytes.length);
    }
    this.raw(bytes);
  }

  private sized(tag: number, bytes: Uint8Array): void {
    this.u8(tag);
    this.u32(bytes.length);
    this.raw(bytes);
  }

  private bitstring(bytes: Uint8Array, lastBits: number): void {
    if (bytes.length === 0 || lastBits < 1 || lastBits > 7) throw refuse(`${lastBits} bits in a last byte`);
    this.u8(TAG.bitBinary);
    this.u32(bytes.length);
    this.u8(lastBits);
    this.raw(bytes);
  }

  private tuple(items: readonly Term[], depth: number): void {
    if (items.length <= 0xff) {
      this.u8(TAG.smallTuple);
      this.u8(items.length);
    } else {
      this.u8(TAG.largeTuple);
      this.u32(items.length);
    }
    for (const item of items) this.term(item, depth + 1);
  }

  private list({ items, tail }: ListTerm, depth: number): void {
    if (items.length === 0) {
      if (tail !== null) throw refuse("a list of nothing but its tail");
      this.u8(TAG.nil);
    } else if (tail === null && isString(items)) {
      this.u8(TAG.string);
      this.u16(items.length);
      this.raw(Uint8Array.from(items));
    } else this.longList(items, tail, depth);
  }

  private longList(items: readonly Term[], tail: Term | null, depth: number): void {
    if (tail !== null && typeof tail === "object" && tail.type === "list") throw refuse("a list as a tail");
    this.u8(TAG.list);
    this.u32(items.length);
    for (const item of items) this.term(item, depth + 1);
    if (tail === null) this.u8(TAG.nil);
    else this.term(tail, depth + 1);
  }

  private map({ entries }: MapTerm, depth: number): void {
    this.u8(TAG.map);
    this.u32(entries.length);
    for (const [key, value] of entries) {
      this.term(key, depth + 1);
      this.term(value, depth + 1);
    }
  }

  private pid({ node, id, serial, creation }: PidTerm): void {
    this.u8(TAG.newPid);
    this.atom(node);
    for (const word of [id, serial, creation]) this.u32(word);
  }

  private port({ node, id, creation }: PortTerm): void {
    const wide = id > NARROW_PORT_MAX;
    this.u8(wide ? TAG.v4Port : TAG.newPort);
    this.atom(node);
    if (wide) this.u64(id);
    else this.u32(Number(id));
    this.u32(creation);
  }

  private reference({ node, creation, words }: ReferenceTerm): void {
    if (words.length < 1 || words.length > REFERENCE_WORDS_MAX) throw refuse(`a reference of ${words.length} words`);
    this.u8(TAG.newerReference);
    this.u16(words.length);
    this.atom(node);
    this.u32(creation);
    for (const word of words) this.u32(word);
  }
}

function isString(items: readonly Term[]): items is readonly number[] {
  if (items.length > STRING_MAX) return false;
  for (const item of items) {
    if (typeof item !== "number" || item < 0 || item > 0xff || !Number.isInteger(item)) return false;
  }
  return true;
}
