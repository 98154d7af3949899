"use client";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { TypeCounted } from "#components/census/type-counted.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { type Href, routes } from "#components/ui/routes.ts";
import { PageHead } from "#components/ui/section.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget, Skeleton } from "#components/ui/widget.tsx";
import { ActorFilters } from "./actor-filters.tsx";
import { ActorTable } from "./actor-table.tsx";
import { OwnersThen } from "./owners-then.tsx";

const TYPES_STALE_MS = 30_000;

interface ActorListProps {
  readonly source: string | null;
  readonly namespace: string | null;
  readonly moduleId: number | null;
  readonly prefix: string;
  /** Last name of the page before; `null` = from the first. */
  readonly after: string | null;
}

/** One actor type of one source, by name; what was not chosen is filled in with the first there is. */
export function ActorList({ source: asked, namespace, moduleId, prefix, after }: ActorListProps) {
  const { go } = useAddress();
  const estate = useEstate();
  const sources = estate?.dna.map(({ id }) => id) ?? [];
  const source = asked ?? sources[0] ?? null;
  const past = useIsPast();
  const types = useQuery(
    useTRPC().dna.types.list.queryOptions(
      { source: source ?? "" },
      { enabled: source !== null && !past, staleTime: TYPES_STALE_MS },
    ),
  );
  const [first] = types.data?.types ?? [];
  const chosen = namespace === null || moduleId === null ? null : { namespace, moduleId };
  const fallback: Href | null =
    source === null || chosen !== null || first === undefined
      ? null
      : routes.actors({ source, namespace: first.namespace, moduleId: first.moduleId, prefix });
  useEffect(() => {
    if (fallback !== null) go(fallback, { replace: true });
  }, [fallback, go]);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Actors", href: routes.actors() }, ...(source === null ? [] : [{ text: source }])]} />
      <PageHead
        title="Actors"
        sub={
          <>
            {types.data === undefined
              ? "The register of keys and their owners."
              : `${plural(types.data.types.length, "type")} in this keyspace.`}{" "}
            <span className="t3">Owned does not mean running: the register holds every key ever used.</span>{" "}
            {source !== null && <TypeCounted source={source} type={chosen} />}
          </>
        }
      />
      {estate === undefined ? (
        <Skeleton rows={8} what="sources" />
      ) : source === null ? (
        <Empty title="No DNA source is configured." />
      ) : past ? (
        <OwnersThen source={source} />
      ) : (
        <>
          <ActorFilters
            source={source}
            sources={sources}
            types={types.data?.types ?? []}
            chosen={chosen}
            prefix={prefix}
          />
          <QueryWidget query={types} what={`actor types of ${source}`}>
            {({ types: known, faults }) => (
              <>
                <Faults faults={faults} />
                {known.length === 0 ? (
                  <Empty title="No actor type is in the register.">
                    It is written with the first message to the first key.
                  </Empty>
                ) : (
                  chosen !== null && <ActorTable source={source} {...chosen} prefix={prefix} after={after} />
                )}
              </>
            )}
          </QueryWidget>
        </>
      )}
    </div>
  );
}
