"use client";
import { formatCount } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";

export const TABS = ["flow", "steps", "payload", "history", "seen", "sub-plans", "locks", "lifecycle", "raw"] as const;
export type Tab = (typeof TABS)[number];

const TITLES: Readonly<Record<Tab, string>> = {
  flow: "Flow",
  steps: "Steps",
  payload: "Input and output",
  history: "Execution history",
  seen: "History seen",
  "sub-plans": "Sub-plans",
  locks: "Locks",
  lifecycle: "Life cycle",
  raw: "Raw",
};

export const toTab = (text: string | null): Tab => TABS.find((tab) => tab === text) ?? "flow";

interface PlanTabsProps {
  readonly source: string;
  readonly planId: string;
  readonly step: number | null;
  readonly tab: Tab;
  readonly counts: Readonly<Partial<Record<Tab, number>>>;
}

/** The parts of the page, each with its own address. */
export function PlanTabs({ source, planId, step, tab, counts }: PlanTabsProps) {
  return (
    <nav className="tabs" aria-label="Parts of the plan">
      {TABS.map((each) => (
        <Link
          key={each}
          href={routes.plan(source, planId, { step, tab: each === "flow" ? null : each })}
          aria-current={each === tab ? "page" : undefined}
          scroll={false}
        >
          {TITLES[each]}
          {counts[each] !== undefined && <span> {formatCount(counts[each])}</span>}
        </Link>
      ))}
    </nav>
  );
}
