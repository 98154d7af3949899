/**
 * What needs a person, worst first: data at risk, then stuck, then late; among equals the oldest first. One pure
 * function over the folds, for the overview in the browser and for `overview.get` alike. Nothing is inferred from a
 * source that is not up: its part says so instead.
 */
import type { StreamName } from "#server/contract/event.ts";
import type { Folds, StreamFold } from "#server/contract/fold/fold.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import { own } from "#server/contract/fold/record.ts";
import type { SourceFold } from "#server/contract/fold/source.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { agentFindings } from "./attention-agents.ts";
import { consoleFindings } from "./attention-console.ts";
import { dnaFindings } from "./attention-dna.ts";
import { dynflowFindings } from "./attention-dynflow.ts";
import { hafFindings } from "./attention-haf.ts";
import { operatorFindings } from "./attention-operator.ts";
import { type Patience, USUAL_PATIENCE } from "./attention-patience.ts";
import { type Finding, NEED_KINDS, type Need, type NeedKind, type Severity, sourceOf } from "./need.ts";
import { formatCoarseAgeMs } from "./words.ts";

/**
 * @param now of the server's clock
 * @param patience as configured
 */
export function attention(folds: Folds, now: EpochMs, patience: Patience = USUAL_PATIENCE): readonly Need[] {
  const operator = operatorOf(folds);
  return Object.entries(folds)
    .flatMap(([stream, fold]) => findingsOf(stream, fold, operator, now, patience))
    .map((finding) => withAcknowledgement(finding, operator, now))
    .toSorted(worstFirst)
    .map((finding) => ({ ...finding, title: finding.headline.join(""), detail: detailOf(finding, now) }));
}

function operatorOf(folds: Folds): OperatorFold | null {
  for (const fold of Object.values(folds)) if (fold.family === "operator") return fold;
  return null;
}

function findingsOf(
  stream: StreamName,
  fold: StreamFold,
  operator: OperatorFold | null,
  now: EpochMs,
  patience: Patience,
): readonly Finding[] {
  switch (fold.family) {
    case "dna":
      return fold.source.state === "up" ? dnaFindings(stream, fold, operator) : sourceFindings(stream, fold);
    case "dynflow":
      return fold.source.state === "up" ? dynflowFindings(stream, fold, now, patience) : sourceFindings(stream, fold);
    case "haf":
      return fold.source.state === "up" ? hafFindings(stream, fold, now) : sourceFindings(stream, fold);
    case "ingest":
      return fold.source.state === "up" ? agentFindings(stream, fold, now) : sourceFindings(stream, fold);
    case "operator":
      return operatorFindings(fold, now);
    case "console":
      return consoleFindings(stream, fold);
    default:
      return unreachable(fold);
  }
}

function sourceFindings(stream: StreamName, { source }: { readonly source: SourceFold }): readonly Finding[] {
  if (source.state !== "down") return [];
  return [
    {
      id: `source_down|${stream}`,
      kind: "source_down",
      severity: "failed",
      stream,
      target: sourceOf(stream),
      headline: ["Source ", sourceOf(stream), " is down, its part of every page is old"],
      evidence: [{ text: source.reason ?? "no reason known" }, { text: "nothing else is touched" }],
      since: source.since,
      count: 1,
      place: { page: "journal", stream, subject: null },
    },
  ];
}

/** Taken on by somebody, as long as it has not run out and it has not become worse than what was taken on. */
function withAcknowledgement(finding: Finding, operator: OperatorFold | null, now: EpochMs): Finding {
  const taken = operator === null ? undefined : own(operator.acknowledgements, finding.id);
  if (taken === undefined || taken.until <= now) return finding;
  if (finding.severity === "failed" && taken.severity !== "failed") return finding;
  const { by, at, until, count } = taken;
  return { ...finding, acknowledged: { by: by?.user ?? null, reason: by?.reason ?? null, at, until, count } };
}

export const isAcknowledged = ({ acknowledged }: Finding): boolean =>
  acknowledged !== undefined && acknowledged !== null;

const rankOf = (finding: Finding): number =>
  (isAcknowledged(finding) ? 2 * NEED_KINDS.length : 0) + severityRankOf(finding);
const severityRankOf = ({ severity, kind }: Finding): number =>
  (severity === "failed" ? 0 : NEED_KINDS.length) + NEED_KINDS.indexOf(kind);

function worstFirst(a: Finding, b: Finding): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  if (a.since !== b.since) return (a.since ?? Number.MAX_VALUE) - (b.since ?? Number.MAX_VALUE);
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

const detailOf = ({ evidence }: Finding, now: EpochMs): string =>
  evidence.map(({ text, at }) => (at === undefined ? text : `${text} ${formatCoarseAgeMs(now - at)} ago`)).join(" · ");

/** Pages of the console that carry an annunciator. */
export const ANNUNCIATORS = ["overview", "topology", "plans", "worlds", "haf", "agents", "journal", "jobs"] as const;
export type Annunciator = (typeof ANNUNCIATORS)[number];

const PAGE_OF: Readonly<Record<NeedKind, Annunciator>> = {
  doubled_actor: "topology",
  name_conflict: "topology",
  health_check: "topology",
  zombie_node: "topology",
  dead_node: "topology",
  uncounted_node: "topology",
  late_node: "topology",
  unreadable_rows: "topology",
  orphaned_lock: "worlds",
  no_executor: "worlds",
  no_poller: "worlds",
  plan_unlocked: "plans",
  planning_stuck: "plans",
  never_starts: "plans",
  planned_long: "plans",
  skipped_waiting: "plans",
  suspended_long: "plans",
  world_silent: "worlds",
  paused_plans: "plans",
  source_down: "overview",
  reader_parked: "overview",
  receiver_failing: "agents",
  agent_inactive: "agents",
  agent_late: "agents",
  agent_gap: "agents",
  haf_check: "haf",
  job_ended_badly: "jobs",
  approval_asked: "journal",
  operation_unknown: "journal",
};

/** The worst severity of a page and how many things have it; `null` = nothing. The overview counts findings. */
export function annunciate(
  needs: readonly Finding[],
  page: Annunciator,
): { readonly severity: Severity; readonly count: number } | null {
  const open = needs.filter((need) => !isAcknowledged(need));
  const mine = page === "overview" ? open : open.filter((need) => PAGE_OF[need.kind] === page);
  if (mine.length === 0) return null;
  const severity = mine.some((need) => need.severity === "failed") ? "failed" : "attention";
  const worst = mine.filter((need) => need.severity === severity);
  return { severity, count: page === "overview" ? worst.length : worst.reduce((sum, { count }) => sum + count, 0) };
}
