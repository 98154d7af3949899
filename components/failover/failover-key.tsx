"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import type { KeyPlace } from "./failover-key-dialog.tsx";

const FailoverKeyDialog = onDemand(() =>
  import("./failover-key-dialog.tsx").then((module) => module.FailoverKeyDialog),
);

interface FailoverKeyProps {
  readonly place: KeyPlace;
  /** State of its owner as shown beside it; `null` = nobody owns it, or it was never seen. */
  readonly ownerState: string | null;
}

const BEATING: ReadonlySet<string> = new Set(["alive", "returned", "observing", "late"]);

/** The way to fail over one key; of a living owner it says why there is none. */
export function FailoverKey({ place, ownerState }: FailoverKeyProps) {
  const [open, setOpen] = useState(false);
  const acts = useEstate()?.dna.find(({ id }) => id === place.source)?.act ?? true;
  const living = ownerState !== null && BEATING.has(ownerState);
  const refusal = useRefusal(
    "dna:failover",
    !acts
      ? "Acting on this source is switched off (act: false)."
      : living
        ? `Its owner is ${ownerState}: keys of a living node are not moved. Stop the actor instead.`
        : null,
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
