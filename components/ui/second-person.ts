"use client";
import { useMutation } from "@tanstack/react-query";
import type { LiveState } from "#server/contract/live.ts";
import { type ApprovalFold, approvalOf, type WholeNodeAction } from "#server/contract/safety.ts";
import type { Intent } from "./act-dialog.tsx";
import { useLiveFold, useLiveNow } from "./live.ts";
import { useSession } from "./session.ts";
import { useTRPC } from "./trpc.ts";

/** What another person has to agree to, as the action itself names it. */
export interface ApprovalAsked {
  readonly action: WholeNodeAction;
  /** `dna:<source>` or `dynflow:<source>`. */
  readonly stream: string;
  readonly target: string;
}

export type SecondPerson =
  | { readonly kind: "not-needed" }
  /** Nobody has been asked. */
  | { readonly kind: "to-ask"; readonly ask: (intent: Intent) => Promise<unknown> }
  | { readonly kind: "waiting"; readonly approval: ApprovalFold }
  /** Somebody else has agreed: it may be done now, by anybody but them. */
  | { readonly kind: "agreed"; readonly approval: ApprovalFold; readonly byMe: boolean };

const NONE: Readonly<Record<string, ApprovalFold>> = {};
const approvalsOf = ({ folds }: LiveState) => {
  for (const fold of Object.values(folds)) if (fold.family === "operator") return fold.approvals;
  return NONE;
};

/** Whether this action takes a second person here, and how far that is. */
export function useSecondPerson(asked: ApprovalAsked | null): SecondPerson {
  const session = useSession();
  const approvals = useLiveFold(approvalsOf) ?? NONE;
  const now = useLiveNow();
  const trpc = useTRPC();
  const { mutateAsync } = useMutation(trpc.safety.approvals.ask.mutationOptions());
  if (asked === null || session?.secondPerson !== true) return { kind: "not-needed" };
  const approval = now === null ? null : approvalOf(approvals, asked, now);
  if (approval === null)
    return { kind: "to-ask", ask: ({ reason, requestId }) => mutateAsync({ ...asked, reason, requestId }) };
  if (approval.state !== "granted") return { kind: "waiting", approval };
  return { kind: "agreed", approval, byMe: approval.decidedBy?.user === session.principal?.id };
}

/** Why it cannot be done yet, or who has agreed; `null` = there is nothing to say. */
export function secondPersonText(second: SecondPerson): string | null {
  switch (second.kind) {
    case "not-needed":
    case "to-ask":
      return null;
    case "waiting":
      return `${second.approval.askedBy?.user ?? "Somebody"} has asked a second person; nobody has answered yet.`;
    case "agreed":
      return second.byMe ? "You agreed to it: another person has to do it." : null;
  }
}
