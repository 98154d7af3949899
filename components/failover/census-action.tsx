"use client";
import { Action } from "#components/ui/button.tsx";
import { usePermitted, useRefusal } from "#components/ui/session.ts";
import { Failure } from "#components/ui/widget.tsx";
import { CensusProgress } from "./census-progress.tsx";
import { isOpen, useCensus } from "./use-census.ts";

interface CensusActionProps {
  readonly source: string;
  readonly incarnation: string;
}

/** Counts the keys that one incarnation owns. Reads only, but much: it is asked for, not done by itself. */
export function CensusAction({ source, incarnation }: CensusActionProps) {
  const census = useCensus(source, incarnation, null);
  const permitted = usePermitted("dna:census");
  const running = census.walk !== null && isOpen(census.walk);
  const refusal = useRefusal("dna:census", running ? "A walk is under way." : census.busy ? "Asked already." : null);
  return (
    <>
      <Action
        label="Count keys"
        onPress={census.start}
        refusal={refusal}
        refusedAs={!permitted ? "Not permitted." : running ? "Counting." : "Not now."}
      >
        walks the register of its types page by page; reads only
      </Action>
      {census.walk !== null && <CensusProgress walk={census.walk} onCancel={census.cancel} />}
      {census.error != null && <Failure title="Not counted" error={census.error} />}
    </>
  );
}
