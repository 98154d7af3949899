"use client";
import { formatCount } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { Age } from "#components/ui/time.tsx";
import { dnaStream } from "#server/contract/event.ts";

interface TypeCountedProps {
  readonly source: string;
  /** `null` = of all types together. */
  readonly type: { readonly namespace: string; readonly moduleId: number } | null;
}

/** How many rows the register has of a type as last counted, with the age of the count; leads to the census. */
export function TypeCounted({ source, type }: TypeCountedProps) {
  const stream = dnaStream(source);
  const census = useFold(({ folds }) => {
    const fold = folds[stream];
    return fold?.family === "dna" ? fold.census : undefined;
  });
  if (census === undefined) return null;
  const found = census?.types.find(
    ({ namespace, moduleId }) => namespace === type?.namespace && moduleId === type.moduleId,
  );
  const rows = type === null ? census?.rows : found?.rows;
  return (
    <span className="small">
      <Link href={routes.census({ source })}>
        {census === null
          ? "never counted"
          : rows === undefined
            ? "not in the last census"
            : `${formatCount(rows)} rows`}
      </Link>{" "}
      {census !== null && <Age at={census.finishedAt} source="census" />}
    </span>
  );
}
