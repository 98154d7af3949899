import { NoSuchPage } from "#components/shell/page-failure.tsx";

export default function NotFound() {
  return <NoSuchPage />;
}
