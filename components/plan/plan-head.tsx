"use client";
import { Button } from "#components/ui/button.tsx";
import { formatCount, formatShare, parseInstant, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { lookOf } from "#server/kernel/states.ts";
import { isExecutionLock } from "./lock-words.ts";
import { headName, isOver, seconds } from "./step-words.ts";
import type { PlanOutput, StepView } from "./types.ts";
import { useDynflowFold } from "./use-plan.ts";
import { WorldName } from "./world-name.tsx";

/** The server reads a plan that is looked at every second; twice that is no longer fresh. */
const FRESH_MS = 5_000;

interface PlanHeadProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[] | undefined;
  readonly refusal: string | null;
  readonly onResume: () => void;
  /** Why there is nothing to skip or to cancel; `null` = there may be, the dialog looks. */
  readonly skipRefusal: string | null;
  readonly onSkip: () => void;
  readonly cancelRefusal: string | null;
  readonly onCancel: () => void;
}

/** What the plan is, in which state, how far, who holds it, how old all this is; and what can be done about it. */
export function PlanHead(props: PlanHeadProps) {
  const { source, plan, steps, refusal, onResume, skipRefusal, onSkip, cancelRefusal, onCancel } = props;
  const stopped = plan.state === "stopped";
  const stale = plan.result !== plan.storedResult && plan.valid;
  return (
    <div className="head">
      <h1>
        <ClassName name={headName(plan.label ?? plan.rootActionClass ?? "not planned yet")} />
        <span className="head-st">
          <State system="plan" word={plan.state} />
          <State system="result" word={plan.result} />
        </span>
      </h1>
      <div className="meta">
        <span data-copy={plan.id}>
          <Id id={plan.id} />
        </span>
        <Link href={routes.plans({ source })} className="plain">
          {source}
        </Link>
        <Started plan={plan} />
        <Progress plan={plan} steps={steps} />
        <Lock source={source} plan={plan} />
        {stale && (
          <span title="Dynflow writes the result with the plan's row, not with each step.">
            row still says {plan.storedResult}
          </span>
        )}
        {plan.label !== null && plan.rootActionClass !== null && plan.label !== plan.rootActionClass && (
          <span>
            root action <ClassName name={headName(plan.rootActionClass)} />
          </span>
        )}
        <span className="t3">
          as of <Age at={parseInstant(plan.asOf)} everyMs={stopped ? undefined : FRESH_MS} />
        </span>
      </div>
      <div className="acts">
        <Button primary shortcut="R" refusal={refusal} reasonId="resume-why" onPress={onResume}>
          Resume…
        </Button>
        <Button shortcut="S" refusal={skipRefusal} onPress={onSkip}>
          Skip…
        </Button>
        <Button shortcut="H" refusal={cancelRefusal} onPress={onCancel}>
          Cancel…
        </Button>
        {/* A plan that is over needs no reason in sight; the button still says it on focus. */}
        <span id="resume-why" className={stopped ? "vh" : "small t3 wrap acts-why"}>
          {refusal}
        </span>
      </div>
    </div>
  );
}

function Started({ plan }: { readonly plan: PlanOutput }) {
  const startedAt = parseInstant(plan.startedAt);
  if (startedAt === null) return <span>not started</span>;
  const stopped = plan.state === "stopped";
  return (
    <>
      <span>
        started <Instant at={startedAt} />, <Since at={startedAt} /> ago
      </span>
      {stopped && <span>took {seconds(plan.realTimeSec)}</span>}
      {plan.executionTimeSec !== null && <span>ran {seconds(plan.executionTimeSec)}</span>}
    </>
  );
}

function Progress({ plan, steps }: { readonly plan: PlanOutput; readonly steps: readonly StepView[] | undefined }) {
  const own = steps?.filter((step) => step.phase !== "plan");
  const done = own?.filter(isOver).length;
  const { tone } = lookOf("plan", plan.state);
  return (
    <span className="prog">
      <svg className={`meter t-${tone}`} width="72" height="3" aria-hidden="true">
        <rect className="ground" width="72" height="3" />
        <rect className="fill" width={72 * Math.min(1, Math.max(0, plan.progress))} height="3" />
      </svg>
      {formatShare(plan.progress)}
      {own !== undefined && done !== undefined && `, ${formatCount(done)} of ${plural(own.length, "step")}`}
    </span>
  );
}

function Lock({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  const worlds = useDynflowFold(source, (fold) => fold.worlds);
  const lock = plan.locks.find(({ class: name }) => isExecutionLock(name));
  if (lock === undefined) return plan.state === "stopped" ? null : <span>no ExecutionLock</span>;
  return (
    <span>
      <State system="lock" word={lock.orphaned ? "orphaned" : "held"}>
        ExecutionLock
      </State>{" "}
      of{" "}
      {lock.worldId === null ? (
        "an unknown world"
      ) : (
        <WorldName id={lock.worldId} worlds={worlds ?? undefined} source={source} />
      )}
    </span>
  );
}
