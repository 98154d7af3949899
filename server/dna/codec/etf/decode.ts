import { OpsError } from "#server/kernel/errors.ts";
import { AtomTable } from "./atom-table.ts";
import { ETF_LIMITS, type EtfLimits, malformed, overLimit } from "./limits.ts";
import { TAG, VERSION } from "./tags.ts";
import type { Term } from "./term.ts";
import { TermReader } from "./term-reader.ts";

export interface EtfDecodeOptions {
  readonly limits?: Partial<EtfLimits>;
  /** Kept by who decodes much of the same node. */
  readonly atoms?: AtomTable;
  /**
   * Inflates zlib data to exactly `size` bytes, or throws; must not make more. Without it compressed terms are refused: no
   * node sends them unless asked to.
   */
  readonly inflate?: (bytes: Uint8Array, size: number) => Uint8Array;
}

/** One term, and the byte after it. */
export interface DecodedTerm {
  readonly term: Term;
  readonly end: number;
}

/**
 * Decodes one whole term with its version byte.
 * @throws OpsError `upstream-malformed` or `limit-exceeded`, both with `details.offset`
 */
export function decodeTerm(bytes: Uint8Array, options: EtfDecodeOptions = {}): Term {
  const { term, end } = decodeTermAt(bytes, 0, options);
  if (end !== bytes.length) throw malformed(end, `${bytes.length - end} bytes after the term`);
  return term;
}

/** Decodes the term that begins at `offset` with its version byte; a compressed one takes all that is left. Throws as {@link decodeTerm}. */
export function decodeTermAt(bytes: Uint8Array, offset: number, options: EtfDecodeOptions = {}): DecodedTerm {
  const limits = options.limits === undefined ? ETF_LIMITS : { ...ETF_LIMITS, ...options.limits };
  const atoms = options.atoms ?? new AtomTable();
  if (bytes[offset] !== VERSION) throw malformed(offset, `not version ${VERSION}`);
  if (bytes[offset + 1] === TAG.compressed) return compressed(bytes, offset + 2, { ...options, limits, atoms });
  const reader = new TermReader(bytes, offset + 1, limits, atoms);
  const term = reader.term(0);
  return { term, end: reader.at };
}

function compressed(
  bytes: Uint8Array,
  offset: number,
  options: EtfDecodeOptions & { readonly limits: EtfLimits; readonly atoms: AtomTable },
): DecodedTerm {
  if (bytes.length - offset < 4) throw malformed(offset, "cut in the size of a compressed term");
  const size = new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0);
  if (options.inflate === undefined) throw malformed(offset, "a compressed term, which nobody asked for");
  if (size > options.limits.inflatedBytesMax) throw overLimit(offset, `a compressed term of ${size} bytes`);
  let inflated: Uint8Array;
  try {
    inflated = options.inflate(bytes.subarray(offset + 4), size);
  } catch (cause) {
    throw new OpsError("upstream-malformed", `external term, byte ${offset + 4}: a compressed term that is none`, {
      cause,
      details: { offset: offset + 4 },
    });
  }
  if (inflated.length !== size) throw malformed(offset, `a compressed term of another size than the ${size} it says`);
  const reader = new TermReader(inflated, 0, options.limits, options.atoms);
  const term = reader.term(0);
  if (reader.at !== inflated.length) throw malformed(offset, "bytes after the term inside a compressed term");
  return { term, end: bytes.length };
}
