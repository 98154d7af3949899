"use client";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Instant } from "#components/ui/time.tsx";
import { Failure } from "#components/ui/widget.tsx";
import type { Tab } from "./plan-tabs.tsx";
import type { PlanOutput } from "./types.ts";

const PLANS_SHOWN_MAX = 5;
/** As many sub-plans as the head of a plan names. */
const LINKED_MAX = 1_000;

/** What holds a plan up besides its steps: its time, other plans, a plan that Ruby could not load. */
export function PlanFacts({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  const { delayed, blockedBy, blocks, subPlanIds, caller, invalidReason } = plan;
  return (
    <>
      {invalidReason !== null && <Failure title="Dynflow cannot load this plan" message={invalidReason} />}
      {delayed !== null && <Delayed source={source} plan={plan} delayed={delayed} />}
      {plan.state === "scheduled" && delayed === null && (
        <p className="warn small">
          It is scheduled, but its delayed record is gone: it can never start by itself.{" "}
          <PartLink source={source} plan={plan} tab="delayed">
            Why
          </PartLink>
        </p>
      )}
      {blockedBy.length > 0 && (
        <p className="small t2">
          <PartLink source={source} plan={plan} tab="dependencies">
            Depends on {plural(blockedBy.length, "plan")}
          </PartLink>
          : <PlanLinks source={source} ids={blockedBy} />
        </p>
      )}
      {blocks.length > 0 && (
        <p className="small t2">
          <PartLink source={source} plan={plan} tab="dependencies">
            {plural(blocks.length, "plan depends", "plans depend")} on it
          </PartLink>
          : <PlanLinks source={source} ids={blocks} />
        </p>
      )}
      {subPlanIds.length > 0 && plan.result !== "success" && (
        <p className="small t2">
          It planned{" "}
          {subPlanIds.length >= LINKED_MAX
            ? `more than ${formatCount(LINKED_MAX - 1)} sub-plans`
            : plural(subPlanIds.length, "sub-plan")}
          :{" "}
          <PartLink source={source} plan={plan} tab="sub-plans">
            look for the first failure below
          </PartLink>
        </p>
      )}
      {caller !== null && (
        <p className="small t2">
          Planned by{caller.actionId === null ? "" : ` action ${caller.actionId} of`}{" "}
          <PlanLinks source={source} ids={[caller.planId]} />
        </p>
      )}
    </>
  );
}

interface PartLinkProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly tab: Tab;
  readonly children: React.ReactNode;
}

/** To the part of the page that tells all of it. */
function PartLink({ source, plan, tab, children }: PartLinkProps) {
  return <Link href={routes.plan(source, plan.id, { tab })}>{children}</Link>;
}

interface DelayedProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly delayed: NonNullable<PlanOutput["delayed"]>;
}

function Delayed({ source, plan, delayed }: DelayedProps) {
  const { startAt, startBefore, frozen } = delayed;
  return (
    <p className="small t2">
      <span className="t-queued">
        <Glyph tone="queued" shape="clock" />
      </span>{" "}
      {startAt === null ? "Starts as soon as it may" : "Starts at "}
      {startAt !== null && <Instant at={parseInstant(startAt)} />}
      {startBefore !== null && (
        <>
          , given up after <Instant at={parseInstant(startBefore)} />
        </>
      )}
      {frozen && ". It is frozen: nobody starts it"}.{" "}
      <PartLink source={source} plan={plan} tab="delayed">
        {plan.state === "scheduled" ? "Ready, or why not" : "Its delay"}
      </PartLink>
    </p>
  );
}

function PlanLinks({ source, ids }: { readonly source: string; readonly ids: readonly string[] }) {
  return (
    <>
      {ids.slice(0, PLANS_SHOWN_MAX).map((id, index) => (
        <span key={id} className="nowrap">
          {index > 0 && ", "}
          <Link href={routes.plan(source, id)}>open</Link> <Id id={id} />
        </span>
      ))}
      {ids.length > PLANS_SHOWN_MAX && ` and ${ids.length - PLANS_SHOWN_MAX} more`}
    </>
  );
}
