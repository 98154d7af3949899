/** What `worldline check` asks a source, and what it is told. */

/** One thing that was looked at. */
export interface Finding {
  readonly area: "connection" | "rights" | "capability";
  /** `missing` makes the check fail; `note` is worth knowing and no fault. */
  readonly verdict: "ok" | "missing" | "note";
  readonly text: string;
  /** The exact statement or setting that mends it, ready to paste; `null` = nothing to mend. */
  readonly remedy: string | null;
}

/** One configured source, to be looked at without changing anything in it. */
export interface SourceProbe {
  readonly id: string;
  readonly kind: "dna" | "dynflow";
  readonly title: string;
  /** Everything found, also when nothing answers. Bounded in time by itself; rejects only for faults of ours. */
  probe(): Promise<readonly Finding[]>;
}
