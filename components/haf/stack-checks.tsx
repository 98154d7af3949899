"use client";
import { CheckText, isUntroubled, LevelWord } from "#components/health/check-parts.tsx";
import { formatCount } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { hafStream } from "#server/contract/event.ts";
import type { HafCheckFold, HafFold } from "#server/contract/fold/haf.ts";
import { HAF_CHECKS, type HafCheck } from "#server/contract/haf.ts";
import { HAF_CHECK_TEXTS } from "#server/contract/view/haf-checks.ts";

const RANK = { critical: 0, warning: 1, "not-known": 2, ok: 3 } as const;

interface StackChecksProps {
  readonly source: string;
  readonly checks: HafFold["checks"];
}

/** What is watched for on this stack: what needs somebody first, the rest folded. */
export function StackChecks({ source, checks }: StackChecksProps) {
  const known = HAF_CHECKS.flatMap((id) => {
    const check = checks[id];
    return check === undefined ? [] : [{ id, check }];
  }).sort((a, b) => RANK[a.check.level] - RANK[b.check.level]);
  const open = known.filter(({ check }) => !isUntroubled(check.level));
  const others = known.filter((each) => !open.includes(each));
  const unknown = others.filter(({ check }) => check.level === "not-known").length;
  return (
    <Section
      title="What needs a person"
      aside={`${formatCount(open.length)} of ${formatCount(known.length)} checks`}
      className="haf-sec"
    >
      {known.length === 0 ? (
        <Empty title="Nothing was judged yet." />
      ) : open.length === 0 ? (
        <p className="t2">
          Nothing.{unknown > 0 && <span className="t3"> {unknown} of the checks cannot be judged.</span>}
        </p>
      ) : (
        <List source={source} checks={open} />
      )}
      {others.length > 0 && (
        <details className="io">
          <summary>
            <b className="med">The other checks</b> <span className="t3">{others.length}</span>
          </summary>
          <List source={source} checks={others} />
        </details>
      )}
    </Section>
  );
}

interface Known {
  readonly id: HafCheck;
  readonly check: HafCheckFold;
}

function List({ source, checks }: { readonly source: string; readonly checks: readonly Known[] }) {
  return (
    <ul className="haf-checks">
      {checks.map(({ id, check }) => (
        <Check key={id} source={source} id={id} check={check} />
      ))}
    </ul>
  );
}

function Check({ source, id, check: { level, since, evidence, about } }: Known & { readonly source: string }) {
  const words = HAF_CHECK_TEXTS[id];
  return (
    <li data-check={id} data-level={level}>
      <details open={level === "critical" || undefined}>
        <summary>
          <LevelWord level={level} />
          <span className="what">
            <b className="med">{isUntroubled(level) ? words.title : words.trouble}</b>{" "}
            <span className="t2 wrap">
              <bdi>{evidence}</bdi>
            </span>
          </span>
          <span className="t3 small nowrap">
            for <Since at={since} />
          </span>
        </summary>
        <div className="haf-explained">
          <CheckText explanation={words.explanation} remedy={words.remedy} about={about} />
          <p className="small">
            <Link href={routes.journal({ stream: hafStream(source), kind: "haf.check.changed", subject: id })}>
              Its history
            </Link>
          </p>
        </div>
      </details>
    </li>
  );
}
