"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow, useNotKnown } from "#components/ui/not-known.tsx";
import { OnlyOf } from "#components/ui/only-of.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { type JobCounts, shownText } from "#server/contract/event.ts";
import { Progress, settledOf } from "./progress.tsx";

type JobView = Outputs["jobs"]["list"]["jobs"][number];

const REFRESH_MS = 2_000;
/** Jobs are few; one that waits may wait for long. */
const NO_JOBS: Readonly<Record<string, never>> = {};

/** Every job this console remembers, running ones first; live counts come from the fold and its samples. */
export function JobsPage() {
  const trpc = useTRPC();
  const live =
    useFold((state) => Object.values(state.folds).find((fold) => fold.family === "operator")?.jobs) ?? NO_JOBS;
  const past = useIsPast();
  const unknown = useNotKnown("operator").length;
  const states = Object.values(live).map((job) => job.state);
  const moving = states.some((state) => state === "running" || state === "waiting");
  const query = useQuery(trpc.jobs.list.queryOptions(undefined, { refetchInterval: moving ? REFRESH_MS : false }));
  const running = states.filter((state) => state === "running" || state === "waiting").length;
  const cache = useQueryClient();
  const known = Object.entries(live)
    .map(([id, job]) => `${id} ${job.state}`)
    .join();
  // The feed says first that a job begins or ends: then the list is read once more.
  useEffect(() => {
    if (known !== "") void cache.invalidateQueries({ queryKey: trpc.jobs.list.queryKey() });
  }, [known, cache, trpc]);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Jobs" }]} />
      <PageHead
        title={running === 0 ? "Jobs" : `${plural(running, "job")} at work`}
        sub="Bulk work that goes on after a restart, with the outcome of each target."
      />
      <NotKnownStreams families={["operator"]} />
      {past ? (
        <>
          {unknown === 0 && (
            <JobRows jobs={Object.entries(live).map(([id, facts]) => ({ id, facts, progress: null }))} />
          )}
          <OnlyNow>How far a job had come between two of its changes of state: counts are as of the last one.</OnlyNow>
        </>
      ) : (
        <QueryWidget query={query} what="jobs" columns={5}>
          {({ jobs }) => <JobRows jobs={jobs} />}
        </QueryWidget>
      )}
    </div>
  );
}

const ENDED: ReadonlySet<string> = new Set(["done", "failed", "stopped", "cancelled"]);

/** Draws the list; knows nothing of queries. */
export function JobRows({ jobs }: { readonly jobs: readonly JobView[] }) {
  const { go, search } = useAddress();
  const state = search.get("state");
  const meant = state === null ? jobs : jobs.filter(({ facts }) => facts.state === state);
  const rows = meant.toSorted((a, b) => Number(ENDED.has(a.facts.state)) - Number(ENDED.has(b.facts.state)));
  const cursor = useRowCursor({ rows, idOf: (job) => job.id, onOpen: (job) => go(routes.job(job.id)) });
  const only = state !== null && <OnlyOf system="job" word={state} of={jobs.length} all={routes.jobs()} />;
  if (rows.length === 0 && state !== null) return only;
  if (rows.length === 0) {
    return (
      <Empty title="No job has been started.">
        A failover of a dead node is one: it begins on the node, in Topology. So is an action on many plans: select them
        in Plans.
      </Empty>
    );
  }
  return (
    <>
      {only}
      <table aria-label="Jobs">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Job</th>
            <th scope="col" className="num">
              done
            </th>
            <th scope="col" className="p2">
              progress
            </th>
            <th scope="col" className="p2">
              asked by
            </th>
            <th scope="col" className="num">
              started
            </th>
            <th scope="col" className="w100 p3">
              why
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, facts, progress }) => (
            <tr
              key={id}
              data-row={id}
              className={cursor.current === id ? "sel" : ""}
              onClick={() => go(routes.job(id))}
            >
              <td>
                <State system="job" word={facts.state} />
              </td>
              <td>
                <Link href={routes.job(id)}>
                  <bdi>{facts.title}</bdi>
                </Link>
              </td>
              <td className="num">{shareOf(progress?.counts ?? facts.counts)}</td>
              <td className="p2">
                <Progress counts={progress?.counts ?? facts.counts} />
              </td>
              <td className="p2">
                <bdi>{facts.requestedBy}</bdi>
              </td>
              <td className="num">
                <Since at={facts.createdAt} />
              </td>
              <td className="w100 trunc t2 p3" title={facts.note === null ? undefined : shownText(facts.note)}>
                {facts.note === null ? "–" : shownText(facts.note)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const shareOf = (counts: JobCounts): string => `${formatCount(settledOf(counts))} of ${formatCount(counts.total)}`;
