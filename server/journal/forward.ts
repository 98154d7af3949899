/** What follows on a state, over all streams in the order of time, for whoever folds it. */
import type { JournalEvent, StreamName } from "#server/contract/event.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { oldestFirst } from "./domain/order.ts";
import type { Journal, StreamHead } from "./ports.ts";
import { type Sight, toEpoch } from "./sight.ts";

const PAGE_EVENTS_MAX = 1_000;

/**
 * Streams that are not named in `after` are given from their beginning, as far as that is kept.
 *
 * @throws OpsError `not-found` when what follows was dropped, `conflict` for a position of another journal
 */
export async function eventsAfter(
  journal: Pick<Journal, "after">,
  sight: Sight,
  { after, to, limit }: WireIn<typeof wire.eventsInput>,
): WireOut<typeof wire.eventsOutput> {
  const sources = sight.heads.flatMap((head) => {
    const from = startOf(head, after);
    return from === null ? [] : [sourceOf(journal, head.stream, from, { to: toEpoch(to), limit })];
  });
  const events: JournalEvent[] = [];
  for (;;) {
    await Promise.all(sources.map((source) => source.fill()));
    const next = sources
      .flatMap((source) => source.head() ?? [])
      .sort(oldestFirst)
      .at(0);
    if (next === undefined) return { events, more: false };
    if (events.length >= limit) return { events, more: true };
    sources.find((source) => source.head() === next)?.take();
    if (sight.sees(next)) events.push(sight.shown(next));
  }
}

/** `null` = nothing can be said of the stream. */
function startOf(head: StreamHead, after: WireIn<typeof wire.eventsInput>["after"]): string | null {
  const position = Object.hasOwn(after, head.stream) ? after[head.stream] : undefined;
  if (position === undefined) return head.keptAfter === "0" ? "0" : null;
  if (position.epoch === head.epoch) return position.seq;
  throw new OpsError("conflict", "These positions are of another journal: ask for the state again");
}

interface Source {
  /** The next event until `to`; `null` = there is none, or it is not read yet. */
  head(): JournalEvent | null;
  take(): void;
  fill(): Promise<void>;
}

function sourceOf(
  journal: Pick<Journal, "after">,
  stream: StreamName,
  from: string,
  { to, limit }: { readonly to: EpochMs; readonly limit: number },
): Source {
  let page: readonly JournalEvent[] = [];
  let index = 0;
  let last = from;
  let ended = false;
  return {
    head: () => page[index] ?? null,
    take() {
      last = page[index]?.seq ?? last;
      index += 1;
    },
    async fill() {
      if (ended || index < page.length) return;
      const wanted = Math.min(limit + 1, PAGE_EVENTS_MAX);
      const read = await journal.after(stream, last, wanted);
      page = read.filter((event) => event.observedAt <= to);
      index = 0;
      ended = page.length < wanted;
    },
  };
}
