"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function JobsPage() {
  return (
    <div className="page">
      <PageHead title="Jobs" />
    </div>
  );
}
