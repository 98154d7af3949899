"use client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { dynflowFolds } from "#components/ui/folds.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { CountCell } from "#components/ui/table.tsx";
import { Since } from "#components/ui/time.tsx";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";

const STATES = ["running", "paused", "planning", "planned", "scheduled", "pending"] as const;
const RESULTS = ["success", "warning", "error", "cancelled"] as const;
const COLUMNS_MAX = 4;
const DAY_MS = 86_400_000;
const ENDED_EVERY_MS = 60_000;

interface SourceColumn {
  readonly id: string;
  readonly up: boolean;
  readonly byState: Readonly<Record<string, number>>;
  readonly oldest: Readonly<Record<string, EpochMs>>;
}

function columnsOf({ folds }: LiveState): readonly SourceColumn[] {
  return dynflowFolds(folds).map(({ id, fold }) => {
    const byState: Record<string, number> = {};
    const oldest: Record<string, EpochMs> = {};
    for (const plan of Object.values(fold.plans)) {
      byState[plan.state] = (byState[plan.state] ?? 0) + 1;
      oldest[plan.state] = Math.min(oldest[plan.state] ?? Number.MAX_VALUE, plan.stateSince) as EpochMs;
    }
    return { id, up: fold.source.state === "up", byState, oldest };
  });
}

/** Unfinished plans from the fold; those that stopped within a day counted at the source. */
export function PlansByState() {
  const columns = useFold(columnsOf);
  const unknown = useNotKnown("dynflow").length;
  return (
    <Section title="Plans by state" aside={<Link href={routes.plans()}>plans</Link>}>
      <NotKnownStreams families={["dynflow"]} />
      {columns === undefined ? (
        <Skeleton rows={8} columns={4} what="plans by state" />
      ) : columns.length === 0 && unknown > 0 ? null : columns.length === 0 ? (
        <Empty title="No Dynflow source is configured." />
      ) : (
        <PlanTable columns={columns.slice(0, COLUMNS_MAX)} hidden={Math.max(0, columns.length - COLUMNS_MAX)} />
      )}
    </Section>
  );
}

function PlanTable({ columns, hidden }: { readonly columns: readonly SourceColumn[]; readonly hidden: number }) {
  const past = useIsPast();
  const known = new Set<string>(STATES);
  const strange = [...new Set(columns.flatMap(({ byState }) => Object.keys(byState)))].filter(
    (state) => !known.has(state),
  );
  return (
    <div className="tscroll">
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            {columns.map(({ id }) => (
              <th key={id} scope="col" className="num">
                <bdi>{id}</bdi>
              </th>
            ))}
            <th scope="col" className="num">
              oldest
            </th>
          </tr>
        </thead>
        <tbody>
          {[...STATES, ...strange].map((state) => (
            <tr key={state}>
              <td>
                <State system="plan" word={state} />
              </td>
              {columns.map(({ id, up, byState }) => (
                <CountCell key={id} value={byState[state] ?? 0} unknown={!up} />
              ))}
              <td className="num t3">
                <Oldest columns={columns} state={state} />
              </td>
            </tr>
          ))}
          {past ? <EndedNotKept columns={columns.length} /> : <Ended columns={columns} />}
        </tbody>
      </table>
      {hidden > 0 && <p className="small t3">and {hidden} sources more, see Plans</p>}
    </div>
  );
}

function Oldest({ columns, state }: { readonly columns: readonly SourceColumn[]; readonly state: string }) {
  const oldest = columns.flatMap((column) => column.oldest[state] ?? []);
  return oldest.length === 0 ? null : <Since at={Math.min(...oldest) as EpochMs} />;
}

/** How many had stopped by then is counted nowhere: the source counts what it holds now. */
function EndedNotKept({ columns }: { readonly columns: number }) {
  return (
    <tr>
      <td colSpan={columns + 2} className="wrap">
        <span className="unk">not kept</span>{" "}
        <span className="small t3">how many had stopped: they are counted at the source, of now only</span>
      </td>
    </tr>
  );
}

interface EndedProps {
  readonly columns: readonly SourceColumn[];
}

function Ended({ columns }: EndedProps) {
  const client = useTRPCClient();
  const now = useNow();
  const minute = now === null ? null : Math.floor(now / ENDED_EVERY_MS) * ENDED_EVERY_MS;
  const asked = columns.filter(({ up }) => up).map(({ id }) => id);
  const query = useQuery<Counted>({
    queryKey: ["ended-plans", asked, minute],
    enabled: minute !== null,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => countEnded(client, asked, (minute ?? 0) - DAY_MS, signal),
  });
  return (
    <>
      <tr className="grp">
        <td colSpan={columns.length + 2}>stopped, started within 24 h</td>
      </tr>
      {RESULTS.map((result) => (
        <tr key={result}>
          <td>
            <State system="result" word={result} />
          </td>
          {columns.map(({ id, up }) => {
            const counted = query.data?.[id];
            return <CountCell key={id} value={counted?.[result] ?? null} unknown={!up || counted === null} />;
          })}
          <td />
        </tr>
      ))}
    </>
  );
}

/** Source to result to how many; `null` = could not be counted. */
type Counted = Readonly<Record<string, Readonly<Record<string, number>> | null>>;

/** Each source by itself: one that does not answer costs only its own column. */
async function countEnded(
  client: ReturnType<typeof useTRPCClient>,
  sources: readonly string[],
  startedFrom: number,
  signal: AbortSignal,
): Promise<Counted> {
  const filter = { states: ["stopped"], startedFrom: toIso(epochMs(startedFrom)) };
  const answers = await Promise.allSettled(
    sources.map((source) => client.dynflow.plans.counts.query({ source, filter }, { signal })),
  );
  return Object.fromEntries(
    sources.map((source, index) => {
      const answer = answers[index];
      if (answer?.status !== "fulfilled") return [source, null];
      const byResult: Record<string, number> = Object.fromEntries(RESULTS.map((result) => [result, 0]));
      for (const { result, count } of answer.value.counts) byResult[result] = (byResult[result] ?? 0) + count;
      return [source, byResult];
    }),
  );
}
