import { LifecyclesPage } from "#components/lifecycle/lifecycles-page.tsx";

export default function Page() {
  return <LifecyclesPage />;
}
