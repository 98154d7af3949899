import type { JournalEvent } from "#server/contract/event.ts";
import { type ApprovalFold, isOpenFor, type ReadOnlyFold } from "#server/contract/safety.ts";
import { own } from "./record.ts";

export interface SafetyFold {
  /** The whole console is read-only since then; `null` = it is not. */
  readonly readOnly: ReadOnlyFold | null;
  /** By id of the `approval.asked`, at most `APPROVALS_MAX`, the latest; also those that are used or have run out. */
  readonly approvals: Readonly<Record<string, ApprovalFold>>;
}

const APPROVALS_MAX = 100;

/** Pure and total; an event of another kind changes nothing. A decision on what is not asked any more changes nothing. */
export function reduceSafety<T extends SafetyFold>(state: T, event: JournalEvent): T {
  switch (event.kind) {
    case "safety.read_only":
      return { ...state, readOnly: event.body.on ? { since: event.observedAt, by: event.actor } : null };
    case "approval.asked": {
      const asked: ApprovalFold = {
        ...event.body,
        state: "asked",
        askedBy: event.actor,
        askedAt: event.observedAt,
        decidedBy: null,
        decidedAt: null,
      };
      return { ...state, approvals: bounded({ ...replaced(state.approvals, asked), [event.id]: asked }) };
    }
    case "approval.decided": {
      const { approvalId, granted, until } = event.body;
      const decided = { decidedBy: event.actor, decidedAt: event.observedAt };
      return moved(state, approvalId, "asked", { state: granted ? "granted" : "refused", until, ...decided });
    }
    case "approval.used":
      return moved(state, event.body.approvalId, "granted", { state: "used" });
    default:
      return state;
  }
}

function moved<T extends SafetyFold>(
  state: T,
  id: string,
  from: ApprovalFold["state"],
  change: Partial<ApprovalFold>,
): T {
  const known = own(state.approvals, id);
  if (known === undefined || known.state !== from) return state;
  return { ...state, approvals: { ...state.approvals, [id]: { ...known, ...change } } };
}

/** At most one question is open on an action and its target: asked by other parameters, the one before counts no more. */
function replaced(approvals: SafetyFold["approvals"], asked: ApprovalFold): SafetyFold["approvals"] {
  return Object.fromEntries(
    Object.entries(approvals).map(([id, other]) => [
      id,
      isOpenFor(other, asked, asked.askedAt) ? { ...other, state: "replaced" } : other,
    ]),
  );
}

function bounded(approvals: SafetyFold["approvals"]): SafetyFold["approvals"] {
  const entries = Object.entries(approvals);
  if (entries.length <= APPROVALS_MAX) return approvals;
  return Object.fromEntries(entries.toSorted(([, a], [, b]) => a.askedAt - b.askedAt).slice(-APPROVALS_MAX));
}
