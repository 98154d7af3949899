"use client";
import { useQuery } from "@tanstack/react-query";
import { type Crumb, Crumbs } from "#components/ui/crumbs.tsx";
import { shortId } from "#components/ui/format.ts";
import { routes } from "#components/ui/routes.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { headName, shortClass } from "./step-words.ts";
import type { PlanOutput } from "./types.ts";

/** More callers are folded in the middle. */
const CALLERS_SHOWN = 3;

interface PlanCrumbsProps {
  readonly source: string;
  readonly planId: string;
  /** `undefined` = not read yet. */
  readonly plan: PlanOutput | undefined;
}

/** The way to a plan: through the plans that led to it, where it is a sub-plan. */
export function PlanCrumbs({ source, planId, plan }: PlanCrumbsProps) {
  const trpc = useTRPC();
  const { data } = useQuery(
    trpc.dynflow.plans.callers.queryOptions({ source, planId }, { enabled: plan?.caller != null }),
  );
  const title = plan?.label ?? plan?.rootActionClass ?? null;
  const callers = data?.callers ?? [];
  const entries = callers.map(({ id, label, rootActionClass, stepId }): Crumb => {
    const name = label ?? rootActionClass;
    return {
      text: name === null ? shortId(id) : headName(shortClass(name)),
      href: routes.plan(source, id, { step: stepId }),
      mono: name === null,
    };
  });
  const middle = callers[Math.max(1, callers.length - CALLERS_SHOWN + 1) - 1];
  const folded: readonly Crumb[] =
    entries.length <= CALLERS_SHOWN || middle === undefined
      ? entries
      : [
          ...entries.slice(0, 1),
          {
            text: `… ${entries.length - CALLERS_SHOWN + 1} more`,
            href: routes.plan(source, middle.id, { step: middle.stepId }),
          },
          ...entries.slice(-(CALLERS_SHOWN - 2)),
        ];
  return (
    <Crumbs
      path={[
        { text: "Plans", href: routes.plans() },
        { text: source, href: routes.plans({ source }) },
        ...(data?.cut == null ? [] : [{ text: CUTS[data.cut], href: routes.plans({ source }) }]),
        ...folded,
        {
          text: title === null ? shortId(planId) : `${headName(shortClass(title))} ${shortId(planId)}`,
          mono: title === null,
        },
      ]}
    />
  );
}

const CUTS = { circle: "… in a circle", "too-deep": "…", gone: "… gone" } as const;
