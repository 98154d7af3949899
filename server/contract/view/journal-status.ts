import type { JournalStatus } from "#server/contract/live.ts";

/** What a console that only follows says to whoever wants to act on it. */
export function followerText(holder: string | null): string {
  return holder === null
    ? "This console follows, and nobody writes the journal at present: nothing can be done until somebody does."
    : `This console follows: ${holder} writes the journal. Act there.`;
}

/** Why nothing may be done now, as far as the journal decides; `null` = it is no obstacle. */
export function journalRefusal({ ok, reason, follows }: JournalStatus): string | null {
  if (follows !== undefined) return followerText(follows.holder);
  return ok ? null : `The journal cannot be written (${reason ?? "no reason known"}): no record, no action.`;
}
