"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { eventPlace } from "#components/journal/event-place.ts";
import { useRefresh } from "#components/plan/use-refresh.ts";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure } from "#components/ui/widget.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import { eventWords } from "#server/contract/view/event-words.ts";
import "./history.css";

/** Effects that are told at once. */
const SHOWN = 12;
const NEWS_EVERY_MS = 3_000;

/** What an event came from and what came of it, each leading to its own place in the journal. */
export function CauseAndEffects({ event }: { readonly event: JournalEvent }) {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const input = { id: event.id };
  const query = useQuery(trpc.journal.around.queryOptions(input));
  // Effects go on to come while it is looked at.
  const cursor = useFold((state) => state.cursor);
  useRefresh(cursor, () => void cache.invalidateQueries(trpc.journal.around.queryFilter(input)), NEWS_EVERY_MS);
  if (query.data === undefined)
    return query.error === null ? (
      <p className="small t3" aria-busy="true">
        looking for its cause and effects…
      </p>
    ) : (
      <Failure title="Cannot read its cause and effects" error={query.error} onRetry={() => query.refetch()} />
    );
  const { cause, effects } = query.data;
  return (
    <div className="around">
      {cause !== null ? (
        <Linked title="Because of" events={[cause]} />
      ) : (
        event.causedBy !== null && <p className="small t3">Its cause is not kept any more.</p>
      )}
      {effects.length > 0 && (
        <Linked title={`What came of it: ${plural(effects.length, "event")}`} events={effects.slice(0, SHOWN)} />
      )}
      {effects.length > SHOWN && <p className="small t3">and {plural(effects.length - SHOWN, "event")} more</p>}
      {cause === null && effects.length === 0 && event.causedBy === null && (
        <p className="small t3">Nobody here asked for it, and nothing is known to follow from it.</p>
      )}
    </div>
  );
}

function Linked({ title, events }: { readonly title: string; readonly events: readonly JournalEvent[] }) {
  return (
    <>
      <h3 className="lbl">{title}</h3>
      <ul className="around-list">
        {events.map((each) => {
          const { tone, shape, what } = eventWords(each);
          return (
            <li key={each.id}>
              <Glyph tone={tone} shape={shape} label={tone} />
              <Link href={eventPlace(each)} className="wrap">
                <bdi>{what}</bdi>
              </Link>
              <span className="age">
                <Instant at={each.observedAt} form="ms" />
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
