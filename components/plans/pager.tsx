"use client";
import { useId, useState } from "react";
import { formatCount } from "#components/ui/format.ts";
import type { PlansQuery } from "./plans-query.ts";
import { PAGE_ROWS } from "./use-plans.ts";

type Place = Pick<PlansQuery, "position" | "row">;

interface PagerProps {
  readonly place: Place;
  readonly rows: number;
  readonly previousCursor: string | null;
  readonly nextCursor: string | null;
  /** Plans that the filter finds; `undefined` = not known. */
  readonly matching: number | undefined;
  readonly busy: boolean;
  readonly onGo: (place: Place) => void;
}

/** First, previous, next and last page, and a jump to any; what is beside a page is found by its rows, not by numbers. */
export function Pager({ place, rows, previousCursor, nextCursor, matching, busy, onGo }: PagerProps) {
  const first = place.position === null ? 0 : firstRow(place, rows, matching);
  const pages = matching === undefined ? null : Math.max(1, Math.ceil(matching / PAGE_ROWS));
  const page = first === null ? null : Math.floor(first / PAGE_ROWS) + 1;
  const beside = (cursor: string | null, direction: "next" | "previous") =>
    cursor === null ? null : { position: { cursor, direction }, row: besideRow(first, rows, direction) };
  if (place.position === null && nextCursor === null) return null;
  const last = nextCursor === null ? null : { position: { last: true } as const, row: null };
  return (
    <nav className="pager" aria-label="Pages">
      <Go to={place.position === null ? null : { position: null, row: null }} busy={busy} onGo={onGo}>
        First
      </Go>
      <Go to={beside(previousCursor, "previous")} busy={busy} onGo={onGo}>
        Previous
      </Go>
      <Go to={beside(nextCursor, "next")} busy={busy} onGo={onGo}>
        Next
      </Go>
      <Go to={last} busy={busy} onGo={onGo}>
        Last
      </Go>
      <Jump page={page} pages={pages} onGo={onGo} />
    </nav>
  );
}

/** Number of the first row, as far as it is known. */
export function firstRow({ position, row }: Place, rows: number, matching: number | undefined): number | null {
  if (position === null) return 0;
  if ("offset" in position) return position.offset;
  if ("last" in position) return matching === undefined ? null : Math.max(0, matching - rows);
  return row;
}

const besideRow = (first: number | null, rows: number, direction: "next" | "previous"): number | null =>
  first === null ? null : direction === "next" ? first + rows : Math.max(0, first - PAGE_ROWS);

interface GoProps {
  readonly to: Place | null;
  readonly busy: boolean;
  readonly onGo: (place: Place) => void;
  readonly children: string;
}

function Go({ to, busy, onGo, children }: GoProps) {
  return (
    <button
      type="button"
      className="btn sm"
      aria-disabled={to === null || busy || undefined}
      onClick={() => {
        if (to !== null && !busy) onGo(to);
      }}
    >
      {children}
    </button>
  );
}

interface JumpProps {
  readonly page: number | null;
  readonly pages: number | null;
  readonly onGo: (place: Place) => void;
}

function Jump({ page, pages, onGo }: JumpProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const id = useId();
  const wanted = Number(typed ?? page ?? Number.NaN);
  const jump = () => {
    setTyped(null);
    if (!Number.isInteger(wanted) || wanted < 1) return;
    const to = pages === null ? wanted : Math.min(wanted, pages);
    onGo(to === 1 ? { position: null, row: null } : { position: { offset: (to - 1) * PAGE_ROWS }, row: null });
  };
  return (
    <form
      className="pager-jump"
      onSubmit={(event) => {
        event.preventDefault();
        jump();
      }}
    >
      <label htmlFor={id}>page</label>
      <input
        id={id}
        className="field num"
        inputMode="numeric"
        autoComplete="off"
        value={typed ?? (page === null ? "" : String(page))}
        onChange={(event) => setTyped(event.target.value.replaceAll(/[^0-9]/g, "").slice(0, 7))}
        onBlur={() => setTyped(null)}
      />
      {pages !== null && <span className="nowrap">of {formatCount(pages)}</span>}
    </form>
  );
}
