import { PipelinePage } from "#components/pipeline/pipeline-page.tsx";

export default function Page() {
  return <PipelinePage />;
}
