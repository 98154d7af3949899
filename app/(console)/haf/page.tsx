import { HafPage } from "#components/haf/haf-page.tsx";

export default function Page() {
  return <HafPage />;
}
