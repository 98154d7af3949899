"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function ActorsPage() {
  return (
    <div className="page">
      <PageHead title="Actors" />
    </div>
  );
}
