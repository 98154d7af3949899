"use client";
import { useAddress } from "#components/ui/address.ts";
import { ActorList } from "./actor-list.tsx";
import { actorIn } from "./actor-place.ts";
import { ActorView } from "./actor-view.tsx";

/** The register: choose a source and a type, find keys by prefix; one actor with its owner and its request path. */
export function ActorsPage() {
  const { search } = useAddress();
  const source = search.get("source");
  const namespace = search.get("ns");
  const module = search.get("module");
  const moduleId = module === null || !/^-?\d{1,10}$/.test(module) ? null : Number(module);
  const actor = actorIn(search);
  if (actor !== null) return <ActorView place={actor} entry={entryOf(search.get("entry"))} />;
  return (
    <ActorList
      source={source}
      namespace={namespace}
      moduleId={moduleId}
      prefix={search.get("prefix") ?? ""}
      after={search.get("after")}
    />
  );
}

/** What is no incarnation in an address is as if it were not there. */
const entryOf = (text: string | null): string | null =>
  text !== null && /^-?\d{1,16}:-?\d{1,19}$/.test(text) ? text : null;
