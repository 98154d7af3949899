/** Where one event stands in the journal: its drawer, with what was seen of the same thing around it. Pure. */
import { type Href, routes } from "#components/ui/routes.ts";
import type { JournalEvent } from "#server/contract/event.ts";

/** Longest subject that the journal can be asked for by. */
const SUBJECT_CHARS_MAX = 1_000;

export const eventPlace = ({ id, stream, subject }: JournalEvent): Href =>
  routes.journal({ stream, subject: subject.length > SUBJECT_CHARS_MAX ? null : subject, event: id });
