/** Which events belong to what somebody did: for the audit's filters in queries and export alike. Pure. */
import { type JournalEvent, OPERATOR_STREAM, type StreamName } from "#server/contract/event.ts";

export interface DoneBy {
  /** Whole id of whoever asked for it; `null` = anybody. */
  readonly user: string | null;
  /** An action (`dynflow.plans.resume`) or the first parts of some (`dynflow.plans`); `null` = any. */
  readonly action: string | null;
}

export const isAnything = ({ user, action }: DoneBy): boolean => user === null && action === null;

/** Only the operators' stream tells who asked for what: with such a filter no other needs to be read. */
export const streamsDoneBy = (asked: readonly StreamName[], filter: DoneBy): readonly StreamName[] =>
  isAnything(filter) || asked.length > 0 ? asked : [OPERATOR_STREAM];

export function isDoneBy(event: JournalEvent, { user, action }: DoneBy): boolean {
  return (user === null || userOf(event) === user) && (action === null || isAction(event, action));
}

function userOf(event: JournalEvent): string | null {
  switch (event.kind) {
    case "job.created":
      return event.body.requestedBy;
    case "job.state_changed":
      return event.body.job.requestedBy;
    default:
      return event.actor?.user ?? null;
  }
}

function isAction(event: JournalEvent, action: string): boolean {
  switch (event.kind) {
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
      return event.body.action === action || event.body.action.startsWith(`${action}.`);
    default:
      return false;
  }
}
