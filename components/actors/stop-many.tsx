"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import type { StopManyTarget } from "./stop-many-dialog.tsx";

const StopManyDialog = onDemand(() => import("./stop-many-dialog.tsx").then((module) => module.StopManyDialog));

interface StopManyProps {
  readonly target: StopManyTarget;
  /** Why what is shown cannot be stopped as it is; `null` = it can. */
  readonly refusal?: string | null;
}

/** The way to stop the actors of a partition, or of a type on the node, as a job. */
export function StopMany({ target, refusal: other = null }: StopManyProps) {
  const [open, setOpen] = useState(false);
  const acts = useEstate()?.dna.find(({ id }) => id === target.source)?.act ?? true;
  const refusal = useRefusal("dna:stop-many", acts ? other : "Acting on this source is switched off (act: false).");
  return (
    <>
      <Button small refusal={refusal} onPress={() => setOpen(true)}>
        Stop these…
      </Button>
      {open && <StopManyDialog target={target} onClose={() => setOpen(false)} />}
    </>
  );
}
