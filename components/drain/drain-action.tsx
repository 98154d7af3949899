"use client";
import { useState } from "react";
import { Action } from "#components/ui/button.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";

const DrainDialog = onDemand(() => import("./drain-dialog.tsx").then((module) => module.DrainDialog));
const DeleteRowDialog = onDemand(() => import("./delete-row-dialog.tsx").then((module) => module.DeleteRowDialog));

interface NodeActionProps {
  readonly source: string;
  readonly incarnation: string;
  readonly node: NodeFold;
}

/** The guided way of taking a node out of service. DNA itself has none. */
export function DrainAction({ source, incarnation }: Omit<NodeActionProps, "node">) {
  const [open, setOpen] = useState(false);
  const past = useIsPast();
  return (
    <>
      <Action
        label="Drain and stop…"
        onPress={() => setOpen(true)}
        refusal={past ? "What is looked at then is of now: return to live." : null}
      >
        a list of steps, each looked at before the next is offered; DNA itself has no drain
      </Action>
      {open && <DrainDialog source={source} incarnation={incarnation} onClose={() => setOpen(false)} />}
    </>
  );
}

/** Only of use where nobody is left to delete the row: offered for the silent. */
export function DeleteRowAction({ source, incarnation, node }: NodeActionProps) {
  const [open, setOpen] = useState(false);
  const acts = useEstate()?.dna.find(({ id }) => id === source)?.act ?? true;
  const refusal = useRefusal("dna:nodes", acts ? null : "Acting on this source is switched off (act: false).");
  if (node.state !== "silent") return null;
  return (
    <>
      <Action label="Delete its row…" onPress={() => setOpen(true)} refusal={refusal}>
        only once nobody of its cluster lives: any live peer deletes it by itself
      </Action>
      {open && <DeleteRowDialog source={source} incarnation={incarnation} onClose={() => setOpen(false)} />}
    </>
  );
}
