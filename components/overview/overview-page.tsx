"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function OverviewPage() {
  return (
    <div className="page">
      <PageHead title="Overview" />
    </div>
  );
}
