"use client";
import { useMemo } from "react";
import { ChangedContext } from "#components/time-travel/changed.ts";
import { DiffSection, NoDifference, StateThen } from "#components/time-travel/diff-section.tsx";
import { useComparison } from "#components/time-travel/use-other.ts";
import { formatCount, plural, shortId } from "#components/ui/format.ts";
import { Instant } from "#components/ui/time.tsx";
import { dynflowStream } from "#server/contract/event.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { diffPlan, type PlanDiff } from "#server/contract/view/diff-plan.ts";

interface PlanDifferenceProps {
  readonly source: string;
  readonly planId: string;
  readonly children: React.ReactNode;
}

const STEPS_SHOWN_MAX = 200;

/** What differs in the plan between the two instants, above the plan; steps that differ are outlined in its flow. */
export function PlanDifference({ source, planId, children }: PlanDifferenceProps) {
  const comparison = useComparison();
  const { earlier, later } = comparison.state === "there" ? comparison.compared : { earlier: null, later: null };
  const [before, after] = [foldOf(earlier?.folds, source), foldOf(later?.folds, source)];
  const diff = useMemo(() => diffPlan(before, after, planId), [before, after, planId]);
  const changed = useMemo(() => new Set((diff.steps ?? []).map(({ stepId }) => String(stepId))), [diff]);
  if (comparison.state === "none") return children;
  return (
    <ChangedContext value={changed}>
      <DiffSection comparison={comparison} titleOf={() => titleOf(diff)}>
        {(compared) => <Differences diff={diff} earlier={compared.earlier.at} later={compared.later.at} />}
      </DiffSection>
      {children}
    </ChangedContext>
  );
}

function foldOf(folds: Folds | undefined, source: string): DynflowFold | null {
  const fold = folds?.[dynflowStream(source)];
  return fold?.family === "dynflow" ? fold : null;
}

function titleOf({ fields, steps, locks }: PlanDiff): string {
  if (steps === null) return "What differs";
  if (fields.length + steps.length + locks.length === 0) return "The same at both instants";
  return `${plural(fields.length + steps.length + locks.length, "thing differs", "things differ")}`;
}

interface DifferencesProps {
  readonly diff: PlanDiff;
  readonly earlier: Parameters<typeof Instant>[0]["at"];
  readonly later: Parameters<typeof Instant>[0]["at"];
}

function Differences({ diff, earlier, later }: DifferencesProps) {
  const { known, fields, steps, locks } = diff;
  if (!known.earlier && !known.later)
    return (
      <p className="only-now small">
        <span className="unk">not comparable</span> At neither instant was it among the unfinished plans.
      </p>
    );
  const same = fields.length + locks.length + (steps?.length ?? 1) === 0;
  if (same) return <NoDifference />;
  return (
    <>
      {(!known.earlier || !known.later) && (
        <p className="only-now small">
          <span className="unk">not kept</span> {known.earlier ? "Later" : "Earlier"} it was not among the unfinished
          plans: {known.earlier ? "it had stopped" : "it had not been seen yet"}. Its steps cannot be compared.
        </p>
      )}
      {steps === null && (
        <p className="only-now small">
          <span className="unk">not kept</span> Of a plan this large the states of steps are not remembered.
        </p>
      )}
      <div className="tscroll">
        <table aria-label="What differs">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">
                <Instant at={earlier} />
              </th>
              <th scope="col" className="w100">
                <Instant at={later} />
              </th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ what, from, to }) => (
              <tr key={what}>
                <td>{what}</td>
                <td>{what === "failed" ? (from ?? "none") : <StateThen system={systemOf(what)} word={from} />}</td>
                <td className="w100">
                  {what === "failed" ? (to ?? "none") : <StateThen system={systemOf(what)} word={to} />}
                </td>
              </tr>
            ))}
            {(steps ?? []).slice(0, STEPS_SHOWN_MAX).map(({ stepId, from, to }) => (
              <tr key={stepId}>
                <td>step {stepId}</td>
                <td>
                  <StateThen system="step" word={from} />
                </td>
                <td className="w100">
                  <StateThen system="step" word={to} />
                </td>
              </tr>
            ))}
            {locks.map(({ lock, change, worldId }) => (
              <tr key={`${lock} ${change} ${worldId}`}>
                <td>
                  <bdi>{lock}</bdi>
                </td>
                <td>{change === "released" ? holder(worldId) : "not held"}</td>
                <td className="w100">{change === "acquired" ? holder(worldId) : "not held"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(steps?.length ?? 0) > STEPS_SHOWN_MAX && (
        <p className="small t3">
          and {formatCount((steps?.length ?? 0) - STEPS_SHOWN_MAX)} steps more, outlined in the flow
        </p>
      )}
    </>
  );
}

const systemOf = (what: string): "plan" | "result" => (what === "result" ? "result" : "plan");
const holder = (worldId: string | null): string => `held${worldId === null ? "" : ` by ${shortId(worldId)}`}`;
