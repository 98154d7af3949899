"use client";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Failure } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import { countHealth, type HealthCheckView, healthOf } from "#server/contract/view/health-checks.ts";
import { HealthList } from "./health-list.tsx";

interface SourceChecksProps {
  readonly source: string;
  readonly open?: string | null;
  /** Only those that say something is wrong, or cannot be judged; the rest in one line. */
  readonly brief?: boolean;
}

/** Every check of a source as the console knew it at the instant that is shown. */
export function SourceChecks({ source, open = null, brief = false }: SourceChecksProps) {
  const stream = dnaStream(source);
  const fold = useFold(({ folds }) => folds[stream]);
  if (fold?.family !== "dna") return null;
  const checks = healthOf(fold);
  const shown = brief ? checks.filter(({ level }) => level !== "ok") : checks;
  const down = fold.source.state !== "up";
  return (
    <Section
      title={`Checks of ${source}`}
      note={sentenceOf(checks)}
      aside={brief ? <Link href={routes.health({ source })}>all checks</Link> : undefined}
    >
      {down && (
        <Failure
          title={`${source} is ${fold.source.state}: nothing is judged`}
          message={fold.source.reason}
          since={fold.source.since}
        >
          <p className="t3">What was said last stands below, with its age.</p>
        </Failure>
      )}
      {shown.length > 0 && <HealthList source={source} checks={shown} open={open} />}
    </Section>
  );
}

/** `1 critical, 2 warnings, 3 not known, 6 well`. */
export function sentenceOf(checks: readonly HealthCheckView[]): string {
  const { critical, warning, "not-known": unknown, ok } = countHealth(checks);
  return [
    ...(critical === 0 ? [] : [`${critical} critical`]),
    ...(warning === 0 ? [] : [`${warning} ${warning === 1 ? "warning" : "warnings"}`]),
    ...(unknown === 0 ? [] : [`${unknown} not known`]),
    `${ok} well`,
  ].join(", ");
}
