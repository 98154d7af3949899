"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function JournalPage() {
  return (
    <div className="page">
      <PageHead title="Journal" />
    </div>
  );
}
