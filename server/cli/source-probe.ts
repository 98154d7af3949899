import type { Finding } from "#server/kernel/finding.ts";

/** One configured source, the gateway for agents, or the journal's database, to be looked at by `worldline check` without changing anything in it. */
export interface SourceProbe {
  readonly id: string;
  readonly kind: "dna" | "dynflow" | "haf" | "ingest" | "journal";
  readonly title: string;
  /** Everything found, also when nothing answers. Bounded in time by itself; rejects only for faults of ours. */
  probe(): Promise<readonly Finding[]>;
}

/** What `worldline verify-journal` says. */
export interface JournalVerdict {
  readonly sound: boolean;
  readonly text: string;
}
