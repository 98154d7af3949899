/** What the database says of a keyspace that decides whether DNA can be right in it at all. */

/** What a product takes beside plain CQL; everything is off where it was not detected. */
export interface DatabaseCapabilities {
  /** `BYPASS CACHE` on SELECT: a walk leaves the cache to DNA. */
  readonly bypassCache: boolean;
  /** `USING TIMEOUT` on a statement. */
  readonly usingTimeout: boolean;
}

export const PLAIN_CQL: DatabaseCapabilities = { bypassCache: false, usingTimeout: false };
export const SCYLLA_CQL: DatabaseCapabilities = { bypassCache: true, usingTimeout: true };

/** `none`: the product has no tablets. `not-told`: it may have, and does not say. */
export type Tablets = "on" | "off" | "none" | "not-told";

export interface Replication {
  /** Short name of the strategy, e.g. `NetworkTopologyStrategy`. */
  readonly strategy: string;
  /** Copies by data centre; empty for strategies that know none. */
  readonly byDataCenter: Readonly<Record<string, number>>;
}

export interface KeyspaceFacts {
  readonly keyspace: string;
  readonly product: "cassandra" | "scylla" | "simulator";
  /** The product's own version; `null` when it is not told. */
  readonly version: string | null;
  readonly capabilities: DatabaseCapabilities;
  readonly tablets: Tablets;
  readonly replication: Replication;
  /** How long deleted rows of `actors` are kept, in seconds; `null` = not told. */
  readonly gcGraceSec: number | null;
}

/** The first release of ScyllaDB whose documentation takes conditional writes on tablets. */
const LWT_ON_TABLETS_FROM = { major: 2025, minor: 4 } as const;

/**
 * Whether conditional writes, and thereby DNA, are refused in this keyspace: ScyllaDB did so on tablets up to 2025.3.
 *
 * @returns `null` when it cannot be told: tablets may be on, or are, and the version is not known
 */
export function refusesLwt({ tablets, version }: Pick<KeyspaceFacts, "tablets" | "version">): boolean | null {
  if (tablets === "none" || tablets === "off") return false;
  const parsed = /^(\d+)\.(\d+)/.exec(version ?? "");
  if (parsed === null) return null;
  const [major, minor] = [Number(parsed[1]), Number(parsed[2])];
  const taken =
    major > LWT_ON_TABLETS_FROM.major || (major === LWT_ON_TABLETS_FROM.major && minor >= LWT_ON_TABLETS_FROM.minor);
  if (taken) return false;
  return tablets === "on" ? true : null;
}

/** Replication as the schema tables spell it. */
export function parseReplication(options: Readonly<Record<string, string>>): Replication {
  const { class: strategy = "", replication_factor: _simple, ...others } = options;
  const byDataCenter = Object.fromEntries(
    Object.entries(others)
      .map(([name, copies]) => [name, Number.parseInt(copies, 10)] as const)
      .filter(([, copies]) => copies > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return { strategy: strategy.slice(strategy.lastIndexOf(".") + 1), byDataCenter };
}
