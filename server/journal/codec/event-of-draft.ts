import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";

/** What the journal gives a draft when it becomes an event. */
export interface GivenToEvent {
  readonly id: string;
  readonly stream: string;
  readonly seq: number;
  /** Epoch ms. */
  readonly observedAt: number;
}

/** The event whose JSON, with its members in this order, is what is stored, hashed and answered, whatever keeps it. */
export function eventOfDraft(draft: EventDraft, { id, stream, seq, observedAt }: GivenToEvent): JournalEvent {
  const { kind, subject, occurredAt, body } = draft;
  const event = {
    id,
    stream,
    seq: String(seq),
    kind,
    subject,
    occurredAt,
    observedAt: epochMs(observedAt),
    synthetic: draft.synthetic ?? false,
    causedBy: draft.causedBy ?? null,
    actor: draft.actor ?? null,
    body,
  };
  // Kind and body come from one draft, so they fit each other.
  return event as JournalEvent;
}
