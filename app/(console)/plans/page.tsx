import { PlansPage } from "#components/plans/plans-page.tsx";

export default function Page() {
  return <PlansPage />;
}
