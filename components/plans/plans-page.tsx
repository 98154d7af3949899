"use client";
import { PageHead } from "#components/ui/section.tsx";

/** The page of its name. */
export function PlansPage() {
  return (
    <div className="page">
      <PageHead title="Plans" />
    </div>
  );
}
