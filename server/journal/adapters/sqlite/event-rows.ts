/** From drafts to events: numbers, identities and times are given here, in the order of the journal. */
import type { EventDraft } from "#server/contract/event.ts";
import { eventOfDraft } from "#server/journal/codec/event-of-draft.ts";
import { termsOf } from "#server/journal/domain/terms.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ChainFile, StreamState } from "./chain-file.ts";
import type { AppendArgs } from "./protocol.ts";
import type { EventRow } from "./segment.ts";

const DRAFTS_MAX = 10_000;
const EVENT_BYTES_MAX = 4 * 1024 * 1024;
const NAME_CHARS_MAX = 200;

/** One append made ready: rows to add, and for each draft its event as JSON, stored before or to be. */
export interface PreparedAppend {
  readonly rows: readonly EventRow[];
  readonly texts: readonly string[];
}

/** What earlier appends of the same transaction will have stored. */
export interface Pending {
  readonly heads: Map<string, StreamState>;
  /** By `stream` and id, joined by a NUL. */
  readonly texts: Map<string, string>;
  /** A new event's id from its time of observation. */
  readonly newId: (observedAt: number) => string;
}

/**
 * Numbers the drafts behind the last event of their stream. A draft whose id the stream holds already gets the stored
 * event and no row. Changes `pending` only when it succeeds.
 *
 * @throws OpsError `limit-exceeded` for more than 10,000 drafts or an event of more than 4 MiB
 */
export function prepareAppend(
  file: ChainFile,
  pending: Pending,
  { stream, at, drafts: json }: AppendArgs,
): PreparedAppend {
  const drafts = JSON.parse(json) as readonly EventDraft[];
  if (drafts.length > DRAFTS_MAX) throw new OpsError("limit-exceeded", `At most ${DRAFTS_MAX} events at once`);
  if (stream.length > NAME_CHARS_MAX) throw new OpsError("limit-exceeded", "The name of a stream is too long");
  const head = pending.heads.get(stream) ?? file.heads().get(stream) ?? { seq: 0, observedAt: 0 };
  // A wall clock that was set back is taken as standing still: in a stream time follows number.
  const observedAt = Math.max(at, head.observedAt);
  const rows: EventRow[] = [];
  const added = new Map<string, string>();
  const texts = drafts.map((draft) => {
    const known = draft.id === undefined ? null : knownText(draft.id);
    if (known !== null) return known;
    const row = rowOf(draft, { stream, seq: head.seq + rows.length + 1, observedAt, newId: pending.newId });
    rows.push(row);
    added.set(pendingKey(stream, row.id), row.text);
    return row.text;
  });
  for (const [key, text] of added) pending.texts.set(key, text);
  if (rows.length > 0) pending.heads.set(stream, { seq: head.seq + rows.length, observedAt });
  return { rows, texts };

  function knownText(id: string): string | null {
    const key = pendingKey(stream, id);
    return added.get(key) ?? pending.texts.get(key) ?? file.byId(stream, id);
  }
}

const pendingKey = (stream: string, id: string): string => `${stream}\0${id}`;

interface Given {
  readonly stream: string;
  readonly seq: number;
  readonly observedAt: number;
  readonly newId: Pending["newId"];
}

function rowOf(draft: EventDraft, { stream, seq, observedAt, newId }: Given): EventRow {
  const id = draft.id ?? newId(observedAt);
  const { kind, subject } = draft;
  const event = eventOfDraft(draft, { id, stream, seq, observedAt });
  const text = JSON.stringify(event);
  if (Buffer.byteLength(text) > EVENT_BYTES_MAX) {
    throw new OpsError("limit-exceeded", `An event of kind ${kind} is larger than ${EVENT_BYTES_MAX} bytes`);
  }
  return { stream, seq, id, kind, subject, observedAt, terms: termsOf(event), text };
}
