"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function TopologyPage() {
  return (
    <div className="page">
      <PageHead title="Topology" />
    </div>
  );
}
