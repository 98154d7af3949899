/** The journal as a file: JSON lines with each event exactly, or CSV for spreadsheets. */
import { isMasked, type JournalEvent } from "#server/contract/event.ts";
import { isAnything, isDoneBy, streamsDoneBy } from "#server/contract/event-filter.ts";
import type { ExportInput } from "#server/contract/wire/journal.ts";
import { toIso } from "#server/kernel/clock.ts";
import { csvLine } from "#server/kernel/csv.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { userTerm } from "./domain/terms.ts";
import type { Journal } from "./ports.ts";
import { ANY, readSeen, type Sight, streamsAsked, toEpoch } from "./sight.ts";

const PAGE_EVENTS = 500;

const COLUMNS = [
  "stream",
  "seq",
  "id",
  "kind",
  "subject",
  "occurredAt",
  "observedAt",
  "synthetic",
  "causedBy",
  "user",
  "role",
  "address",
  "reason",
  "body",
] as const;

/**
 * Everything that fits, a page at a time and only as fast as it is taken.
 *
 * @throws OpsError `not-found` for a stream that the caller may not see, before the first piece
 */
export async function* exportEvents(
  journal: Pick<Journal, "range">,
  sight: Sight,
  input: ExportInput,
): AsyncGenerator<string> {
  const query = {
    ...ANY,
    streams: streamsAsked(sight, streamsDoneBy(input.streams, input)),
    kinds: input.kinds,
    subject: input.subject,
    ...(input.user === null ? {} : { term: userTerm(input.user) }),
    from: input.from === null ? null : toEpoch(input.from),
    to: input.to === null ? null : toEpoch(input.to),
    limit: PAGE_EVENTS,
    newestFirst: false,
  };
  const keeps = (event: JournalEvent) => isAnything(input) || isDoneBy(event, input);
  yield headOf(input.format);
  let cursor: string | null = null;
  do {
    const page = await readSeen(journal, sight, { ...query, cursor }, keeps);
    const text = page.events.map((event) => lineOf(sight.shown(event), input.format)).join("");
    if (text !== "") yield text;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function headOf(format: ExportInput["format"]): string {
  switch (format) {
    case "jsonl":
      return "";
    case "csv":
      return csvLine(COLUMNS);
    default:
      return unreachable(format);
  }
}

function lineOf(event: JournalEvent, format: ExportInput["format"]): string {
  switch (format) {
    case "jsonl":
      return `${JSON.stringify(event)}\n`;
    case "csv":
      return csvLine(cellsOf(event));
    default:
      return unreachable(format);
  }
}

function cellsOf(event: JournalEvent): readonly string[] {
  const { stream, seq, id, kind, subject, occurredAt, observedAt, synthetic, causedBy, actor, body } = event;
  const address = actor === null ? "" : isMasked(actor.address) ? "(not shown)" : actor.address;
  return [
    stream,
    seq,
    id,
    kind,
    subject,
    toIso(occurredAt),
    toIso(observedAt),
    String(synthetic),
    causedBy ?? "",
    actor?.user ?? "",
    actor?.role ?? "",
    address,
    actor?.reason ?? "",
    JSON.stringify(body),
  ];
}
