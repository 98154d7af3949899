import { OPERATOR_STREAM, shownText } from "#server/contract/event.ts";
import type { OperationFold, OperatorFold } from "#server/contract/fold/operator.ts";
import { type ApprovalFold, WHOLE_NODE_ACTIONS } from "#server/contract/safety.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Finding } from "./need.ts";
import { formatInstantFull, plural, shortId } from "./words.ts";

/** An operation that was asked for and has no outcome is told after this. */
const UNSETTLED_AFTER_MS = 15_000;

/** Operations whose outcome nobody knows, jobs that ended by themselves or left something undone. */
export function operatorFindings(fold: OperatorFold, now: EpochMs): readonly Finding[] {
  return [
    ...fold.operations.filter((operation) => isUnsettled(operation, now)).map(unsettled),
    ...latestJobs(fold).filter(endedBadly).map(endedJob),
    ...Object.entries(fold.approvals)
      .filter(([, { state, until }]) => state === "asked" && now < until)
      .map(asked),
  ];
}

function isUnsettled({ phase, at }: OperationFold, now: EpochMs): boolean {
  if (phase === "unknown" || phase === "unverified") return true;
  return phase === "requested" && at.requested !== undefined && now - at.requested > UNSETTLED_AFTER_MS;
}

function unsettled(operation: OperationFold): Finding {
  const { action, target, phase, found, actor } = operation;
  return {
    id: `operation_unknown|${operation.id}`,
    kind: "operation_unknown",
    severity: "attention",
    stream: operation.stream ?? OPERATOR_STREAM,
    target: operation.id,
    headline: [
      phase === "unverified" ? "No effect seen yet: " : "Outcome not known: ",
      `${action} ${shortId(target)}`,
      "",
    ],
    evidence: [
      ...(actor === null ? [] : [{ text: `asked by ${actor.user}` }]),
      { text: found === null ? "no answer came" : shownText(found) },
      { text: "it is not sent again by itself" },
    ],
    since: operation.at[phase] ?? null,
    count: 1,
    place: { page: "journal", stream: OPERATOR_STREAM, subject: target },
  };
}

/** A colleague stands before a door that takes two. */
function asked([id, approval]: readonly [id: string, approval: ApprovalFold]): Finding {
  const { action, title, stream, askedBy, askedAt, until } = approval;
  return {
    id: `approval_asked|${id}`,
    kind: "approval_asked",
    severity: "attention",
    stream,
    target: id,
    headline: [`${WHOLE_NODE_ACTIONS[action]} `, title, ": a second person is asked"],
    evidence: [
      { text: `asked by ${askedBy?.user ?? "somebody"}${askedBy === null ? "" : `: ${askedBy.reason}`}`, at: askedAt },
      { text: `open until ${formatInstantFull(until, "utc")}` },
    ],
    since: askedAt,
    count: 1,
    remedy: "Look for yourself, then agree or refuse",
    place: { page: "journal", stream: OPERATOR_STREAM, subject: approval.target },
  };
}

type JobEntry = readonly [id: string, job: OperatorFold["jobs"][string]];

/** The latest job of each target: an older one that failed has been dealt with by it. A walk that reads deals with none. */
function latestJobs(fold: OperatorFold): readonly JobEntry[] {
  const latest = new Map<string, JobEntry>();
  for (const entry of Object.entries(fold.jobs)) {
    const of = `${entry[1].kind === "dna.census" ? "census" : "job"} ${entry[1].target}`;
    const known = latest.get(of);
    if (known === undefined || known[1].createdAt <= entry[1].createdAt) latest.set(of, entry);
  }
  return [...latest.values()];
}

const endedBadly = ([, { state, counts }]: JobEntry): boolean =>
  state === "failed" || state === "stopped" || (state === "done" && counts.unknown + counts.failed > 0);

/** What a job of this kind is about, one by one. */
function targetOf(kind: JobEntry[1]["kind"]): string {
  if (kind === "dna.failover" || kind === "dna.census") return "key";
  return kind.startsWith("dna.") ? "actor" : "plan";
}

function endedJob([id, job]: JobEntry): Finding {
  const { total, applied, moved, failed, unknown } = job.counts;
  const left = Math.max(0, total - applied - moved - failed - unknown);
  const target = targetOf(job.kind);
  return {
    id: `job_ended_badly|${id}`,
    kind: "job_ended_badly",
    severity: job.state === "failed" ? "failed" : "attention",
    stream: job.stream,
    target: id,
    headline: ["Job ", job.title, job.state === "done" ? " is done but for some" : ` ${job.state}`],
    evidence: [
      ...(job.note === null ? [] : [{ text: shownText(job.note) }]),
      ...(job.kind === "dna.census" ? [] : [{ text: `${plural(applied, target)} done` }]),
      ...(left === 0 || job.kind === "dna.census" ? [] : [{ text: `${plural(left, target)} left` }]),
      ...(failed === 0 ? [] : [{ text: `${plural(failed, target)} failed` }]),
      ...(unknown === 0 ? [] : [{ text: `${plural(unknown, target)} of unknown outcome` }]),
    ],
    since: job.since,
    count: 1,
    place: { page: "job", jobId: id },
  };
}
