"use client";
import { Button } from "#components/ui/button.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Failure } from "#components/ui/widget.tsx";

interface PageFailureProps {
  readonly error: Error & { readonly digest?: string };
  readonly onRetry: () => void;
}

/** A fault of the page itself: the shell stands, and what is read and journalled goes on. */
export function PageFailure({ error, onRetry }: PageFailureProps) {
  return (
    <div className="page">
      <Failure title="This page broke" message={error.message}>
        <p className="t3">
          Reading and journalling go on; only the drawing failed.
          {error.digest !== undefined && ` Digest ${error.digest}.`}
        </p>
        <p className="row">
          <Button small onPress={onRetry}>
            Draw it again
          </Button>
          <Link href={routes.overview()}>Overview</Link>
        </p>
      </Failure>
    </div>
  );
}

/** Shown where no page is. */
export function NoSuchPage() {
  return (
    <div className="page">
      <div className="msg">
        <h1 className="med">No such page</h1>
        <p className="t3">Nothing of the console is at this address.</p>
        <Link href={routes.overview()}>Overview</Link>
      </div>
    </div>
  );
}
