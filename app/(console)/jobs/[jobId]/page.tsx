import { JobPage } from "#components/jobs/job-page.tsx";

interface Props {
  readonly params: Promise<{ readonly jobId: string }>;
}

export default async function Page({ params }: Props) {
  const { jobId } = await params;
  return <JobPage jobId={decodeURIComponent(jobId)} />;
}
