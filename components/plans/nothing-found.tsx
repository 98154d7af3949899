"use client";
import { formatCount } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Empty } from "#components/ui/widget.tsx";
import { facets } from "./plan-lines.ts";
import { type Condition, conditionsOf, type PlansQuery, toFilter, toPlace } from "./plans-query.ts";
import { type Counts, useCounts } from "./use-plans.ts";

interface NothingFoundProps {
  readonly query: PlansQuery;
  readonly sources: readonly string[];
  readonly total: Counts;
  readonly nowMs: number;
}

/** Empty: nothing there yet, or nothing matches; then what to drop, and how many that would show. */
export function NothingFound({ query, sources, total, nowMs }: NothingFoundProps) {
  const past = useIsPast();
  const all = (total.counts ?? []).reduce((sum, { count }) => sum + count, 0);
  if (past && total.counts !== undefined && all === 0)
    return <Empty title="No plan was unfinished then.">Plans that had stopped are not kept as of an instant.</Empty>;
  if (total.counts !== undefined && total.missing.length === 0 && all === 0)
    return <Empty title="No plan was ever made here.">They appear when the application plans its first action.</Empty>;
  return (
    <Empty title={all === 0 ? "No plans match." : `None of ${formatCount(all)} plans match.`}>
      <ul>
        {conditionsOf(query).map((condition) => (
          <Drop key={condition.words} condition={condition} sources={sources} nowMs={nowMs} />
        ))}
      </ul>
    </Empty>
  );
}

interface DropProps {
  readonly condition: Condition;
  readonly sources: readonly string[];
  readonly nowMs: number;
}

function Drop({ condition: { words, without }, sources, nowMs }: DropProps) {
  const { states, results } = without;
  const { counts, missing } = useCounts(sources, toFilter({ ...without, states: [], results: [] }, nowMs));
  const found = [...facets(counts ?? [], states, results).byState]
    .filter(([state]) => states.length === 0 || states.includes(state))
    .reduce((sum, [, count]) => sum + count, 0);
  return (
    <li>
      Drop “
      <Link href={routes.plans(toPlace(without))}>
        <bdi>{words}</bdi>
      </Link>
      ”{counts === undefined || missing.length > 0 ? "." : saysFound(found)}
    </li>
  );
}

const saysFound = (found: number): string =>
  found === 0 ? ": none without it alone either." : ` to see ${formatCount(found)}.`;
