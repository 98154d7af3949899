"use client";
import { Button } from "#components/ui/button.tsx";
import { formatCount, formatShare, parseInstant, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { Menu } from "#components/ui/menu.tsx";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { lookOf } from "#server/kernel/states.ts";
import { isExecutionLock } from "./lock-words.ts";
import { type PlanActEntry, primaryOf, SECOND } from "./plan-acts.tsx";
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
  /** What can be done to it, and what not and why. */
  readonly acts: readonly PlanActEntry[];
  readonly menu: boolean;
  readonly onMenu: (open: boolean) => void;
}

/** What the plan is, in which state, how far, who holds it, how old all this is; and what can be done about it. */
export function PlanHead(props: PlanHeadProps) {
  const { source, plan, steps, acts, menu, onMenu } = props;
  const past = useIsPast();
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
        {plan.state !== "scheduled" && <Progress plan={plan} steps={steps} />}
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
        <OutLinks on="dynflow.plan" values={{ source, planId: plan.id }} />
        {!past && (
          <span className="t3">
            as of <Age at={parseInstant(plan.asOf)} everyMs={stopped ? undefined : FRESH_MS} />
          </span>
        )}
      </div>
      <Acts plan={plan} acts={acts} menu={menu} onMenu={onMenu} />
    </div>
  );
}

/** What one most likely wants of it as a button, and the rest in a menu: each says there why it cannot be done. */
function Acts({ plan, acts, menu, onMenu }: Pick<PlanHeadProps, "plan" | "acts" | "menu" | "onMenu">) {
  const primary = acts.find(({ act }) => act === primaryOf(plan));
  const second = acts.find(({ act }) => act === SECOND[plan.state]);
  const items = acts.map(({ act, label, shortcut, says, refusal, open }) => ({
    id: act,
    label,
    shortcut,
    says,
    refusal,
    onPress: () => void open(),
  }));
  return (
    <div className="acts">
      {primary !== undefined && (
        <Button
          primary
          shortcut={primary.shortcut}
          refusal={primary.refusal}
          reasonId="act-why"
          onPress={() => void primary.open()}
        >
          {primary.label}
        </Button>
      )}
      {second !== undefined && (
        <Button shortcut={second.shortcut} refusal={second.refusal} onPress={() => void second.open()}>
          {second.label}
        </Button>
      )}
      <Menu label="Actions" shortcut="M" items={items} open={menu} onOpen={onMenu} />
      {primary !== undefined && primary.refusal !== null && (
        <span id="act-why" className="small t3 wrap acts-why">
          {primary.refusal}
        </span>
      )}
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
      {plan.executionTimeSec !== null && (
        <span title="Time of its steps together; what they waited is not in it">
          execution {seconds(plan.executionTimeSec)}
        </span>
      )}
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
