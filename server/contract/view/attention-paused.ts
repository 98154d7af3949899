import { isMasked, type StreamName } from "#server/contract/event.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import { groupedByClass, groupFinding, type PlanEntry } from "./attention-groups.ts";
import type { Finding } from "./need.ts";
import { plural, splitClassName } from "./words.ts";

const MESSAGE_MAX = 200;

/** Paused plans by the class that failed and its error, and those whose failed steps were skipped and that wait. */
export function pausedFindings(stream: StreamName, fold: DynflowFold): readonly Finding[] {
  const paused = Object.entries(fold.plans).filter(([, plan]) => plan.state === "paused");
  const skipped = paused.filter(([, plan]) => isSkippedAndWaiting(plan));
  const others = paused.filter(([, plan]) => !isSkippedAndWaiting(plan));
  return [
    ...[...Map.groupBy(others, ([, plan]) => keyOf(plan))].map(([key, entries]) => pausedGroup(stream, key, entries)),
    ...groupedByClass(stream, skipped, {
      kind: "skipped_waiting",
      severity: "attention",
      since: ({ stateSince }) => stateSince,
      one: "is paused, its failed steps are skipped",
      many: "are paused, their failed steps are skipped",
      evidence: () => ["it goes on when somebody resumes it, or an executor starts"],
      remedy: "Resume",
      offer: "resume",
    }),
  ];
}

/** Nothing failed is left in it: what failed is marked to be skipped. */
function isSkippedAndWaiting({ failure, steps, result }: PlanFold): boolean {
  if (failure !== null) return false;
  return steps === null ? result === "warning" : Object.values(steps).includes("skipping");
}

/** One key for all audiences: what somebody takes on is the same thing for everybody. */
const keyOf = (plan: PlanFold): string =>
  JSON.stringify([classOf(plan), plan.failure?.exceptionClass ?? null, plan.failure?.gist ?? null]);

/** The action that failed says more than the plan's root: many plans stop at the same one. */
const classOf = (plan: PlanFold): string =>
  plan.failure?.actionClass ?? plan.rootActionClass ?? plan.label ?? "unknown class";

function pausedGroup(stream: StreamName, key: string, entries: readonly PlanEntry[]): Finding {
  const [, plan] = entries[0] ?? ["", null];
  const failed = plan !== null && plan.failure !== null;
  const failedClass = plan === null ? "" : splitClassName(classOf(plan))[1];
  const rootClass = plan === null ? "" : splitClassName(plan.rootActionClass ?? plan.label ?? "plan")[1];
  return groupFinding(stream, key, entries, {
    kind: "paused_plans",
    severity: failed ? "failed" : "attention",
    since: ({ stateSince }) => stateSince,
    name: rootClass,
    one: failed ? `is paused on an error at ${failedClass}` : "is paused",
    many: "",
    ...(entries.length === 1
      ? {}
      : {
          headline: [
            "",
            plural(entries.length, "plan"),
            failed ? ` are paused on the same error at ${failedClass}` : ` of ${failedClass} are paused`,
          ] as const,
        }),
    evidence: failureEvidence,
    remedy: failed ? "Mend the cause, then resume; or skip the failed step" : "Resume",
    offer: "resume",
  });
}

function failureEvidence({ failure }: PlanFold): readonly string[] {
  if (failure === null) return ["without an error: somebody or something paused it"];
  const { exceptionClass, message } = failure;
  const said = isMasked(message) ? "message not shown to viewers" : message.split("\n", 1)[0]?.slice(0, MESSAGE_MAX);
  return [`step ${failure.stepId}`, `${exceptionClass}: ${said}`];
}
