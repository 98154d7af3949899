import { JobsPage } from "#components/jobs/jobs-page.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";

export default function Page() {
  return (
    <>
      <Crumbs path={[{ text: "Jobs" }]} />
      <JobsPage />
    </>
  );
}
