import { ArchitecturePage } from "#components/architecture/architecture-page.tsx";

export default function Page() {
  return <ArchitecturePage />;
}
