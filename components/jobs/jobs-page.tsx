"use client";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { sourceOf } from "#server/contract/view/need.ts";
import { JobBar, JobNumbers } from "./job-progress.tsx";
import { isEnded, jobWord } from "./job-words.ts";
import { type LiveJob, useJobs } from "./use-jobs.ts";

/** Bulk work: durable, throttled, resumable; those that work first. */
export function JobsPage() {
  const jobs = useJobs();
  const { go } = useAddress();
  const cursor = useRowCursor({ rows: jobs ?? [], idOf: ({ id }) => id, onOpen: ({ id }) => go(routes.job(id)) });
  const working = jobs?.filter((job) => !isEnded(job)).length ?? 0;
  return (
    <div className="page">
      <Crumbs path={[{ text: "Jobs" }]} />
      <PageHead
        title={
          jobs === undefined
            ? "Jobs"
            : working === 0
              ? "No job is at work"
              : `${plural(working, "job is", "jobs are")} at work`
        }
        sub="Bulk work on many targets. A job survives a restart of the console and goes on where it was."
      />
      {jobs === undefined ? (
        <Skeleton rows={4} columns={4} what="jobs" />
      ) : jobs.length === 0 ? (
        <Empty title="No job has been started.">A failover starts one: open a dead node in the topology.</Empty>
      ) : (
        <div className="tscroll">
          <table className="pad">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Job</th>
                <th scope="col" className="p2">
                  Source
                </th>
                <th scope="col">Progress</th>
                <th scope="col" className="p2">
                  Asked by
                </th>
                <th scope="col" className="num p2">
                  started
                </th>
                <th scope="col" className="num">
                  in state
                </th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <JobLine key={job.id} job={job} selected={cursor.current === job.id} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function JobLine({ job, selected }: { readonly job: LiveJob; readonly selected: boolean }) {
  const counts = job.progress !== null && !isEnded(job) ? job.progress.counts : job.counts;
  return (
    <tr className={selected ? "sel" : ""} data-row={job.id}>
      <td>
        <State system="job" word={jobWord(job)} />
      </td>
      <td className="wrap">
        <Link href={routes.job(job.id)} className="plain">
          <Name text={job.title} />
        </Link>
        {job.note !== null && <div className="small t3 wrap">{job.note}</div>}
      </td>
      <td className="p2">{sourceOf(job.stream)}</td>
      <td className="job-progress">
        <JobBar counts={counts} />
        <JobNumbers counts={counts} progress={job.progress} ended={isEnded(job)} />
      </td>
      <td className="p2">
        <Name text={job.requestedBy} />
      </td>
      <td className="num p2">
        <Age at={job.createdAt} suffix="ago" />
      </td>
      <td className="num">
        <Age at={job.since} />
      </td>
    </tr>
  );
}
