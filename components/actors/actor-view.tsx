"use client";
import { useState } from "react";
import { FailoverKey } from "#components/failover/failover-key.tsx";
import { HistorySection } from "#components/history/history-section.tsx";
import { RelatedSection } from "#components/related/related-section.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { copyText, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead } from "#components/ui/section.tsx";
import { actorSubject } from "#server/contract/actor-key.ts";
import { ActorNow } from "./actor-now.tsx";
import type { ActorPlaceOf } from "./actor-place.ts";
import { OwnerThen } from "./owners-then.tsx";
import { StopActor } from "./stop-actor.tsx";
import "./actors.css";

/** One key: who owns it since when, whether it runs, what would happen to a message now, what it has stored. */
export function ActorView({ place, entry }: { readonly place: ActorPlaceOf; readonly entry: string | null }) {
  const { source, namespace, moduleId, name } = place;
  const { go } = useAddress();
  const [said, say] = useState<string | null>(null);
  const module = useEstate()?.dna.find(({ id }) => id === source)?.modules[String(moduleId)];
  const past = useIsPast();
  const subject = actorSubject({ namespace, moduleId, name });
  const type = `${namespace} / ${moduleId}${module === undefined ? "" : ` ${module}`}`;
  const list = routes.actors({ source, namespace, moduleId });
  useKeys(
    [
      { keys: "Escape", does: "back to the list", run: () => go(list) },
      { keys: "Y", does: "copy the name", run: () => void copyText(name) },
    ],
    { group: "Actor" },
  );
  return (
    <div className="page">
      <Crumbs
        path={[
          { text: "Actors", href: routes.actors() },
          { text: source, href: routes.actors({ source }) },
          { text: type, href: list },
          { text: name === "" ? "(empty name)" : name, mono: true },
        ]}
      />
      <PageHead
        title={
          <>
            <span className="t3 regular">
              <Name text={type} /> /{" "}
            </span>
            <Name text={name} />
          </>
        }
        sub={<OutLinks on="dna.actor" values={{ source, actor: name }} />}
        actions={
          <>
            <FailoverKey place={place} />
            <StopActor place={place} onSaid={say} />
          </>
        }
      />
      <p role="status" className={said === null ? "vh" : "small"}>
        {said}
      </p>
      {past ? (
        <OwnerThen source={source} subject={subject} />
      ) : (
        <ActorNow key={subject} place={place} entry={entry} what={`${type} / ${name}`} />
      )}
      <RelatedSection thing={{ kind: "actor", source, id: subject }} />
      <HistorySection thing={{ type: "actor", source, id: subject }} what={`${type} / ${name}`} />
    </div>
  );
}
