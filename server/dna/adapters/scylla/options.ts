import type { ConnectionOptions } from "node:tls";

/** One keyspace that holds DNA's tables, and how to get there. */
export interface ScyllaOptions {
  /** `host:port`, or `host` for port 9042. */
  readonly contactPoints: readonly string[];
  /** The data centre that DNA itself writes in: LOCAL_SERIAL only orders writes within one. */
  readonly localDataCenter: string;
  /** Exactly as the database spells it. */
  readonly keyspace: string;
  readonly username?: string;
  readonly password?: string;
  /** In full, as Node's TLS takes it; in the clear when left out. */
  readonly tls?: ConnectionOptions;
}
