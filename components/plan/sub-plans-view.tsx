"use client";
import { useMemo, useState } from "react";
import { formatCount, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Section } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { SubPlanFailure } from "./sub-plan-failure.tsx";
import { type LevelSum, sumLevel } from "./sub-plan-rows.ts";
import { SubPlanTreeTable } from "./sub-plan-tree.tsx";
import type { PlanOutput } from "./types.ts";
import { useSubPlans } from "./use-sub-plans.ts";
import "./sub-plans.css";

const STATES_SHOWN_MAX = 8;

/** The plans that actions of this one planned, and theirs: a tree that is read as it is unfolded. */
export function SubPlansView({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  const [failingOnly, setFailingOnly] = useState(false);
  const none = plan.subPlanIds.length === 0;
  if (none && plan.state === "stopped") return <Empty title="It planned no sub-plans." />;
  return (
    <>
      <SubPlanFailure source={source} planId={plan.id} moving={plan.state !== "stopped"} />
      {/* Another filter is another list: nothing of the one before is kept. */}
      <Tree
        key={`${plan.id} ${failingOnly}`}
        source={source}
        plan={plan}
        failingOnly={failingOnly}
        onFailingOnly={setFailingOnly}
      />
    </>
  );
}

interface TreeProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly failingOnly: boolean;
  readonly onFailingOnly: (only: boolean) => void;
}

function Tree({ source, plan, failingOnly, onFailingOnly }: TreeProps) {
  const tree = useSubPlans(source, plan.id, failingOnly, plan.state !== "stopped");
  const counts = tree.first?.pages[0]?.data?.counts ?? null;
  const sum = useMemo(() => (counts === null ? null : sumLevel(counts)), [counts]);
  return (
    <Section
      title="Sub-plans"
      note="planned by actions of this plan; by start"
      aside={sum === null ? "" : `${plural(sum.total, "plan")}${callersText(sum)}`}
    >
      <div className="sub-bar">
        <label className="check">
          <input type="checkbox" checked={failingOnly} onChange={(event) => onFailingOnly(event.target.checked)} />
          failing only
        </label>
        {sum !== null && <States sum={sum} />}
      </div>
      <SubPlanTreeTable source={source} planId={plan.id} tree={tree} failingOnly={failingOnly} />
    </Section>
  );
}

const callersText = ({ callers }: LevelSum): string => (callers.length > 1 ? ` of ${callers.length} actions` : "");

/** All of the first level by state and result. */
function States({ sum }: { readonly sum: LevelSum }) {
  return (
    <ul className="sub-states" aria-label="By state and result">
      {sum.states.slice(0, STATES_SHOWN_MAX).map(({ state, result, count }) => (
        <li key={`${state} ${result}`}>
          {state === null ? (
            <span className="unk">row gone</span>
          ) : state === "stopped" ? (
            <State system="result" word={result ?? ""} quiet={result === "success"} />
          ) : (
            <>
              <State system="plan" word={state} />
              {result !== "pending" && <span className="t3"> {result}</span>}
            </>
          )}{" "}
          <b className="med">{formatCount(count)}</b>
        </li>
      ))}
      {sum.states.length > STATES_SHOWN_MAX && <li className="t3">and others</li>}
    </ul>
  );
}
