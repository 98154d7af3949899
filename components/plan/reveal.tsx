"use client";
import { onDemand } from "#components/ui/on-demand.tsx";
import type { useReveal } from "./use-reveal.ts";

const RevealDialog = onDemand(async () => (await import("./reveal-dialog.tsx")).RevealDialog);
const Revealed = onDemand(async () => (await import("./revealed.tsx")).Revealed);

interface RevealProps {
  readonly reveal: ReturnType<typeof useReveal>;
  readonly source: string;
  readonly planId: string;
}

/** The dialog that takes the reason, and what was revealed, until it is closed or its minute is over. */
export function Reveal({ reveal, source, planId }: RevealProps) {
  const { asked, revealed } = reveal;
  return (
    <>
      {revealed !== null && <Revealed revealed={revealed} source={source} planId={planId} onHide={reveal.hide} />}
      {asked !== null && (
        <RevealDialog source={source} planId={planId} asked={asked} onRevealed={reveal.show} onClose={reveal.close} />
      )}
    </>
  );
}
