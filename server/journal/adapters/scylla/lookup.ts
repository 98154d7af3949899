/** By what an event can be looked up in its stream. */
import type { JournalEvent } from "#server/contract/event.ts";
import { type Term, termsOf } from "#server/journal/domain/terms.ts";

export const idTerm = (id: string): Term => `i ${id}`;
export const subjectTerm = (subject: string): Term => `s ${subject}`;
export const kindTerm = (kind: string): Term => `k ${kind}`;
export const ownTerm = (term: Term): Term => `t ${term}`;

/** Every entry of the index that an event has. */
export const lookupTerms = (event: JournalEvent): readonly Term[] => [
  idTerm(event.id),
  subjectTerm(event.subject),
  kindTerm(event.kind),
  ...termsOf(event).map(ownTerm),
];

/** The stored event, not the draft: what is folded live is byte for byte what is folded after a restart. */
export const parseEvent = (bytes: Uint8Array): JournalEvent =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")) as JournalEvent;
