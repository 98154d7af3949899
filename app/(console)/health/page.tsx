import { HealthPage } from "#components/health/health-page.tsx";

export default function Page() {
  return <HealthPage />;
}
