import { ActorsPage } from "#components/actors/actors-page.tsx";

export default function Page() {
  return <ActorsPage />;
}
