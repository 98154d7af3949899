/**
 * What an event can be looked up by, besides stream, kind, subject and time. Every store indexes these terms; they are
 * opaque texts, built here alone.
 */
import type { JobFacts, JournalEvent, StreamName } from "#server/contract/event.ts";
import { markOf } from "#server/contract/view/marks.ts";

/** Text of the term of a query. */
export type Term = string;

/** Events that stand out on the time bar. */
export const MARK_TERM: Term = "mark";
/** Events that follow from the one with this id. */
export const causeTerm = (id: string): Term => `cause ${id}`;
/** What a user did. */
export const userTerm = (user: string): Term => `user ${user}`;
/** Locks that were taken for a plan. */
export const planTerm = (planId: string): Term => `plan ${planId}`;
/** Jobs about a target, e.g. an incarnation. */
export const targetTerm = (target: string): Term => `target ${target}`;
/** What operators and jobs did to a source. */
export const touchTerm = (stream: StreamName): Term => `touch ${stream}`;

/** The terms of an event, none twice. Pure; total: of a kind that is not known only what every event has. */
export function termsOf(event: JournalEvent): readonly Term[] {
  const mark = markOf(event) === null ? [] : [MARK_TERM];
  return [...new Set([...lastingTermsOf(event), ...mark, ...ownTerms(event)])];
}

/** Those that do not depend on the kind: every version gives an event the same ones. */
export function lastingTermsOf({ causedBy, actor }: Pick<JournalEvent, "causedBy" | "actor">): readonly Term[] {
  return [...(causedBy === null ? [] : [causeTerm(causedBy)]), ...(actor === null ? [] : [userTerm(actor.user)])];
}

function ownTerms(event: JournalEvent): readonly Term[] {
  switch (event.kind) {
    case "dynflow.lock.acquired":
      return event.body.planId === null ? [] : [planTerm(event.body.planId)];
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
      return event.body.stream === null ? [] : [touchTerm(event.body.stream)];
    case "job.created":
      return jobTerms(event.body);
    case "job.state_changed":
      return jobTerms(event.body.job);
    default:
      return [];
  }
}

const jobTerms = ({ stream, target, requestedBy }: JobFacts): readonly Term[] => [
  touchTerm(stream),
  targetTerm(target),
  userTerm(requestedBy),
];
