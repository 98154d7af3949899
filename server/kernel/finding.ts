/** One thing that was looked at in a source, without changing anything in it: what `worldline check` prints. */
export interface Finding {
  readonly area: "connection" | "rights" | "capability";
  /** `missing` makes the check fail; `note` is worth knowing and no fault. */
  readonly verdict: "ok" | "missing" | "note";
  readonly text: string;
  /** The exact statement or setting that mends it, ready to paste; `null` = nothing to mend. */
  readonly remedy: string | null;
}

type Look = (text: string, remedy?: string) => Finding;
const finding =
  (area: Finding["area"], verdict: Finding["verdict"]): Look =>
  (text, remedy) => ({ area, verdict, text, remedy: remedy ?? null });

/** `found.rights.missing("may not read x", "GRANT …")`. */
export const found = {
  connection: {
    ok: finding("connection", "ok"),
    missing: finding("connection", "missing"),
    note: finding("connection", "note"),
  },
  rights: { ok: finding("rights", "ok"), missing: finding("rights", "missing"), note: finding("rights", "note") },
  capability: {
    ok: finding("capability", "ok"),
    missing: finding("capability", "missing"),
    note: finding("capability", "note"),
  },
} as const;
