"use client";
import { useQuery } from "@tanstack/react-query";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Faults, QueryWidget } from "#components/ui/widget.tsx";
import type { ActorFacets } from "#server/contract/diagram/actor-lifecycle.ts";
import type { ActorView } from "#server/contract/wire/dna.ts";
import type { ActorLive } from "#server/contract/wire/dna-actors.ts";
import type { ActorPlaceOf } from "./actor-place.ts";
import { MessageNow } from "./message-now.tsx";
import { OnNodes } from "./on-nodes.tsx";
import { OwnerSection } from "./owner-section.tsx";
import { RunningSection } from "./running-section.tsx";
import { StorageSection } from "./storage-section.tsx";

const ActorLifecycle = onDemand(() =>
  import("#components/lifecycle/actor-lifecycle.tsx").then((module) => module.ActorLifecycle),
);

const OWNER_EVERY_MS = 3_000;
/** Live facts of an actor that somebody looks at. */
export const LIVE_EVERY_MS = 5_000;

interface ActorNowProps {
  readonly place: ActorPlaceOf;
  readonly entry: string | null;
  readonly what: string;
}

/** One key as it is now: owner, instance, what a message would do, storage, life. */
export function ActorNow({ place, entry, what }: ActorNowProps) {
  const trpc = useTRPC();
  const actor = useQuery(trpc.dna.actors.get.queryOptions(place, { refetchInterval: OWNER_EVERY_MS }));
  const live = useQuery(trpc.dna.actors.live.queryOptions(place, { refetchInterval: LIVE_EVERY_MS }));
  return (
    <div className="stack">
      <div className="two-col even">
        <QueryWidget query={actor} what={what} rows={5}>
          {(answer) => (
            <>
              <Faults faults={answer.faults} />
              <OwnerSection
                source={place.source}
                name={place.name}
                actor={answer.actor}
                asOf={answer.asOf}
                everyMs={OWNER_EVERY_MS}
                writtenAt={live.data?.ownerWrittenAt}
              />
            </>
          )}
        </QueryWidget>
        <QueryWidget query={live} what="whether it runs" rows={5}>
          {(answer) => <RunningSection source={place.source} live={answer} everyMs={LIVE_EVERY_MS} />}
        </QueryWidget>
      </div>
      <MessageNow place={place} entry={entry} />
      <OnNodes place={place} refusal={refusalOf(live.data?.live)} />
      <StorageSection place={place} />
      <Section title="Its life" note="the present state is marked">
        <ActorLifecycle facets={facetsOf(actor.data?.actor, live.data?.live)} />
      </Section>
    </div>
  );
}

/** The nodes cannot be asked at all where the owner's cannot for want of access. */
const refusalOf = (live: ActorLive | undefined): string | null =>
  live === undefined
    ? "Reading whether nodes can be asked."
    : live.kind === "off" && live.noAccess
      ? live.reason
      : null;

function facetsOf(actor: ActorView | null | undefined, live: ActorLive | undefined): ActorFacets {
  const owner = actor === null || actor === undefined || "unreadable" in actor ? null : actor.owner;
  const row = actor === null ? "none" : owner === null ? "unreadable" : "owned";
  return {
    row,
    ownerDead:
      owner === null || owner.state === "observing" ? null : owner.state !== "alive" && owner.state !== "returned",
    runs: live?.kind === "running" ? true : live?.kind === "absent" || live?.kind === "other" ? false : null,
    phase: live?.kind === "running" ? live.phase : null,
  };
}
