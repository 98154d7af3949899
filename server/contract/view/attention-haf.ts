import type { StreamName } from "#server/contract/event.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafCheck } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { hafChecksOf } from "./haf-checks.ts";
import { type Finding, sourceOf } from "./need.ts";

/** A worse one of the same thing is told instead. */
const TOLD_BY: Readonly<Partial<Record<HafCheck, HafCheck>>> = { "app-silent": "app-auto-detach" };
/** Checks whose `about` are apps: one finding opens on the app. */
const OF_APPS: readonly HafCheck[] = [
  "app-silent",
  "app-auto-detach",
  "app-lagging",
  "app-slow",
  "app-detached",
  "block-went-down",
];

/**
 * Checks of a stack that say that something is wrong, each with what to do.
 *
 * @param _now of the server's clock
 */
export function hafFindings(stream: StreamName, fold: HafFold, _now: EpochMs): readonly Finding[] {
  const views = hafChecksOf(fold);
  return views.flatMap(({ id, level, trouble, evidence, remedy, about, since }): Finding[] => {
    if (level !== "critical" && level !== "warning") return [];
    const worse = views.find((view) => view.id === TOLD_BY[id]);
    if (worse !== undefined && about.every((name) => worse.about.includes(name)) && worse.level === "critical")
      return [];
    const app = OF_APPS.includes(id) ? (about[0] ?? null) : null;
    return [
      {
        id: `haf_check|${stream} ${id}`,
        kind: "haf_check",
        severity: level === "critical" ? "failed" : "attention",
        stream,
        target: app ?? sourceOf(stream),
        headline: [`${trouble}: `, app ?? sourceOf(stream), about.length > 1 ? ` and ${about.length - 1} more` : ""],
        evidence: since === null ? [{ text: evidence }] : [{ text: evidence, at: since }],
        since,
        count: Math.max(1, about.length),
        place: { page: "haf", source: sourceOf(stream), app },
        remedy,
      },
    ];
  });
}
