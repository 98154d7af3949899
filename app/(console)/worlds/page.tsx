import { WorldsPage } from "#components/worlds/worlds-page.tsx";

export default function Page() {
  return <WorldsPage />;
}
