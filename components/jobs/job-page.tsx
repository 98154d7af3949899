"use client";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { HistoryFold } from "#components/history/history-section.tsx";
import { Button } from "#components/ui/button.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { formatCount, formatNumber } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, PageHead, Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Instant, Since } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { shownText } from "#server/contract/event.ts";
import type { JobProgress } from "#server/contract/live.ts";
import { JobAction, type JobVerb } from "./job-action.tsx";
import { JobTargets, type OutcomeFilter } from "./job-targets.tsx";
import { type JobWords, jobWords } from "./job-words.ts";
import { Progress, settledOf } from "./progress.tsx";
import { RetryDialog } from "./retry-dialog.tsx";

const FailoverPlan = onDemand(() =>
  import("#components/failover/failover-plan.tsx").then((module) => module.FailoverPlan),
);

type JobOutput = Outputs["jobs"]["get"];

const REFRESH_MS = 2_000;
const TARGETS_SHOWN = 100;

/** One job: what it does, how far it is, what became of each target. */
export function JobPage({ jobId }: { readonly jobId: string }) {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const [outcome, setOutcome] = useState<OutcomeFilter>(null);
  const [after, setAfter] = useState<string | null>(null);
  const past = useIsPast();
  const live = useFold((state) => Object.values(state.folds).find((fold) => fold.family === "operator")?.jobs[jobId]);
  const moving = live === undefined || live.state === "running" || live.state === "waiting";
  const query = useQuery(
    trpc.jobs.get.queryOptions(
      { jobId, outcome, after, limit: TARGETS_SHOWN },
      { refetchInterval: moving && !past ? REFRESH_MS : false, placeholderData: keepPreviousData },
    ),
  );
  const progress = useFold((state) => state.samples.operator?.jobs?.[jobId]);
  const refresh = () => cache.invalidateQueries({ queryKey: trpc.jobs.get.queryKey() });
  const state = live?.state;
  // The feed says first that it has ended: what it ended with is read once more.
  useEffect(() => {
    if (state !== undefined) void cache.invalidateQueries({ queryKey: trpc.jobs.get.queryKey() });
  }, [state, cache, trpc]);
  return (
    <div className="page">
      <QueryWidget query={query} what={`job ${jobId}`} rows={8}>
        {(job) =>
          past ? (
            <JobThen job={job} facts={live} />
          ) : (
            <JobView job={job} progress={progress ?? job.progress} onChanged={refresh}>
              {job.facts.kind === "dna.census" ? (
                <CensusOfJob source={job.facts.stream.slice("dna:".length)} />
              ) : (
                <JobTargets
                  targets={job.targets}
                  counts={progress?.counts ?? job.facts.counts}
                  words={jobWords(job.facts)}
                  outcome={outcome}
                  onOutcome={(next) => {
                    setOutcome(next);
                    setAfter(null);
                  }}
                  first={after === null}
                  nextAfter={job.nextAfter}
                  onPage={setAfter}
                />
              )}
            </JobView>
          )
        }
      </QueryWidget>
    </div>
  );
}

/** A walk has no targets: what it found is on the page of the census. */
function CensusOfJob({ source }: { readonly source: string }) {
  return (
    <Section title="What it found">
      <p className="wrap">
        Keys by owner and type are told once the whole register is walked:{" "}
        <Link href={routes.census({ source })}>census of {source}</Link>.
      </p>
    </Section>
  );
}

/** The job as the journal knew it then; its targets are told of as they are now, so they are not told of here. */
function JobThen({ job, facts }: { readonly job: JobOutput; readonly facts: JobOutput["facts"] | undefined }) {
  if (facts === undefined)
    return <Empty title="No such job was known then.">It had not begun yet, or had ended long before.</Empty>;
  return (
    <JobView job={{ ...job, facts, progress: null }} progress={null} onChanged={() => undefined}>
      <OnlyNow>
        What became of each target by then, and how fast it went: counts are as of its last change of state.
      </OnlyNow>
    </JobView>
  );
}

interface JobViewProps {
  readonly job: JobOutput;
  readonly progress: JobProgress | null;
  readonly onChanged: () => void;
  readonly children: React.ReactNode;
}

function JobView({ job, progress, onChanged, children }: JobViewProps) {
  const { facts, id } = job;
  const words = jobWords(facts);
  const past = useIsPast();
  const [verb, setVerb] = useState<JobVerb | null>(null);
  const [retrying, setRetrying] = useState(false);
  const counts = progress?.counts ?? facts.counts;
  const ended =
    facts.state === "done" || facts.state === "failed" || facts.state === "stopped" || facts.state === "cancelled";
  const over = ended ? `The job is ${facts.state}.` : null;
  const mine = useRefusal(PERMISSIONS[facts.kind]);
  const control = useRefusal("jobs:control", mine);
  const pausable = control ?? over ?? (facts.state === "paused" ? "It is paused already." : null);
  const resumable = control ?? over ?? (facts.state === "paused" ? null : "Only a paused job can be resumed.");
  const cancellable = control ?? over;
  const paused = facts.state === "paused";
  useKeys(
    [
      { keys: "R", does: paused ? "resume the job" : "pause the job", run: () => setVerb(paused ? "resume" : "pause") },
      { keys: "H", does: "cancel the job", run: () => setVerb("cancel") },
    ],
    { group: "Job", enabled: verb === null && !ended },
  );
  return (
    <>
      <Crumbs path={[{ text: "Jobs", href: routes.jobs() }, { text: facts.title }]} />
      <PageHead
        title={<bdi>{facts.title}</bdi>}
        sub={<State system="job" word={facts.state} />}
        actions={
          <>
            {paused ? (
              <JobAction.Button label="Resume…" shortcut="R" refusal={resumable} onPress={() => setVerb("resume")} />
            ) : (
              <JobAction.Button label="Pause…" shortcut="R" refusal={pausable} onPress={() => setVerb("pause")} />
            )}
            <JobAction.Button label="Cancel…" shortcut="H" refusal={cancellable} onPress={() => setVerb("cancel")} />
            {ended && words.retries && counts.failed > 0 && (
              <Button refusal={control} onPress={() => setRetrying(true)}>
                Retry the {formatCount(counts.failed)} failed…
              </Button>
            )}
          </>
        }
      />
      {facts.note !== null && <p className="wrap">{shownText(facts.note)}</p>}
      <Progress counts={counts} wide />
      <div className="cols">
        <Section
          title="How far"
          aside={progress === null ? undefined : <Pace progress={progress} ended={ended} words={words} />}
        >
          <Facts
            facts={[
              {
                name: "settled",
                value: `${formatCount(settledOf(counts))} of ${formatCount(counts.total)}`,
                source: words.targets,
              },
              { name: "applied", value: formatCount(counts.applied), source: words.applied },
              ...(facts.kind === "dna.census"
                ? []
                : [
                    { name: "moved", value: formatCount(counts.moved), source: words.moved },
                    { name: "failed", value: formatCount(counts.failed), source: words.failed },
                    { name: "unknown", value: formatCount(counts.unknown), source: words.unknown },
                  ]),
            ]}
          />
          {counts.unknown > 0 && <p className="small t2 wrap">{`Unknown: ${words.settles}`}</p>}
        </Section>
        <Section title="What it is">
          <Facts
            facts={[
              ...aboutOf(facts),
              {
                name: "asked by",
                value: <bdi>{facts.requestedBy}</bdi>,
                source: <Link href={routes.journal({ stream: "operator", subject: facts.target })}>journal</Link>,
              },
              { name: "started", value: <Instant at={facts.createdAt} />, source: <Since at={facts.createdAt} /> },
              { name: "job", value: <Id id={id} /> },
            ]}
          />
        </Section>
      </div>
      {facts.kind === "dna.failover" && !past && (
        <FailoverPlan source={facts.stream.slice(facts.stream.indexOf(":") + 1)} jobId={id} ended={ended} />
      )}
      {children}
      <HistoryFold thing={{ type: "job", source: null, id }} what={facts.title} />
      {retrying && (
        <RetryDialog
          jobId={id}
          state={facts.state}
          failed={counts.failed}
          target={words.target}
          onClose={() => setRetrying(false)}
        />
      )}
      {verb !== null && (
        <JobAction.Dialog
          verb={verb}
          jobId={id}
          state={facts.state}
          counts={counts}
          words={words}
          onClose={() => setVerb(null)}
          onDone={() => {
            setVerb(null);
            onChanged();
          }}
        />
      )}
    </>
  );
}

/** What a job is about: the node that it takes keys from, or the source of its plans. */
function aboutOf(facts: JobOutput["facts"]) {
  const source = facts.stream.slice(facts.stream.indexOf(":") + 1);
  if (facts.kind === "dna.census") {
    const of = { name: "source", value: <bdi>{source}</bdi> };
    return [{ ...of, source: <Link href={routes.census({ source })}>census</Link> }];
  }
  if (facts.kind !== "dna.failover" && facts.kind !== "dna.actors.stop") {
    const of = {
      name: "source",
      value: <bdi>{source}</bdi>,
      source: <Link href={routes.plans({ source })}>plans</Link>,
    };
    if (facts.kind === "dynflow.worlds.invalidate") {
      const href = routes.worlds({ source, world: facts.target });
      return [of, { name: "world", value: <Id id={facts.target} />, source: <Link href={href}>worlds</Link> }];
    }
    if (facts.retryOf === undefined) return [of];
    return [of, { name: "retries", value: <Link href={routes.job(facts.retryOf)}>an earlier job</Link> }];
  }
  return [
    {
      name: "incarnation",
      value: <Id id={facts.target} form="incarnation" />,
      source: <Link href={nodeOf(facts.stream, facts.target)}>topology</Link>,
    },
  ];
}

/** What controlling a job of each kind takes, besides `jobs:control`. */
const PERMISSIONS = {
  "dna.failover": "dna:failover",
  "dna.actors.stop": "dna:stop-many",
  "dna.census": "dna:census",
  "dynflow.plans.resume": "plans:resume",
  "dynflow.plans.skip": "plans:skip",
  "dynflow.plans.cancel": "plans:cancel",
  "dynflow.plans.abort": "plans:abort",
  "dynflow.plans.halt": "plans:halt",
  "dynflow.worlds.invalidate": "worlds:invalidate",
} as const;

const nodeOf = (stream: string, incarnation: string) =>
  routes.topology({ source: stream.slice(stream.indexOf(":") + 1), node: incarnation });

interface PaceProps {
  readonly progress: JobProgress;
  readonly ended: boolean;
  readonly words: JobWords;
}

function Pace({ progress, ended, words }: PaceProps) {
  if (ended) return null;
  return (
    <>
      {formatNumber(progress.perSecond, 1)} {words.targets}/s
      {progress.estimatedEndAt !== null && (
        <>
          , ends about <Instant at={progress.estimatedEndAt} form="clock" /> (estimate)
        </>
      )}
    </>
  );
}
