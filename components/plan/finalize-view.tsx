"use client";
import { useMemo } from "react";
import { formatBytes, parseInstant, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName } from "#components/ui/ident.tsx";
import { Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { MissingStep } from "./missing-step.tsx";
import type { PlanPartProps } from "./plan-part-props.ts";
import { StepHeads } from "./step-heads.tsx";
import { countStates, isOver, stepSeconds } from "./step-words.ts";
import { StepsTable } from "./steps-table.tsx";
import type { PlanOutput, StepView } from "./types.ts";
import "./plan-parts.css";

/** More than are listed in full: a table that draws what is seen. */
const LISTED_MAX = 200;

/** What runs once the run flow has ended, one after the other, and how far that has come. */
export function FinalizeView({ source, plan, steps, selected, onSelect, children }: PlanPartProps) {
  const byId = useMemo(() => new Map(steps.map((step) => [step.id, step])), [steps]);
  const flow = plan.finalizeFlow;
  const ids = useMemo(() => ("kind" in flow ? stepIdsOf(flow) : []), [flow]);
  if (!("kind" in flow))
    return (
      <p className="small t2 wrap">
        The finalize flow could not be decoded: <bdi>{flow.unreadable}</bdi> ({formatBytes(flow.bytes)}). Its steps are
        in the Steps tab.
      </p>
    );
  if (ids.length === 0)
    return (
      <Empty title="It has nothing to finalize.">Actions with a finalize method run it here, after the run flow.</Empty>
    );
  const own = ids.flatMap((id) => byId.get(id) ?? []);
  const isOurs = selected !== null && ids.includes(selected);
  return (
    <div className={isOurs ? "parts-two" : "parts-two alone"}>
      <Section title="Finalize" note="one after the other, after the run flow" aside={plural(ids.length, "step")}>
        <p className="t2 pad-y">{standing(plan, byId, own)}</p>
        {ids.length > LISTED_MAX ? (
          <StepsTable source={source} planId={plan.id} steps={own} unlisted={[]} selected={selected} />
        ) : (
          <table aria-label="Finalize steps">
            <thead>
              <tr>
                <th scope="col" className="num">
                  #
                </th>
                <th scope="col">State</th>
                <StepHeads />
              </tr>
            </thead>
            <tbody>
              {ids.map((id, index) => (
                <Row
                  key={id}
                  id={id}
                  place={index + 1}
                  step={byId.get(id)}
                  reading={steps.length < plan.stepCount}
                  selected={id === selected}
                  onSelect={onSelect}
                />
              ))}
            </tbody>
          </table>
        )}
      </Section>
      {isOurs && <div className="two-side">{children}</div>}
    </div>
  );
}

/** One sentence: whether it was reached, and how far it is. */
function standing(plan: PlanOutput, byId: ReadonlyMap<number, StepView>, own: readonly StepView[]): string {
  const counts = countStates(own);
  const over = own.filter(isOver).length;
  const failed = counts.get("error") ?? 0;
  if (failed > 0) return `${plural(failed, "step")} failed: what follows waits until it is skipped or resumed.`;
  if (over === own.length) return "All of it is over.";
  if (over > 0 || (counts.get("running") ?? 0) > 0) return `${over} of ${own.length} are over.`;
  const run = "kind" in plan.runFlow ? stepIdsOf(plan.runFlow) : [];
  const open = run.filter((id) => !isOver(byId.get(id))).length;
  if (plan.state === "stopped") return "It was not reached: the plan stopped before.";
  return open === 0
    ? "It is next: the run flow is over."
    : `It is not reached: ${plural(open, "step")} of the run flow ${open === 1 ? "is" : "are"} not over.`;
}

interface RowProps {
  readonly id: number;
  readonly place: number;
  readonly step: StepView | undefined;
  readonly reading: boolean;
  readonly selected: boolean;
  readonly onSelect: (stepId: number) => void;
}

function Row({ id, place, step, reading, selected, onSelect }: RowProps) {
  return (
    <tr className={selected ? "sel" : ""} aria-current={selected || undefined}>
      <td className="num t3">{place}</td>
      <td>
        {step === undefined ? (
          <MissingStep stepId={id} reading={reading} />
        ) : (
          <State system="step" word={step.state} quiet={step.state === "success"} />
        )}
      </td>
      <td className="w100 trunc">
        <button type="button" className="btn-plain" onClick={() => onSelect(id)}>
          <ClassName name={step?.actionClass ?? null} />
        </button>
      </td>
      <td className="num p2 t2">{id}</td>
      <td className="num p2">
        <Instant at={parseInstant(step?.startedAt ?? null)} form="clock" />
      </td>
      <td className="num">{step === undefined ? "–" : stepSeconds(step, step.realTimeSec)}</td>
      <td className="p2 mono trunc ex-cell">
        {step?.exceptionClass == null ? (
          <span className="t3">–</span>
        ) : (
          <bdi className="t-failed tone">{step.exceptionClass}</bdi>
        )}
      </td>
    </tr>
  );
}
