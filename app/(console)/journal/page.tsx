import { JournalPage } from "#components/journal/journal-page.tsx";

export default function Page() {
  return <JournalPage />;
}
