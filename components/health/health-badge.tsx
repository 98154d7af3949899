"use client";
import { State } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { countHealth, healthOf } from "#server/contract/view/health-checks.ts";

/** The worst of what the checks of a source say, in a few words; leads to them. Nothing while the source is unknown. */
export function HealthBadge({ source }: { readonly source: string }) {
  const stream = dnaStream(source);
  const worst = useFold(({ folds }: LiveState) => {
    const fold = folds[stream];
    if (fold?.family !== "dna") return undefined;
    const { critical, warning, ok } = countHealth(healthOf(fold));
    if (critical > 0) return `critical ${critical}`;
    if (warning > 0) return `warning ${warning}`;
    return ok > 0 ? "ok 0" : "not-known 0";
  });
  if (worst === undefined) return null;
  const [level = "not-known", count = "0"] = worst.split(" ");
  const words =
    { critical: `${count} critical`, warning: `${count} to look at`, ok: "well" }[level] ?? "not judged yet";
  return (
    <Link className="plain small" href={routes.health({ source })} title={`checks of ${source}`}>
      <State system="health" word={level} quiet={level === "ok"}>
        {words}
      </State>
    </Link>
  );
}
