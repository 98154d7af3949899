/** What is wrong with what an agent sent: a code that programs tell apart, and where. */
export type MalformedCode =
  | "not-json"
  | "not-msgpack"
  | "truncated"
  | "trailing-bytes"
  | "too-deep"
  | "unsupported-ext"
  | "not-finite"
  | "bad-key"
  | "missing"
  | "not-object"
  | "not-list"
  | "not-text"
  | "not-number"
  | "out-of-range"
  | "not-time"
  | "too-long"
  | "too-many"
  | "unknown-op";

/** Thrown within the codec alone, and caught at its edge. */
export class Malformed extends Error {
  readonly code: MalformedCode;
  /** `items[3].at`; empty = the whole. */
  readonly path: string;

  constructor(code: MalformedCode, path: string) {
    super(path === "" ? code : `${path}: ${code}`);
    this.name = "Malformed";
    this.code = code;
    this.path = path;
  }
}

export interface Fault {
  readonly code: MalformedCode;
  readonly path: string;
}

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** Runs a decoder; what it finds malformed is its answer. */
export function decoding<T>(run: () => T): Decoded<T> {
  try {
    return { ok: true, value: run() };
  } catch (cause) {
    if (cause instanceof Malformed) return { ok: false, fault: { code: cause.code, path: cause.path } };
    throw cause;
  }
}
