import { PlanPage } from "#components/plan/plan-page.tsx";

interface Props {
  readonly params: Promise<{ readonly source: string; readonly planId: string }>;
}

export default async function Page({ params }: Props) {
  const { source, planId } = await params;
  return <PlanPage source={decodeURIComponent(source)} planId={decodeURIComponent(planId)} />;
}
