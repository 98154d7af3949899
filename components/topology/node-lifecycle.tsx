"use client";
import dynamic from "next/dynamic";
import { useState } from "react";
import { DrawerSection } from "#components/ui/drawer.tsx";
import type { NodeFold } from "#server/contract/fold/dna.ts";

const IncarnationLifecycle = dynamic(
  () => import("#components/lifecycle/incarnation-lifecycle.tsx").then((module) => module.IncarnationLifecycle),
  { ssr: false },
);

/** The life of an incarnation with its present state marked; drawn when it is asked for. */
export function NodeLifecycle({ state }: { readonly state: NodeFold["state"] }) {
  const [open, setOpen] = useState(false);
  return (
    <DrawerSection title="Life cycle" note="as this console judges it">
      <button type="button" className="btn sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Hide the diagram" : "Show the diagram"}
      </button>
      {open && <IncarnationLifecycle state={state} />}
    </DrawerSection>
  );
}
