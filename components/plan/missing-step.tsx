"use client";
import { useIsPast } from "#components/ui/instants.ts";

/** Why a step that the plan names is not shown: the past did not have it, it is on the way, or there is no row of it. */
export function MissingStep({ stepId, reading }: { readonly stepId: number; readonly reading: boolean }) {
  const past = useIsPast();
  if (past) return <span className="unk">step {stepId} was not seen then</span>;
  if (reading) return <span className="t3">step {stepId}, reading …</span>;
  return <span className="unk">step {stepId} has no row</span>;
}
