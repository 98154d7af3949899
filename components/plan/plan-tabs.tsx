"use client";
import { useEffect, useRef } from "react";
import { formatCount } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";

/** In the order in which questions come: what it does, how it was made, what it hangs on, what it holds, what is known. */
export const TABS = [
  "flow",
  "timeline",
  "steps",
  "plan-phase",
  "finalize",
  "sub-plans",
  "dependencies",
  "delayed",
  "payload",
  "history",
  "seen",
  "locks",
  "conversation",
  "lifecycle",
  "compare",
  "raw",
] as const;
export type Tab = (typeof TABS)[number];

const TITLES: Readonly<Record<Tab, string>> = {
  flow: "Flow",
  timeline: "Timeline",
  steps: "Steps",
  "plan-phase": "Plan phase",
  finalize: "Finalize",
  "sub-plans": "Sub-plans",
  dependencies: "Dependencies",
  delayed: "Delayed",
  payload: "Input, output",
  history: "History",
  seen: "Seen",
  locks: "Locks",
  conversation: "Conversation",
  lifecycle: "Life cycle",
  compare: "Compare",
  raw: "Raw",
};

/** What a title says in full, where it is short. */
const NAMES: Readonly<Partial<Record<Tab, string>>> = {
  history: "Execution history, as Dynflow wrote it",
  seen: "What this console saw of it",
  conversation: "Who said what to whom so that it was executed",
};

export const toTab = (text: string | null): Tab => TABS.find((tab) => tab === text) ?? "flow";

/** What a tab has in it: a number, a number that is cut (`1 000+`), or `null` = it is not known, or cannot be counted. */
export type TabCount = number | { readonly atLeast: number } | null;

interface PlanTabsProps {
  readonly source: string;
  readonly planId: string;
  readonly step: number | null;
  readonly tab: Tab;
  readonly counts: Readonly<Partial<Record<Tab, TabCount>>>;
  /** Not drawn, unless one is in it: they say nothing of this plan. */
  readonly hidden?: ReadonlySet<Tab>;
}

/** The parts of the page, each with its own address. Those with nothing in them are dim, and stay where they are. */
export function PlanTabs({ source, planId, step, tab, counts, hidden }: PlanTabsProps) {
  const here = useRef<HTMLElement>(null);
  // On a narrow screen they scroll: the one that is open is always in view.
  useEffect(() => {
    const open = tab === "flow" ? null : here.current?.querySelector("[aria-current]");
    open?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [tab]);
  return (
    <nav ref={here} className="tabs" aria-label="Parts of the plan">
      {TABS.filter((each) => each === tab || hidden?.has(each) !== true).map((each) => {
        const count = counts[each];
        return (
          <Link
            key={each}
            href={routes.plan(source, planId, { step, tab: each === "flow" ? null : each })}
            aria-current={each === tab ? "page" : undefined}
            className={count === 0 ? "none" : undefined}
            title={NAMES[each]}
            scroll={false}
          >
            {TITLES[each]}
            {count !== undefined && count !== null && count !== 0 && <span> {countText(count)}</span>}
            {count === 0 && <span className="vh"> none</span>}
          </Link>
        );
      })}
    </nav>
  );
}

const countText = (count: Exclude<TabCount, null>): string =>
  typeof count === "number" ? formatCount(count) : `${formatCount(count.atLeast)}+`;
