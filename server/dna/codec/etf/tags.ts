/** The first byte of each term. Source: Erlang/OTP 25 erts/doc/src/erl_ext_dist.xml. */
export const VERSION = 131;
export const TAG = {
  newFloat: 70,
  bitBinary: 77,
  compressed: 80,
  newPid: 88,
  newPort: 89,
  newerReference: 90,
  smallInteger: 97,
  integer: 98,
  atomLatin1: 100,
  smallTuple: 104,
  largeTuple: 105,
  nil: 106,
  string: 107,
  list: 108,
  binary: 109,
  smallBig: 110,
  largeBig: 111,
  newFun: 112,
  export: 113,
  smallAtomLatin1: 115,
  map: 116,
  atomUtf8: 118,
  smallAtomUtf8: 119,
  v4Port: 120,
} as const;

/** An atom has at most 255 characters, of at most four bytes each. */
export const ATOM_CHARS_MAX = 255;
export const ATOM_BYTES_MAX = 4 * ATOM_CHARS_MAX;
export const REFERENCE_WORDS_MAX = 5;
/** Longest list of bytes that is written as a string. */
export const STRING_MAX = 0xffff;
