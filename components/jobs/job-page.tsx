"use client";
import { useQuery } from "@tanstack/react-query";
import { type Crumb, Crumbs } from "#components/ui/crumbs.tsx";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { Age, Since } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { JobFacts } from "#server/contract/event.ts";
import type { JobProgress } from "#server/contract/live.ts";
import { sourceOf } from "#server/contract/view/need.ts";
import { JobControls } from "./job-controls.tsx";
import { JobBar, JobNumbers } from "./job-progress.tsx";
import { JobTargets } from "./job-targets.tsx";
import { isEnded, jobWord } from "./job-words.ts";
import { useJobs } from "./use-jobs.ts";

/** One job: how far it is, what became of each key, and the controls over it. */
export function JobPage({ jobId }: { readonly jobId: string }) {
  const trpc = useTRPC();
  const live = useJobs()?.find(({ id }) => id === jobId);
  // Older jobs are no longer in the fold: then the answer of the query is all there is.
  const query = useQuery(trpc.jobs.get.queryOptions({ jobId, limit: 1 }, { enabled: live === undefined }));
  const path: readonly Crumb[] = [
    { text: "Jobs", href: routes.jobs() },
    { text: live?.title ?? query.data?.facts.title ?? jobId },
  ];
  return (
    <div className="page">
      <Crumbs path={path} />
      {live === undefined ? (
        <QueryWidget query={query} what={`job ${jobId}`}>
          {({ facts, progress }) => <Job jobId={jobId} facts={facts} progress={progress} />}
        </QueryWidget>
      ) : (
        <Job jobId={jobId} facts={live} progress={live.progress} />
      )}
    </div>
  );
}

interface JobProps {
  readonly jobId: string;
  readonly facts: JobFacts;
  readonly progress: JobProgress | null;
}

const OUTCOMES = ["applied", "moved", "failed", "unknown"] as const;

function Job({ jobId, facts, progress }: JobProps) {
  const ended = isEnded(facts);
  const counts = progress !== null && !ended ? progress.counts : facts.counts;
  const source = sourceOf(facts.stream);
  return (
    <div className="stack">
      <div>
        <PageHead
          title={<Name text={facts.title} />}
          sub={
            <>
              <State system="job" word={jobWord({ ...facts, counts })} />
              {"since" in facts && (
                <>
                  {" "}
                  for <Since at={facts.since as never} />
                </>
              )}
              {facts.note !== null && <span className="t3"> {facts.note}</span>}
            </>
          }
          actions={<JobControls jobId={jobId} facts={facts} />}
        />
        <p className="small t3">
          {source} · target{" "}
          <Link className="mono" href={routes.topology({ of: source, node: facts.target })}>
            {facts.target}
          </Link>{" "}
          · asked by <Name text={facts.requestedBy} /> <Age at={facts.createdAt} suffix="ago" /> ·{" "}
          <Link href={routes.journal({ event: facts.requestId })}>its request in the journal</Link> · job{" "}
          <Id id={jobId} />
        </p>
      </div>
      <Section title="Progress" note="applied = released by us; moved = somebody else's by now, left alone">
        <div className="job-figure">
          <JobBar counts={counts} />
          <JobNumbers counts={counts} progress={progress} ended={ended} />
          <ul className="counts">
            {OUTCOMES.map((outcome) => (
              <li key={outcome}>
                <State system="target" word={outcome} /> {formatCount(counts[outcome])}
              </li>
            ))}
          </ul>
        </div>
      </Section>
      <JobTargets jobId={jobId} live={!ended} />
    </div>
  );
}
