"use client";
import { formatCount } from "./format.ts";

interface SortHeadProps {
  readonly children: React.ReactNode;
  readonly numeric?: boolean;
  readonly className?: string;
  /** Whether the table is sorted by this column now. */
  readonly sorted: "ascending" | "descending" | null;
  readonly onSort: () => void;
}

/** The head of a column that can be sorted by; the mark stands by the head. */
export function SortHead({ children, numeric = false, className = "", sorted, onSort }: SortHeadProps) {
  return (
    <th className={`${numeric ? "num " : ""}${className}`} aria-sort={sorted ?? undefined} scope="col">
      <button type="button" onClick={onSort}>
        {children}
        {sorted !== null && <span aria-hidden="true"> {sorted === "descending" ? "↓" : "↑"}</span>}
      </button>
    </th>
  );
}

/**
 * A count in a table: zero is `·`, so that what is there stands out, and is read aloud as 0. Of every column that counts
 * things; a measure (an age, a load, a share, a rate) keeps its 0 and its unit, and a sentence its word.
 */
export function Count({ of }: { readonly of: number }) {
  if (of !== 0) return formatCount(of);
  return (
    <span className="zero">
      <span aria-hidden="true">·</span>
      <span className="vh">0</span>
    </span>
  );
}

/** The same as a cell of its own; unknown is hatched, with the old value in grey if there is one. */
export function CountCell({
  value,
  unknown = false,
  className = "",
}: {
  value: number | null;
  unknown?: boolean;
  className?: string;
}) {
  if (unknown)
    return (
      <td className={`num hatchcell ${className}`} title="not known: the source does not answer">
        {value === null || value === 0 ? <span className="vh">not known</span> : formatCount(value)}
      </td>
    );
  if (value === null) return <td className={`num t3 ${className}`}>not asked</td>;
  return (
    <td className={`num ${className}`}>
      <Count of={value} />
    </td>
  );
}

interface MoreProps {
  readonly more: boolean;
  readonly loading: boolean;
  readonly shown: number;
  readonly onMore: () => void;
}

/** Keyset paging: more of the same, never page numbers. */
export function More({ more, loading, shown, onMore }: MoreProps) {
  return (
    <p className="more small t3">
      {formatCount(shown)} shown
      {more ? (
        <button type="button" className="btn sm" onClick={onMore} aria-disabled={loading || undefined}>
          {loading ? "reading…" : "More"}
        </button>
      ) : (
        ", that is all"
      )}
    </p>
  );
}
