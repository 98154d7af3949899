"use client";
import { PageFailure } from "#components/shell/page-failure.tsx";

export default function ErrorPage({ error, reset }: { readonly error: Error; readonly reset: () => void }) {
  return <PageFailure error={error} onRetry={reset} />;
}
