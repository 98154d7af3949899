"use client";
import { formatDurationMs, formatShare, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { SortHead } from "#components/ui/table.tsx";
import { Instant, Since } from "#components/ui/time.tsx";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { lookOf } from "#server/kernel/states.ts";
import { failureText, type PlanLine } from "./plan-lines.ts";
import { isDescendingFirst, type ServerSort, type Sort } from "./plans-query.ts";
import type { Selection } from "./use-selection.ts";
import { useWindowRows } from "./use-window-rows.ts";

const ROW_PX = 28;
const COLUMNS = 11;
const METER_PX = 48;

/** What somebody has asked of the plan of a row, as long as it is not settled. */
export interface RowOperation {
  readonly verb: string;
  readonly phase: OperationPhase;
}

export const keyOf = (line: { readonly source: string; readonly id: string }): string => `${line.source} ${line.id}`;

interface PlanTableProps {
  readonly lines: readonly PlanLine[];
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
  const { lines, sort, descending, onSort } = props;
  const rows = useWindowRows(lines.length, ROW_PX);
  const head = (
    key: ServerSort,
    text: string,
    more: { readonly numeric?: boolean; readonly className?: string } = {},
  ) => (
    <SortHead
      sorted={sort === key ? (descending ? "descending" : "ascending") : null}
      onSort={() => onSort(key, sort === key ? !descending : isDescendingFirst(key))}
      {...more}
    >
      {text}
    </SortHead>
  );
  return (
    <table className="plans" aria-label="Plans" aria-rowcount={lines.length + 1}>
      <thead>
        <tr>
          <th scope="col" className="c-select">
            <SelectAll lines={lines} selection={props.selection} />
          </th>
          {head("state", "State")}
          {head("result", "Result")}
          {head("label", "Label")}
          {head("id", "Plan")}
          <th scope="col" className="p3">
            Source
          </th>
          {head("startedAt", "started", { numeric: true })}
          {head("realTime", "real time", { numeric: true, className: "p2" })}
          <th scope="col" className="num p2">
            done
          </th>
          <th scope="col" className="w100 p2">
            where it is
          </th>
          <th scope="col">
            <span className="vh">Action</span>
          </th>
        </tr>
      </thead>
      <tbody ref={rows.ref}>
        {rows.before > 0 && <Space px={rows.before} />}
        {lines.slice(rows.from, rows.to).map((line, index) => (
          <Row key={keyOf(line)} line={line} index={rows.from + index} {...props} />
        ))}
        {rows.after > 0 && <Space px={rows.after} />}
      </tbody>
    </table>
  );
}

function Space({ px }: { readonly px: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of nothing, there to keep the height; it takes no focus
    <tr aria-hidden="true" className="space">
      <td colSpan={COLUMNS} style={{ height: px }} />
    </tr>
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
  "lines" | "current" | "down" | "operations" | "refusal" | "selection" | "onOpen" | "onResume"
> & {
  readonly line: PlanLine;
  readonly index: number;
};

const CONTROL = "a,button,input,.c-select";

function Row({ line, lines, index, current, down, operations, refusal, selection, onOpen, onResume }: RowProps) {
  const key = keyOf(line);
  const operation = operations.get(key);
  const resumable = line.state === "paused" || line.state === "planned";
  return (
    <tr
      data-row={key}
      aria-rowindex={index + 2}
      className={`${current === key ? "sel" : ""}${down.has(line.source) ? " stale" : ""}`}
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
          onClick={(event) => selection.toggle(key, event.shiftKey ? lines.map(keyOf) : null)}
        />
      </td>
      <td className="c-state">
        <State system="plan" word={line.state} />
      </td>
      <td className="c-result">
        {line.result === "pending" ? <span className="off">–</span> : <State system="result" word={line.result} />}
      </td>
      <td className="c-label trunc">
        <Link href={routes.plan(line.source, line.id)} className="plain">
          <ClassName name={line.label ?? line.rootActionClass ?? "not planned yet"} />
        </Link>
      </td>
      <td className="c-plan">
        <Id id={line.id} />
      </td>
      <td className="p3 t2">
        <bdi>{line.source}</bdi>
      </td>
      <td className="num c-started">
        <Since at={parseInstant(line.startedAt)} />
      </td>
      <td className="num p2">
        <RealTime line={line} />
      </td>
      <td className="num p2">
        <Progress line={line} />
      </td>
      <td className="w100 trunc c-where">
        {operation !== undefined && (
          <span className="small">
            <State system="operation" word={operation.phase}>
              {operation.verb} {operation.phase}
            </State>{" "}
          </span>
        )}
        <Where line={line} />
      </td>
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

function RealTime({ line }: { readonly line: PlanLine }) {
  if (line.realTimeSec !== null && line.endedAt !== null) return formatDurationMs(line.realTimeSec * 1_000);
  const started = parseInstant(line.startedAt);
  if (line.state !== "running" || started === null) return <span className="off">–</span>;
  return <Since at={started} />;
}

const HAS_PROGRESS: ReadonlySet<string> = new Set(["running", "paused"]);

function Progress({ line: { progress, state } }: { readonly line: PlanLine }) {
  if (progress === null || !HAS_PROGRESS.has(state)) return <span className="off">–</span>;
  return (
    <span className="pr">
      <svg className={`meter t-${lookOf("plan", state).tone}`} width={METER_PX} height="3" aria-hidden="true">
        <rect className="ground" width={METER_PX} height="3" />
        <rect className="fill" width={METER_PX * Math.min(1, Math.max(0, progress))} height="3" />
      </svg>
      {formatShare(progress)}
    </span>
  );
}

function Where({ line: { failure, note, endedAt } }: { readonly line: PlanLine }) {
  if (failure !== null) {
    const text = failureText(failure);
    return (
      <span title={text}>
        {failure.stepId} {failure.actionClass.split("::").at(-1)} <bdi className="t-failed tone">{text}</bdi>
      </span>
    );
  }
  const ended = parseInstant(endedAt);
  return (
    <span className="t3">
      {note ?? ""}
      {note === null && ended !== null && (
        <>
          ended <Instant at={ended} />
        </>
      )}
    </span>
  );
}
