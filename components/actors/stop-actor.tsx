"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { ActorLive } from "#server/contract/wire/dna-actors.ts";
import type { ActorPlaceOf } from "./actor-place.ts";

const StopDialog = onDemand(() => import("./stop-dialog.tsx").then((module) => module.StopDialog));

const EVERY_MS = 5_000;

interface StopActorProps {
  readonly place: ActorPlaceOf;
  /** Told of how it ended. */
  readonly onSaid: (text: string) => void;
}

/** The way to stop the instance; says why there is none. */
export function StopActor({ place, onSaid }: StopActorProps) {
  const [open, setOpen] = useState(false);
  const past = useIsPast();
  const acts = useEstate()?.dna.find(({ id }) => id === place.source)?.act ?? true;
  const live = useQuery(useTRPC().dna.actors.live.queryOptions(place, { refetchInterval: EVERY_MS, enabled: !past }))
    .data?.live;
  const refusal = useRefusal("dna:stop", acts ? whyNot(live) : "Acting on this source is switched off (act: false).");
  useKeys(
    [
      {
        keys: "S",
        does: "stop the actor",
        run: () => {
          if (refusal !== null) return false;
          setOpen(true);
          return true;
        },
      },
    ],
    { group: "Actor" },
  );
  return (
    <>
      <Button shortcut="S" refusal={refusal} onPress={() => setOpen(true)}>
        Stop actor…
      </Button>
      {open && (
        <StopDialog
          place={place}
          onDone={({ outcome, note }) => {
            setOpen(false);
            if (outcome === "stopped") onSaid(`Stopped. ${note ?? ""} The next message starts it again.`);
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

function whyNot(live: ActorLive | undefined): string | null {
  switch (live?.kind) {
    case undefined:
      return "Reading whether it runs.";
    case "off":
      return live.reason;
    case "unreachable":
      return `${live.node} does not answer: ${live.reason}`;
    case "other":
    case "absent":
      return "It does not run: there is nothing to stop.";
    case "running":
      return null;
    default:
      return live satisfies never;
  }
}
