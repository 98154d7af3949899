"use client";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { useNotKnown } from "#components/ui/not-known.tsx";
import type { Href } from "#components/ui/routes.ts";
import type { LiveState } from "#server/contract/live.ts";
import { type Annunciator, annunciate } from "#server/contract/view/attention.ts";
import { sourceOf } from "#server/contract/view/need.ts";
import { useAttention } from "./attention-context.tsx";
import { PAGES } from "./pages.ts";

/** The entries of the rail: each an annunciator, the worst state's glyph and how many, nothing when there is nothing. */
export function Rail({ path, onGo }: { readonly path: string; readonly onGo?: () => void }) {
  const families = useFold(familiesOf) ?? NO_FAMILIES;
  const unknown = useNotKnown("haf", "ingest").length > 0;
  const shown = PAGES.filter(
    ({ only, href }) => only === undefined || unknown || families.includes(only) || path === href,
  );
  return (
    <nav className="rail" aria-label="Main">
      {shown.map(({ title, href, annunciator }) => (
        <RailEntry
          key={title}
          title={title}
          href={href}
          annunciator={annunciator}
          current={isCurrent(path, href)}
          onGo={onGo}
        />
      ))}
      <RailFoot />
    </nav>
  );
}

const NO_FAMILIES: readonly string[] = [];
const familiesOf = ({ folds }: LiveState): readonly string[] => [
  ...new Set(Object.values(folds).map(({ family }) => family)),
];

function isCurrent(path: string, href: Href): boolean {
  return href.length === 1 ? path === href : path === href || path.startsWith(`${href}/`);
}

interface RailEntryProps {
  readonly title: string;
  readonly href: Href;
  readonly annunciator: Annunciator | null;
  readonly current: boolean;
  readonly onGo: (() => void) | undefined;
}

function RailEntry({ title, href, annunciator, current, onGo }: RailEntryProps) {
  const needs = useAttention();
  const running = useFold(runningJobs);
  const mine = annunciator === null || needs === undefined ? null : annunciate(needs, annunciator);
  const atWork = annunciator === "jobs" && mine === null && running !== undefined && running > 0 ? running : null;
  return (
    <Link href={href} aria-current={current ? "page" : undefined} onFollow={onGo}>
      {title}
      {mine !== null && (
        <span className={`ann t-${mine.severity}`}>
          <Glyph tone={mine.severity} label={mine.severity === "failed" ? "needs a person:" : "look at it soon:"} />
          {mine.count}
        </span>
      )}
      {atWork !== null && (
        <span className="ann t-working">
          <Glyph tone="working" label="running:" />
          {atWork}
        </span>
      )}
    </Link>
  );
}

function runningJobs({ folds }: LiveState): number {
  const operator = Object.values(folds).find((fold) => fold.family === "operator");
  if (operator?.family !== "operator") return 0;
  return Object.values(operator.jobs).filter(({ state }) => state === "running" || state === "waiting").length;
}

function sourcesOf({ folds }: LiveState): {
  readonly up: number;
  readonly all: number;
  readonly down: readonly string[];
} {
  const sources = Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "operator" || fold.family === "console" ? [] : [{ id: sourceOf(stream), state: fold.source.state }],
  );
  return {
    up: sources.filter(({ state }) => state === "up").length,
    all: sources.length,
    down: sources.filter(({ state }) => state === "down").map(({ id }) => id),
  };
}

const NAMED_MAX = 3;

function RailFoot() {
  const sources = useFold(sourcesOf);
  const unknown = useNotKnown("dna", "dynflow", "haf", "ingest").length;
  if (sources === undefined) return <div className="foot">reading…</div>;
  return (
    <div className="foot">
      {sources.up} of {sources.all + unknown} sources up
      {unknown > 0 && <div>{unknown} not known then</div>}
      {sources.down.slice(0, NAMED_MAX).map((id) => (
        <div key={id}>
          <bdi className="t-failed tone">{id}</bdi> down
        </div>
      ))}
      {sources.down.length > NAMED_MAX && <div>and {sources.down.length - NAMED_MAX} more</div>}
    </div>
  );
}
