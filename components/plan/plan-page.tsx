"use client";
import { PageHead } from "#components/ui/section.tsx";

/** One plan of one source. */
export function PlanPage({ planId }: { readonly source: string; readonly planId: string }) {
  return (
    <div className="page">
      <PageHead title={planId} />
    </div>
  );
}
