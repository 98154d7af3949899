import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { type JournalEvent, OPERATOR_STREAM, type StreamName } from "#server/contract/event.ts";
import { isAnything, isDoneBy, streamsDoneBy } from "#server/contract/event-filter.ts";
import { maskEvent } from "#server/contract/mask.ts";
import { seesEvent, seesStream, type VisibleStreams } from "#server/contract/visibility.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Journal, RangePage } from "./ports.ts";

/** Events looked at for one page of what somebody did: a bound on the work of one call. */
const SCANNED_EVENTS_MAX = 5_000;

/** Reads the journal for people: newest first, only the streams the caller may see, masked for viewers. */
export function createJournalService(deps: { readonly journal: Pick<Journal, "range" | "heads"> }) {
  return {
    async range(caller: Caller, input: WireIn<typeof wire.rangeInput>): WireOut<typeof wire.rangeOutput> {
      const visible = visibleStreams(caller.principal);
      const streams = await streamsFor(visible, streamsDoneBy(input.streams, input), deps.journal);
      const query = {
        streams,
        kinds: input.kinds,
        subject: input.subject,
        from: toEpoch(input.from),
        to: toEpoch(input.to),
        limit: input.limit,
        newestFirst: true,
      };
      const audience = audienceOf(caller.principal);
      const events: JournalEvent[] = [];
      let page: RangePage;
      let { cursor } = input;
      let read = 0;
      do {
        page = await deps.journal.range({ ...query, cursor });
        read += page.events.length;
        cursor = page.nextCursor;
        const seen = page.events.filter((event) => seesEvent(visible, event) && isDoneBy(event, input));
        events.push(...seen.map((event) => maskEvent(event, audience)));
      } while (cursor !== null && events.length === 0 && !isAnything(input) && read < SCANNED_EVENTS_MAX);
      return { events, nextCursor: cursor, horizon: page.horizon === null ? null : toIso(page.horizon) };
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
