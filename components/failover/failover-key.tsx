"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { ActorView } from "#server/contract/wire/dna.ts";
import type { KeyPlace } from "./failover-key-dialog.tsx";

const FailoverKeyDialog = onDemand(() =>
  import("./failover-key-dialog.tsx").then((module) => module.FailoverKeyDialog),
);

/** What stands against it by what the page shows of the key; the dialog asks for everything else. */
function whyNot(actor: ActorView | null | undefined): string | null {
  if (actor === undefined) return "Reading whose it is.";
  if (actor === null) return "Nobody owns it: the next message claims it.";
  if ("unreadable" in actor) return "Its row cannot be read.";
  const state = actor.owner?.state ?? null;
  if (actor.owner === null) return "Its row has no owner.";
  if (state === null || !BEATING.has(state)) return null;
  return `Its owner is ${state}: keys of a living node are not moved. Stop the actor instead.`;
}

const BEATING: ReadonlySet<string> = new Set(["alive", "returned", "observing", "late"]);

/** The way to fail over one key; of a living owner it says why there is none. */
export function FailoverKey({ place }: { readonly place: KeyPlace }) {
  const [open, setOpen] = useState(false);
  const past = useIsPast();
  const { source, namespace, moduleId, name } = place;
  const actor = useQuery(
    useTRPC().dna.actors.get.queryOptions({ source, namespace, moduleId, name }, { enabled: !past }),
  ).data?.actor;
  const acts = useEstate()?.dna.find(({ id }) => id === place.source)?.act ?? true;
  const refusal = useRefusal(
    "dna:failover",
    acts ? whyNot(actor) : "Acting on this source is switched off (act: false).",
  );
  return (
    <>
      <Button refusal={refusal} onPress={() => setOpen(true)}>
        Fail over…
      </Button>
      {open && <FailoverKeyDialog place={place} onClose={() => setOpen(false)} />}
    </>
  );
}
