/** How a journal in ScyllaDB or Cassandra is opened, and what it can do beyond the ports. */
import type { ConnectionOptions } from "node:tls";
import type { GivenKeySource } from "#server/journal/adapters/given-key.ts";
import type { ChainName } from "#server/journal/domain/chains.ts";
import type { Journal, JournalRetention, SharedNotes, StateStore, WriterRole } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";

/** Where the journal's tables are. */
export interface ScyllaPlace {
  /** `host:port`, or `host` for port 9042. */
  readonly contactPoints: readonly string[];
  /** LOCAL_SERIAL orders writes within one data centre only: every console names the same one. */
  readonly localDataCenter: string;
  /** Exactly as the database spells it. Never one that holds tables of somebody else. */
  readonly keyspace: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** In full, as Node's TLS takes it; in the clear when left out. */
  readonly tls?: ConnectionOptions;
}

export interface LeaseTimes {
  /** A holder whose beat has not changed for so long, as the one who waits has measured, has lost the journal. */
  readonly leaseMs: number;
  /** The holder beats this often. */
  readonly beatMs: number;
}

export interface ScyllaJournalOptions extends ScyllaPlace {
  /** The key of the audit chain: always from outside, because every console on one store needs the same. */
  readonly key: GivenKeySource;
  /** Copies by data centre for a keyspace that has to be made; `null` = it has to exist. */
  readonly replication: Readonly<Record<string, number>> | null;
  /** Gives events their time of observation, and measures the lease. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Names this process for people, as `host:pid`. */
  readonly holder: string;
  /** 10 s and 2 s unless told. */
  readonly lease?: LeaseTimes;
  /** False: never writes and makes no tables, as for a check. True unless told. */
  readonly writes?: boolean;
  /** Events a segment takes; 5,000 unless told. */
  readonly segmentEvents?: number;
}

/** The newest event of a stream with its hash: noted outside, it proves later that nothing was dropped. */
export interface ScyllaChainHead {
  readonly chain: ChainName;
  readonly stream: string;
  readonly position: number;
  /** Lowercase hex of 32 bytes. */
  readonly hash: string;
}

export interface ScyllaChainFault {
  /** `null` = the journal as a whole. */
  readonly chain: ChainName | null;
  /** Stream and segment, for people. */
  readonly file: string;
  /** Number in the stream from which nothing more can be said, where that is known. */
  readonly position: number | null;
  readonly what: string;
}

export interface ScyllaChainVerdict {
  readonly ok: boolean;
  readonly events: number;
  /** The last sound event of each stream. */
  readonly heads: readonly ScyllaChainHead[];
  /** The first fault of each stream: behind it nothing can be said. */
  readonly faults: readonly ScyllaChainFault[];
}

/**
 * Beyond what `Journal` promises: up to 200 events or 100 kB are appended at once, all or none; of a larger append that
 * fails the first part may be there, and the same ids append only the rest. When the database stops answering, an append
 * rejects with `journal-unavailable` though it may have been taken: that is found out before the next one, and readers
 * see it then. On a follower every write rejects with `refused`, naming who writes.
 */
export interface ScyllaJournal extends Journal, JournalRetention {
  /** Writes are `refused` while another process holds the journal. */
  readonly state: StateStore;
  readonly notes: SharedNotes;
  readonly role: WriterRole;
  chainHeads(): Promise<readonly ScyllaChainHead[]>;
  /** Walks every event of every stream, beside a running writer. Never rejects. */
  verifyChain(): Promise<ScyllaChainVerdict>;
}
