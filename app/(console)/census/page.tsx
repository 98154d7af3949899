import { CensusPage } from "#components/census/census-page.tsx";

export default function Page() {
  return <CensusPage />;
}
