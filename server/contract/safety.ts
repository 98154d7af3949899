/**
 * What holds over every action: the brake that makes the whole console read-only, and the second person that a job on a
 * whole node takes where that is set. Frozen tables: the gate before every request goes by them, and so do the screens.
 */

import type { EpochMs } from "#server/kernel/clock.ts";
import { type ApprovalTerms, canonicalTerms } from "./approval-terms.ts";
import type { EventActor, StreamName } from "./event.ts";

/** Actions that send nothing to any system: they go on while the console is read-only. */
const SENDS_NOTHING: ReadonlySet<string> = new Set([
  "session.login",
  "session.logout",
  "attention.acknowledge",
  "attention.release",
  "alerts.silence",
  "alerts.unsilence",
  "alerts.test",
  "dynflow.plans.reveal",
  "jobs.pause",
  "jobs.cancel",
  "safety.readOnly.set",
  "safety.readOnly.lift",
  "safety.approvals.ask",
  "safety.approvals.decide",
  "dna.drain.advance",
  "admin.readers.restart",
]);

/** Whether an action, named as in the journal, may reach a system: everything that is not known to send nothing. */
export const isSending = (action: string): boolean => !SENDS_NOTHING.has(action);

/** Actions that touch a whole node, world or type at once: what each is, in words before its target. */
export const WHOLE_NODE_ACTIONS = {
  "dna.failover.start": "Fail over the keys of",
  "dna.actors.stopMany": "Stop many actors of",
  "dna.nodes.deleteRow": "Delete the row of",
  "dna.drain.stopVm": "Stop the VM of",
  "dynflow.worlds.invalidate": "Invalidate the world",
} as const;
export type WholeNodeAction = keyof typeof WHOLE_NODE_ACTIONS;
export const WHOLE_NODE_ACTION_NAMES = Object.keys(WHOLE_NODE_ACTIONS) as readonly WholeNodeAction[];

export const isWholeNodeAction = (action: string): action is WholeNodeAction =>
  Object.hasOwn(WHOLE_NODE_ACTIONS, action);

/** What one person asks another to agree to: exactly this action on exactly this target by exactly these parameters, once. */
export interface ApprovalFacts {
  readonly action: WholeNodeAction;
  readonly stream: StreamName;
  readonly target: string;
  /** The target as people know it. */
  readonly title: string;
  /** Every parameter of the request. One that was asked before there were any agrees to nothing. */
  readonly terms?: ApprovalTerms;
  /** Unanswered until then it has run out. */
  readonly until: EpochMs;
}

export interface DecisionFacts {
  /** Id of the `approval.asked`. */
  readonly approvalId: string;
  readonly stream: StreamName;
  readonly granted: boolean;
  /** A granted one may be used until then. */
  readonly until: EpochMs;
}

/** Where an approval stands. One that has run out is so by its `until`; `replaced` = the same was asked by other parameters. */
export type ApprovalState = "asked" | "granted" | "refused" | "used" | "replaced";

export interface ApprovalFold extends ApprovalFacts {
  readonly state: ApprovalState;
  readonly askedBy: EventActor | null;
  readonly askedAt: EpochMs;
  readonly decidedBy: EventActor | null;
  readonly decidedAt: EpochMs | null;
}

export interface ReadOnlyFold {
  readonly since: EpochMs;
  readonly by: EventActor | null;
}

/** An action on a target, as a request or a question names it. */
export interface ApprovalSubject {
  readonly action: string;
  readonly stream: StreamName | null;
  readonly target: string;
}

/** Whether it is about this action on this target, and asked or granted still. */
export const isOpenFor = (
  { action, stream, target, state, until }: ApprovalFold,
  asked: ApprovalSubject,
  now: EpochMs,
): boolean =>
  action === asked.action &&
  stream === asked.stream &&
  target === asked.target &&
  (state === "asked" || state === "granted") &&
  now < until;

/** The approval of this action that still counts at `now`, by whatever parameters, the latest; `null` = there is none. */
export function approvalOf(
  approvals: Readonly<Record<string, ApprovalFold>>,
  asked: ApprovalSubject,
  now: EpochMs,
): (ApprovalFold & { readonly id: string }) | null {
  const open = Object.entries(approvals)
    .filter(([, approval]) => isOpenFor(approval, asked, now))
    .toSorted(([, a], [, b]) => b.askedAt - a.askedAt);
  const granted = open.find(([, { state }]) => state === "granted") ?? open[0];
  return granted === undefined ? null : { ...granted[1], id: granted[0] };
}

/** Whether it agrees to exactly these parameters. */
export const coversTerms = ({ terms }: Pick<ApprovalFold, "terms">, now: ApprovalTerms): boolean =>
  terms !== undefined && canonicalTerms(terms) === canonicalTerms(now);
