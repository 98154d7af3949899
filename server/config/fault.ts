/** One thing wrong in a configuration. */
export interface ConfigurationFault {
  /** From 1; `null` when the fault belongs to no line (a file that cannot be read). */
  readonly line: number | null;
  /** Where in the document, `dna[0].scylla.keyspace`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** All faults of a configuration at once. The console does not start with any. */
export class ConfigurationError extends Error {
  readonly file: string | null;
  readonly faults: readonly ConfigurationFault[];

  constructor(file: string | null, faults: readonly ConfigurationFault[]) {
    super(describeFaults(file, faults));
    this.name = "ConfigurationError";
    this.file = file;
    this.faults = faults;
  }
}

/** For people: the count, then one line a fault in the order of the file, as `file:line path: message`. */
function describeFaults(file: string | null, faults: readonly ConfigurationFault[]): string {
  const name = file ?? "configuration";
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const lines = sortFaults(faults).map((fault) => {
    const place = fault.line === null ? name : `${name}:${fault.line}`;
    return `  ${place} ${fault.path === "" ? "" : `${fault.path}: `}${fault.message}`;
  });
  return [`The configuration has ${count}:`, ...lines].join("\n");
}

export const sortFaults = (faults: readonly ConfigurationFault[]): readonly ConfigurationFault[] =>
  [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));

export type ConfigurationPath = readonly (string | number)[];

/** `["dna", 0, "scylla"]` as `dna[0].scylla`. */
export function pathText(path: ConfigurationPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}
