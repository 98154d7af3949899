"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function WorldsPage() {
  return (
    <div className="page">
      <PageHead title="Worlds" />
    </div>
  );
}
