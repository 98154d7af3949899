import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { type JournalEvent, OPERATOR_STREAM, type StreamName } from "#server/contract/event.ts";
import { maskEvent } from "#server/contract/mask.ts";
import { seesEvent, seesStream, type VisibleStreams } from "#server/contract/visibility.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Journal } from "./ports.ts";

/** Reads the journal for people: newest first, only the streams the caller may see, masked for viewers. */
export function createJournalService(deps: { readonly journal: Pick<Journal, "range" | "heads"> }) {
  return {
    async range(caller: Caller, input: WireIn<typeof wire.rangeInput>): WireOut<typeof wire.rangeOutput> {
      const visible = visibleStreams(caller.principal);
      const streams = await streamsFor(visible, input.streams, deps.journal);
      const page = await deps.journal.range({
        streams,
        kinds: input.kinds,
        subject: input.subject,
        from: toEpoch(input.from),
        to: toEpoch(input.to),
        limit: input.limit,
        newestFirst: true,
        cursor: input.cursor,
      });
      const audience = audienceOf(caller.principal);
      const events: JournalEvent[] = page.events
        .filter((event) => seesEvent(visible, event))
        .map((event) => maskEvent(event, audience));
      return { events, nextCursor: page.nextCursor, horizon: page.horizon === null ? null : toIso(page.horizon) };
    },
  };
}

const toEpoch = (text: string | null) => (text === null ? null : epochMs(Date.parse(text)));

async function streamsFor(
  visible: VisibleStreams,
  asked: readonly StreamName[],
  journal: Pick<Journal, "heads">,
): Promise<readonly StreamName[]> {
  const hidden = asked.find((stream) => !seesStream(visible, stream));
  if (hidden !== undefined) throw new OpsError("not-found", `No stream ${hidden}`);
  if (asked.length > 0 || visible === "all") return asked;
  const known = (await journal.heads()).map((head) => head.stream).filter((stream) => seesStream(visible, stream));
  return known.length > 0 ? known : [OPERATOR_STREAM];
}
