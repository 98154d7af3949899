"use client";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { formatCount, formatShare, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { type Href, routes } from "#components/ui/routes.ts";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { countStates, stepSeconds } from "./step-words.ts";
import type { StepView } from "./types.ts";

const ROW_PX = 28;
const OVERSCAN = 20;

interface StepsTableProps {
  readonly source: string;
  readonly planId: string;
  readonly steps: readonly StepView[];
  /** Steps with rows that the plan does not list: legal, and told apart. */
  readonly unlisted: readonly number[];
  readonly selected: number | null;
}

/** All steps in the order of the plan; the table twin of flow and timeline. Windowed: 10,000 rows cost what is seen. */
export function StepsTable({ source, planId, steps, unlisted, selected }: StepsTableProps) {
  const [state, setState] = useState<string | null>(null);
  const rows = useMemo(() => (state === null ? steps : steps.filter((step) => step.state === state)), [steps, state]);
  const apart = useMemo(() => new Set(unlisted), [unlisted]);
  const box = useRef<HTMLDivElement>(null);
  const rowsOf = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  });
  const selectedAt = rows.findIndex((step) => step.id === selected);
  const { scrollToIndex } = rowsOf;
  useEffect(() => {
    if (selectedAt >= 0) scrollToIndex(selectedAt, { align: "auto" });
  }, [selectedAt, scrollToIndex]);
  const seen = rowsOf.getVirtualItems();
  const before = seen[0]?.start ?? 0;
  const after = rowsOf.getTotalSize() - (seen.at(-1)?.end ?? 0);
  const counts = useMemo(() => [...countStates(steps)], [steps]);
  if (steps.length === 0) return <Empty title="It has no steps yet.">They are laid out when it is planned.</Empty>;
  return (
    <>
      <fieldset className="chips" aria-label="States of steps">
        <button type="button" className="chip" aria-pressed={state === null} onClick={() => setState(null)}>
          all <b>{formatCount(steps.length)}</b>
        </button>
        {counts.map(([word, count]) => (
          <button
            key={word}
            type="button"
            className="chip"
            aria-pressed={state === word}
            onClick={() => setState(state === word ? null : word)}
          >
            <State system="step" word={word} /> <b>{formatCount(count)}</b>
          </button>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <div ref={box} className="vbox" tabIndex={0}>
        <table aria-label="Steps" aria-rowcount={rows.length + 1} className="sticky">
          <thead>
            <tr>
              <th scope="col" className="num">
                Step
              </th>
              <th scope="col">State</th>
              <th scope="col" className="p2">
                Phase
              </th>
              <th scope="col" className="w100">
                Action
              </th>
              <th scope="col" className="p3">
                Queue
              </th>
              <th scope="col" className="num p2">
                started <ZoneName />
              </th>
              <th scope="col" className="num">
                took
              </th>
              <th scope="col" className="num p3">
                ran
              </th>
              <th scope="col" className="num p2">
                done
              </th>
              <th scope="col" className="p2">
                error
              </th>
            </tr>
          </thead>
          <tbody>
            {before > 0 && <Space px={before} />}
            {seen.map(({ index }) => {
              const step = rows[index];
              if (step === undefined) return null;
              const to = routes.plan(source, planId, { step: step.id });
              return (
                <StepRow
                  key={step.id}
                  step={step}
                  index={index}
                  to={to}
                  apart={apart.has(step.id)}
                  selected={step.id === selected}
                />
              );
            })}
            {after > 0 && <Space px={after} />}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Space({ px }: { readonly px: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of nothing, there to keep the height; it takes no focus
    <tr aria-hidden="true" className="space">
      <td colSpan={10} style={{ height: px }} />
    </tr>
  );
}

interface StepRowProps {
  readonly step: StepView;
  readonly index: number;
  readonly to: Href;
  readonly apart: boolean;
  readonly selected: boolean;
}

function StepRow({ step, index, to, apart, selected }: StepRowProps) {
  return (
    <tr aria-rowindex={index + 2} className={selected ? "sel" : ""}>
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
      </td>
      <td className="p3 t2">{step.queue ?? "–"}</td>
      <td className="num p2">
        <Instant at={parseInstant(step.startedAt)} form="clock" />
      </td>
      <td className="num">{stepSeconds(step, step.realTimeSec)}</td>
      <td className="num p3 t2">{stepSeconds(step, step.executionTimeSec)}</td>
      <td className="num p2 t2">{step.progressDone === null ? "–" : formatShare(step.progressDone)}</td>
      <td className="p2 mono trunc ex-cell" title={step.exceptionClass ?? undefined}>
        {step.exceptionClass === null ? (
          <span className="t3">–</span>
        ) : (
          <bdi className={step.state === "error" ? "t-failed tone" : "t3"}>{step.exceptionClass}</bdi>
        )}
      </td>
    </tr>
  );
}
