"use client";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Age, Since } from "#components/ui/time.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { HealthCheckId, HealthCheckView } from "#server/contract/view/health-checks.ts";
import { CheckText, isUntroubled, LevelWord } from "./check-parts.tsx";
import { checkPlace } from "./check-place.ts";
import "./health.css";

interface HealthListProps {
  readonly source: string;
  readonly checks: readonly HealthCheckView[];
  /** The check that the address names: it is open. */
  readonly open: string | null;
}

/** The checks of one source, worst first; each opens to why it matters and what to do. */
export function HealthList({ source, checks, open }: HealthListProps) {
  return (
    <ul className="checks" aria-label={`Checks of ${source}`}>
      {checks.map((check) => (
        <li key={check.id}>
          <details
            open={check.id === open || check.level === "critical"}
            data-check={check.id}
            data-level={check.level}
          >
            <summary>
              <LevelWord level={check.level} />
              <span className="what">
                <b className="med">{isUntroubled(check.level) ? check.title : check.trouble}</b>
                <span className="t2 wrap">
                  <bdi>{check.evidence}</bdi>
                </span>
              </span>
              <span className="t3 small when">
                {check.since === null ? (
                  "never judged"
                ) : (
                  <>
                    for <Since at={check.since} />
                  </>
                )}
              </span>
            </summary>
            <Explained source={source} check={check} />
          </details>
        </li>
      ))}
    </ul>
  );
}

function Explained({ source, check }: { readonly source: string; readonly check: HealthCheckView }) {
  const { id, explanation, remedy, anchor, about, at, judgedBy } = check;
  const place = checkPlace(source, id as HealthCheckId);
  return (
    <div className="explained">
      <CheckText explanation={explanation} remedy={remedy} about={about} />
      <p className="row wrap-row small">
        <Link href={place.href}>{place.title}</Link>
        <Link href={routes.journal({ stream: dnaStream(source), kind: "dna.health.changed", subject: id })}>
          Its history
        </Link>
        <span className="t3">
          judged by {JUDGED_BY[judgedBy]}
          {at !== null && (
            <>
              , told <Age at={at} suffix="ago" />
            </>
          )}
          ; docs/operations.md#{anchor}
        </span>
      </p>
    </div>
  );
}

const JUDGED_BY = {
  database: "what the database tells",
  nodes: "what the nodes tell",
  census: "the last census",
} as const;
