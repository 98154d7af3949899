"use client";
import { SortHead } from "#components/ui/table.tsx";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { COLUMNS, type Column, type ColumnId } from "./columns.ts";
import { PlanCell } from "./plan-cells.tsx";
import type { PlanLine } from "./plan-lines.ts";
import { isDescendingFirst, type ServerSort, type Sort } from "./plans-query.ts";
import { RowsInSight } from "./rows-in-sight.tsx";
import type { Steady } from "./steady-rows.ts";
import type { Selection } from "./use-selection.ts";
import { useWindowRows } from "./use-window-rows.ts";

const ROW_PX = 28;
/** Selection before the columns, action behind them. */
const MORE_COLUMNS = 2;

/** What somebody has asked of the plan of a row, as long as it is not settled. */
export interface RowOperation {
  readonly verb: string;
  readonly phase: OperationPhase;
}

export const keyOf = (line: { readonly source: string; readonly id: string }): string => `${line.source} ${line.id}`;

interface PlanTableProps {
  readonly places: readonly Steady<PlanLine>[];
  readonly columns: readonly ColumnId[];
  readonly sort: Sort;
  readonly descending: boolean;
  readonly onSort: (sort: ServerSort, descending: boolean) => void;
  readonly current: string | null;
  /** Sources that do not answer: their rows are old. */
  readonly down: ReadonlySet<string>;
  readonly operations: ReadonlyMap<string, RowOperation>;
  /** Why nobody can resume here; `null` = the row decides. */
  readonly refusal: string | null;
  readonly selection: Selection;
  readonly onOpen: (line: PlanLine) => void;
  readonly onResume: (line: PlanLine) => void;
}

/** The list itself; on a phone each row is two lines. */
export function PlanTable(props: PlanTableProps) {
  const { places, columns, sort, descending, onSort } = props;
  const rows = useWindowRows(places.length, ROW_PX);
  const shown: readonly Column[] = COLUMNS.filter(({ id }) => columns.includes(id));
  return (
    <table className="plans" aria-label="Plans" aria-rowcount={places.length + 1}>
      <thead>
        <tr>
          <th scope="col" className="c-select">
            <SelectAll lines={places.map(({ row }) => row)} selection={props.selection} />
          </th>
          {shown.map((column) => (
            <Head key={column.id} column={column} sort={sort} descending={descending} onSort={onSort} />
          ))}
          <th scope="col">
            <span className="vh">Action</span>
          </th>
        </tr>
      </thead>
      <tbody ref={rows.ref}>
        <RowsInSight before={rows.before} after={rows.after} columns={shown.length + MORE_COLUMNS}>
          {places.slice(rows.from, rows.to).map((place, index) => (
            <Row key={keyOf(place.row)} place={place} index={rows.from + index} {...props} />
          ))}
        </RowsInSight>
      </tbody>
    </table>
  );
}

type HeadProps = Pick<PlanTableProps, "sort" | "descending" | "onSort"> & { readonly column: Column };

function Head({ column: { id, title, sort: by, numeric = false, place }, sort, descending, onSort }: HeadProps) {
  const className = `${place > 1 ? `p${place}` : ""}${id === "where" ? " w100" : ""}`;
  if (by === undefined)
    return (
      <th scope="col" className={`${numeric ? "num " : ""}${className}`}>
        {title}
      </th>
    );
  return (
    <SortHead
      sorted={sort === by ? (descending ? "descending" : "ascending") : null}
      onSort={() => onSort(by, sort === by ? !descending : isDescendingFirst(by))}
      numeric={numeric}
      className={className}
    >
      {title}
    </SortHead>
  );
}

/** Ticks every row that is shown; half of them ticked shows as neither. */
function SelectAll({ lines, selection }: { readonly lines: readonly PlanLine[]; readonly selection: Selection }) {
  const chosen = lines.filter((line) => selection.has(keyOf(line))).length;
  const all = lines.length > 0 && chosen === lines.length;
  return (
    <input
      type="checkbox"
      aria-label={`Select all ${lines.length} plans shown`}
      checked={all}
      ref={(box) => {
        if (box !== null) box.indeterminate = chosen > 0 && !all;
      }}
      onChange={() => selection.setAll(lines.map(keyOf), !all)}
    />
  );
}

type RowProps = Pick<
  PlanTableProps,
  "places" | "columns" | "current" | "down" | "operations" | "refusal" | "selection" | "onOpen" | "onResume"
> & {
  readonly place: Steady<PlanLine>;
  readonly index: number;
};

const CONTROL = "a,button,input,.c-select";

function Row(props: RowProps) {
  const { place, places, columns, index, current, down, operations, refusal, selection, onOpen, onResume } = props;
  const { row: line, gone } = place;
  const key = keyOf(line);
  const resumable = !gone && (line.state === "paused" || line.state === "planned");
  const marks = [current === key ? "sel" : "", down.has(line.source) ? "stale" : "", gone ? "gone" : ""];
  if (selection.has(key)) marks.push("picked");
  return (
    <tr
      data-row={key}
      aria-rowindex={index + 2}
      className={marks.filter((mark) => mark !== "").join(" ")}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest(CONTROL) === null) onOpen(line);
      }}
    >
      <td className="c-select">
        <input
          type="checkbox"
          aria-label={`Select plan ${line.id}`}
          checked={selection.has(key)}
          onChange={() => undefined}
          onClick={(event) => selection.toggle(key, event.shiftKey ? places.map((each) => keyOf(each.row)) : null)}
        />
      </td>
      {COLUMNS.filter(({ id }) => columns.includes(id)).map(({ id }) => (
        <PlanCell key={id} column={id} line={line} gone={gone} operation={operations.get(key)} />
      ))}
      <td className="c-act">
        {resumable && (
          <button
            type="button"
            className="btn-plain row-act"
            aria-disabled={refusal !== null || undefined}
            title={refusal ?? undefined}
            aria-label={`Resume… ${line.id}${refusal === null ? "" : `: ${refusal}`}`}
            onClick={() => {
              if (refusal === null) onResume(line);
            }}
          >
            Resume…
          </button>
        )}
      </td>
    </tr>
  );
}
