import { JobPage } from "#components/jobs/job-page.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { routes } from "#components/ui/routes.ts";

interface Props {
  readonly params: Promise<{ readonly jobId: string }>;
}

export default async function Page({ params }: Props) {
  const jobId = decodeURIComponent((await params).jobId);
  return (
    <>
      <Crumbs
        path={[
          { text: "Jobs", href: routes.jobs() },
          { text: jobId, mono: true },
        ]}
      />
      <JobPage jobId={jobId} />
    </>
  );
}
