import type { StreamName } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import { healthOf } from "./health-checks.ts";
import { type Finding, sourceOf } from "./need.ts";

/** Checks that have findings of their own, thing by thing. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(["names", "doubles", "rows"]);

/** Checks of a source that say that something is wrong, each with what to do. */
export function healthFindings(stream: StreamName, fold: DnaFold): readonly Finding[] {
  return healthOf(fold).flatMap((check): Finding[] => {
    const { id, level, trouble, evidence, remedy, about, since, at } = check;
    if (TOLD_ELSEWHERE.has(id) || (level !== "critical" && level !== "warning")) return [];
    return [
      {
        id: `health_check|${stream} ${id}`,
        kind: "health_check",
        severity: level === "critical" ? "failed" : "attention",
        stream,
        target: id,
        headline: [`${trouble}: `, sourceOf(stream), ""],
        evidence: [at === null ? { text: evidence } : { text: evidence, at }],
        since,
        count: Math.max(1, about.length),
        place: { page: "health", source: sourceOf(stream), check: id },
        remedy,
      },
    ];
  });
}
