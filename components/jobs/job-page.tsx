"use client";
import { PageHead } from "#components/ui/section.tsx";

/** One job. */
export function JobPage({ jobId }: { readonly jobId: string }) {
  return (
    <div className="page">
      <PageHead title={jobId} />
    </div>
  );
}
