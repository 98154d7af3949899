"use client";
import { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { SeenRows } from "#components/plans/rows-in-sight.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Button } from "#components/ui/button.tsx";
import { formatCount, formatShare, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, copyText } from "#components/ui/ident.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { type Href, routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { SortHead } from "#components/ui/table.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import {
  filteredSteps,
  LISTED,
  NO_FILTER,
  orderedSteps,
  type StepFilter,
  type StepOrder,
  type StepSort,
  stepsCsv,
} from "./step-rows.ts";
import { countStates, stepSeconds } from "./step-words.ts";
import type { StepView } from "./types.ts";
import { useRowsInBox } from "./use-rows-in-box.ts";
import "./steps-table.css";

const COLUMNS = 12;

interface StepsTableProps {
  readonly source: string;
  readonly planId: string;
  readonly steps: readonly StepView[];
  /** Steps with rows that the plan does not list: legal, and told apart. */
  readonly unlisted: readonly number[];
  readonly selected: number | null;
  /** How many there are when not all have come yet. */
  readonly total?: number;
}

/**
 * All steps; the table twin of flow and timeline. Sorted by any column, filtered by state, phase and text, copied as it
 * stands. Windowed: 100,000 rows cost what is seen.
 */
export function StepsTable({ source, planId, steps, unlisted, selected, total = steps.length }: StepsTableProps) {
  const [filter, setFilter] = useState<StepFilter>(NO_FILTER);
  const [order, setOrder] = useState<StepOrder>(LISTED);
  const late = useDeferredValue(filter);
  const found = useMemo(() => filteredSteps(steps, late), [steps, late]);
  const rows = useMemo(() => orderedSteps(found, order), [found, order]);
  const apart = useMemo(() => new Set(unlisted), [unlisted]);
  if (steps.length === 0) return <Empty title="It has no steps yet.">They are laid out when it is planned.</Empty>;
  return (
    <>
      <StepsBar steps={steps} rows={rows} apart={apart} filter={filter} onFilter={setFilter} />
      {steps.length < total && (
        <p className="small t3" role="status">
          {formatCount(steps.length)} of {formatCount(total)} steps have come; the rest follows.
        </p>
      )}
      {rows.length === 0 ? (
        <Empty title={`None of ${formatCount(steps.length)} steps matches.`}>
          <button type="button" className="btn-plain" onClick={() => setFilter(NO_FILTER)}>
            Show all
          </button>
        </Empty>
      ) : (
        <Rows
          source={source}
          planId={planId}
          rows={rows}
          apart={apart}
          selected={selected}
          order={order}
          onOrder={setOrder}
        />
      )}
    </>
  );
}

interface StepsBarProps {
  readonly steps: readonly StepView[];
  readonly rows: readonly StepView[];
  readonly apart: ReadonlySet<number>;
  readonly filter: StepFilter;
  readonly onFilter: (filter: StepFilter) => void;
}

/** States with their counts, phases, text, and the way out. */
function StepsBar({ steps, rows, apart, filter, onFilter }: StepsBarProps) {
  const [said, setSaid] = useState<string | null>(null);
  const box = useRef<HTMLInputElement>(null);
  const counts = useMemo(() => [...countStates(steps)], [steps]);
  const phases = useMemo(() => [...new Set(steps.map(({ phase }) => phase))], [steps]);
  useKeys([{ keys: "/", does: "filter the steps", run: () => box.current?.focus() }], { group: "Steps" });
  const copy = async () =>
    setSaid((await copyText(stepsCsv(rows, apart))) ? `${formatCount(rows.length)} copied` : "could not copy");
  return (
    <div className="steps-bar">
      <fieldset className="chips" aria-label="States of steps">
        <button
          type="button"
          className="chip"
          aria-pressed={filter.state === null}
          onClick={() => onFilter({ ...filter, state: null })}
        >
          all <b>{formatCount(steps.length)}</b>
        </button>
        {counts.map(([word, count]) => (
          <button
            key={word}
            type="button"
            className="chip"
            aria-pressed={filter.state === word}
            onClick={() => onFilter({ ...filter, state: filter.state === word ? null : word })}
          >
            <State system="step" word={word} /> <b>{formatCount(count)}</b>
          </button>
        ))}
      </fieldset>
      <div className="steps-tools">
        <label className="steps-phase small t3">
          phase{" "}
          <select
            value={filter.phase ?? ""}
            onChange={({ target }) => {
              onFilter({ ...filter, phase: phases.find((phase) => phase === target.value) ?? null });
            }}
          >
            <option value="">all</option>
            {phases.map((phase) => (
              <option key={phase} value={phase}>
                {phase}
              </option>
            ))}
          </select>
        </label>
        <input
          ref={box}
          type="search"
          className="steps-text"
          aria-label="Filter by class, queue, error or step"
          placeholder="class, queue, error or step"
          aria-keyshortcuts="/"
          value={filter.text}
          onChange={({ target }) => onFilter({ ...filter, text: target.value })}
        />
        <span className="small t3" role="status">
          {said ?? (rows.length === steps.length ? "" : `${formatCount(rows.length)} of ${formatCount(steps.length)}`)}
        </span>
        <Button small onPress={copy}>
          Copy as CSV
        </Button>
      </div>
    </div>
  );
}

interface Head {
  readonly by: StepSort;
  readonly title: React.ReactNode;
  readonly numeric?: boolean;
  readonly className?: string;
}

const HEADS: readonly Head[] = [
  { by: "id", title: "Step", numeric: true },
  { by: "state", title: "State" },
  { by: "phase", title: "Phase", className: "p2" },
  { by: "action", title: "Action", className: "w100" },
  { by: "queue", title: "Queue", className: "p3" },
  {
    by: "started",
    title: (
      <>
        started <ZoneName />
      </>
    ),
    numeric: true,
    className: "p2",
  },
  { by: "ended", title: "ended", numeric: true, className: "p3" },
  { by: "took", title: "took", numeric: true },
  { by: "ran", title: "ran", numeric: true, className: "p3" },
  { by: "done", title: "done", numeric: true, className: "p2" },
  { by: "weight", title: "weight", numeric: true, className: "p3" },
  { by: "error", title: "error", className: "p2" },
];

/** Times and counts are wanted from the largest on, names from A on; the third press is the order of the plan again. */
function turned(order: StepOrder, { by, numeric = false }: Head): StepOrder {
  const first = numeric && by !== "id" && by !== "started" && by !== "ended";
  if (order.by !== by) return { by, descending: first };
  return order.descending === first ? { by, descending: !first } : LISTED;
}

interface RowsProps {
  readonly source: string;
  readonly planId: string;
  readonly rows: readonly StepView[];
  readonly apart: ReadonlySet<number>;
  readonly selected: number | null;
  readonly order: StepOrder;
  readonly onOrder: (order: StepOrder) => void;
}

function Rows({ source, planId, rows, apart, selected, order, onOrder }: RowsProps) {
  const { go } = useAddress();
  const { box, seen, before, after, scrollToIndex } = useRowsInBox(rows.length);
  const selectedAt = rows.findIndex((step) => step.id === selected);
  useEffect(() => {
    if (selectedAt >= 0) scrollToIndex(selectedAt, { align: "auto" });
  }, [selectedAt, scrollToIndex]);
  const hrefOf = (step: StepView) => routes.plan(source, planId, { step: step.id });
  const { current } = useRowCursor({
    rows,
    idOf: ({ id }) => String(id),
    from: selected === null ? null : String(selected),
    onOpen: (step) => go(hrefOf(step)),
    scrollTo: (index) => scrollToIndex(index, { align: "auto" }),
    group: "Steps",
    what: "step",
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <div ref={box} className="vbox" tabIndex={0}>
      <table aria-label="Steps" aria-rowcount={rows.length + 1} className="sticky">
        <thead>
          <tr>
            {HEADS.map((head) => (
              <SortHead
                key={head.by}
                numeric={head.numeric === true}
                className={head.className ?? ""}
                sorted={order.by === head.by ? (order.descending ? "descending" : "ascending") : null}
                onSort={() => onOrder(turned(order, head))}
              >
                {head.title}
              </SortHead>
            ))}
          </tr>
        </thead>
        <tbody>
          <SeenRows rows={rows} seen={seen} before={before} after={after} columns={COLUMNS}>
            {(step, index) => (
              <StepRow
                key={step.id}
                step={step}
                index={index}
                to={hrefOf(step)}
                apart={apart.has(step.id)}
                selected={step.id === selected}
                here={String(step.id) === current}
              />
            )}
          </SeenRows>
        </tbody>
      </table>
    </div>
  );
}

interface StepRowProps {
  readonly step: StepView;
  readonly index: number;
  readonly to: Href;
  readonly apart: boolean;
  readonly selected: boolean;
  /** The keys are on it. */
  readonly here: boolean;
}

/** Drawn anew only when it is another. */
const StepRow = memo(function StepRow({ step, index, to, apart, selected, here }: StepRowProps) {
  return (
    <tr aria-rowindex={index + 2} className={`${selected ? "sel" : ""}${here ? " cursor" : ""}`}>
      <td className="num">
        <Link href={to} className="plain">
          {step.id}
        </Link>
      </td>
      <td>
        <State system="step" word={step.state} quiet={step.state === "success"} />
      </td>
      <td className="p2 t2">{step.phase}</td>
      <td className="w100 trunc">
        <Link href={to} className="plain">
          <ClassName name={step.actionClass} />
        </Link>
        {apart && <span className="small t3"> not listed by the plan</span>}
        {step.unreadable !== null && <span className="small t-attention tone"> not all of it can be read</span>}
      </td>
      <td className="p3 t2 trunc steps-queue">
        <bdi>{step.queue ?? "–"}</bdi>
      </td>
      <td className="num p2">
        <Instant at={parseInstant(step.startedAt)} form="clock" />
      </td>
      <td className="num p3">
        <Instant at={parseInstant(step.endedAt)} form="clock" />
      </td>
      <td className="num">{stepSeconds(step, step.realTimeSec)}</td>
      <td className="num p3 t2">{stepSeconds(step, step.executionTimeSec)}</td>
      <td className="num p2 t2">{step.progressDone === null ? "–" : formatShare(step.progressDone)}</td>
      <td className="num p3 t2">{step.progressWeight ?? "–"}</td>
      <td className="p2 mono trunc ex-cell" title={step.exceptionClass ?? undefined}>
        {step.exceptionClass === null ? (
          <span className="t3">–</span>
        ) : (
          <bdi className={step.state === "error" ? "t-failed tone" : "t3"}>{step.exceptionClass}</bdi>
        )}
      </td>
    </tr>
  );
});
