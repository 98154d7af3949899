/** What stands before every request of an operator: the brake, and the second person where one is needed. */
import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import { termsMoved } from "#server/contract/approval-words.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { SafetyFold } from "#server/contract/fold/safety.ts";
import {
  type ApprovalFold,
  approvalOf,
  coversTerms,
  isSending,
  isWholeNodeAction,
  WHOLE_NODE_ACTIONS,
} from "#server/contract/safety.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { OperationRequest } from "./ports.ts";

/** Looked through before `op.requested` is journalled: refuses, or tells what is to be journalled along with it. */
export interface RequestGate {
  /**
   * @throws OpsError `refused` while the console is read-only, or as long as no second person has agreed
   * @returns drafts for the very append of the request
   */
  pass(request: OperationRequest): readonly EventDraft[];
  /** The append has come about, and the fold knows; or it has not, and nothing is used up. */
  done(request: OperationRequest): void;
}

/** Lets everything pass: for what is tested by itself. */
export const OPEN_GATE: RequestGate = { pass: () => [], done: () => undefined };

export interface GateRules {
  /** Fixed by the configuration, and lifted by nobody. */
  readonly readOnly: boolean;
  /** Whether a whole-node action takes a second person. */
  readonly wholeNode: boolean;
}

export const READ_ONLY_CONFIGURED = "The console is read-only by its configuration (readOnly: true): nothing is sent.";

export const readOnlySaid = (who: string | null): string =>
  `The console is read-only${who === null ? "" : `, set by ${who}`}: nothing is sent anywhere until that is lifted.`;

/** Why nothing may be sent at all; `null` = nothing stands against it. */
export function heldBy(rules: GateRules, fold: Pick<SafetyFold, "readOnly">): string | null {
  if (rules.readOnly) return READ_ONLY_CONFIGURED;
  return fold.readOnly === null ? null : readOnlySaid(fold.readOnly.by?.user ?? null);
}

const covers = (approval: ApprovalFold, terms: ApprovalTerms | undefined): boolean =>
  terms !== undefined && coversTerms(approval, terms);

function movedOf({ terms: agreed }: ApprovalFold, now: ApprovalTerms | undefined): readonly string[] {
  if (agreed === undefined)
    return ["It was asked by an earlier version of the console, which did not write down what exactly."];
  return now === undefined ? ["The request does not say what exactly it is."] : termsMoved(agreed, now);
}

export function createRequestGate(deps: {
  readonly rules: GateRules;
  readonly safety: () => SafetyFold;
  readonly clock: Clock;
}): RequestGate {
  const { rules, safety, clock } = deps;
  /** Approvals that a request on its way to the journal uses up, by the id of that request. */
  const taken = new Map<string, string>();

  function approved({ requestId, facts, actor, terms }: OperationRequest): readonly EventDraft[] {
    if (!rules.wholeNode || !isWholeNodeAction(facts.action)) return [];
    const { action, stream, target } = facts;
    const { approvals } = safety();
    const free = Object.fromEntries(Object.entries(approvals).filter(([id]) => ![...taken.values()].includes(id)));
    const approval = approvalOf(free, { action, stream, target }, clock.now());
    const what = WHOLE_NODE_ACTIONS[facts.action];
    if (approval !== null && !covers(approval, terms))
      throw new OpsError("refused", `This is not what a second person was asked about: ${what} ${target}`, {
        reasons: [...movedOf(approval, terms), "Ask a second person anew, or do it as it was asked."],
      });
    if (approval === null || approval.state !== "granted")
      throw new OpsError("refused", `A second person has to agree first: ${what} ${target}`, {
        reasons: [approval === null ? "Nobody has been asked yet." : "It is asked for, and nobody has answered yet."],
      });
    if (approval.decidedBy?.user === actor.user)
      throw new OpsError("refused", "Whoever agreed cannot be the one who does it: that takes another person");
    taken.set(requestId, approval.id);
    return [
      {
        kind: "approval.used",
        subject: approval.id,
        occurredAt: clock.now(),
        causedBy: requestId,
        actor,
        body: { approvalId: approval.id, stream: approval.stream },
      },
    ];
  }

  return {
    pass(request) {
      const held = isSending(request.facts.action) ? heldBy(rules, safety()) : null;
      if (held !== null) throw new OpsError("refused", held);
      return approved(request);
    },
    done: ({ requestId }) => void taken.delete(requestId),
  };
}
