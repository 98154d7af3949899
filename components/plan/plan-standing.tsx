"use client";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { unreachable } from "#server/kernel/errors.ts";
import type { Standing } from "./as-of.ts";

/** Whether there is anything to draw of the plan at the instant that is shown. */
export const isDrawn = (standing: Standing | null): boolean =>
  standing === null || standing === "unfinished" || standing === "stopped";

/** How much of a plan is as of the instant that is shown; nothing while live. */
export function PlanStanding({ standing }: { readonly standing: Standing | null }) {
  switch (standing) {
    case null:
      return null;
    case "unfinished":
      return (
        <OnlyNow>
          Input, output and errors of its steps, times of tries that were made again, and what it waited for. States,
          locks and its history are as of then.
        </OnlyNow>
      );
    case "stopped":
      return (
        <p className="only-now small">
          It had stopped by then, and a stopped plan does not change: shown as stored now.
        </p>
      );
    case "not-seen":
      return (
        <Empty title="It was not among the unfinished plans then.">
          It had not begun, had not been seen yet, or was stored under other times than it has now.
        </Empty>
      );
    case "not-known":
      return (
        <Empty title="Not known then.">
          <span className="unk">Of its source nothing is kept as of this instant.</span>
        </Empty>
      );
    default:
      return unreachable(standing);
  }
}
