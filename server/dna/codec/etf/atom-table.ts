import { malformed } from "./limits.ts";
import { ATOM_BYTES_MAX, ATOM_CHARS_MAX } from "./tags.ts";
import type { AtomTerm } from "./term.ts";

const SLOTS = 256;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LATIN1 = new TextDecoder("latin1");

interface Known {
  readonly bytes: Uint8Array;
  readonly atom: AtomTerm;
}

/**
 * Atoms by their bytes, so that an answer with a million of them makes a few objects. A fixed number of places: a newcomer
 * takes the place of the one before it, so it never grows, whatever it is shown.
 */
export class AtomTable {
  private readonly known: (Known | undefined)[] = new Array<Known | undefined>(SLOTS).fill(undefined);

  /** The atom whose name is these bytes. @throws OpsError `upstream-malformed` when they are none */
  atom(bytes: Uint8Array, start: number, length: number, utf8: boolean): AtomTerm {
    const slot = slotOf(bytes, start, length);
    const found = utf8 ? this.known[slot] : undefined;
    if (found !== undefined && sameBytes(found.bytes, bytes, start, length)) return found.atom;
    const own = bytes.slice(start, start + length);
    const atom: AtomTerm = Object.freeze({ type: "atom", name: utf8 ? nameOf(own, start) : LATIN1.decode(own) });
    if (utf8) this.known[slot] = { bytes: own, atom };
    return atom;
  }
}

function nameOf(bytes: Uint8Array, offset: number): string {
  if (bytes.length > ATOM_BYTES_MAX) throw malformed(offset, `an atom of ${bytes.length} bytes`);
  try {
    const name = UTF8.decode(bytes);
    if (bytes.length <= ATOM_CHARS_MAX || Array.from(name).length <= ATOM_CHARS_MAX) return name;
  } catch {
    throw malformed(offset, "an atom that is no UTF-8");
  }
  throw malformed(offset, `an atom of more than ${ATOM_CHARS_MAX} characters`);
}

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let index = 0; index < length; index += 1) hash = (Math.imul(hash, 31) + (bytes[start + index] ?? 0)) | 0;
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SLOTS - 1);
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (known[index] !== bytes[start + index]) return false;
  return true;
}
