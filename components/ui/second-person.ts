"use client";
import { useMutation } from "@tanstack/react-query";
import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import { type NodeNameOf, termsMoved } from "#server/contract/approval-words.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { LiveState } from "#server/contract/live.ts";
import { type ApprovalFold, approvalOf, coversTerms, type WholeNodeAction } from "#server/contract/safety.ts";
import type { Intent } from "./act-dialog.tsx";
import { useLiveFold, useLiveNow } from "./live.ts";
import { useSession } from "./session.ts";
import { useTRPC } from "./trpc.ts";

/** What another person has to agree to, as the action itself names it. */
export interface ApprovalAsked extends ApprovalAbout {
  /** Every parameter of the request as it would be sent now, by its name on the wire. */
  readonly terms: ApprovalTerms;
}

/** An action on a target, by whatever parameters. */
export interface ApprovalAbout {
  readonly action: WholeNodeAction;
  /** `dna:<source>` or `dynflow:<source>`. */
  readonly stream: string;
  readonly target: string;
}

export type SecondPerson =
  | { readonly kind: "not-needed" }
  /** Nobody has been asked about this; `instead` = what somebody was asked about, and what differs. */
  | {
      readonly kind: "to-ask";
      readonly ask: (intent: Intent) => Promise<unknown>;
      readonly instead: { readonly approval: ApprovalFold; readonly moved: readonly string[] } | null;
    }
  | { readonly kind: "waiting"; readonly approval: ApprovalFold }
  /** Somebody else has agreed: it may be done now, by anybody but them. */
  | { readonly kind: "agreed"; readonly approval: ApprovalFold; readonly byMe: boolean };

const NONE: Readonly<Record<string, ApprovalFold>> = {};
const approvalsOf = ({ folds }: LiveState) => {
  for (const fold of Object.values(folds)) if (fold.family === "operator") return fold.approvals;
  return NONE;
};
const NO_NODES: DnaFold["nodes"] = {};

/** What is asked or granted of this action on this target, by whatever parameters; `null` = nothing, or it takes nobody. */
export function useOpenApproval(about: ApprovalAbout | null): ApprovalFold | null {
  const session = useSession();
  const approvals = useLiveFold(approvalsOf) ?? NONE;
  const now = useLiveNow();
  if (about === null || session?.secondPerson !== true || now === null) return null;
  return approvalOf(approvals, about, now);
}

/** Names of nodes, as the source's own stream knows them. */
export function useNodeNames(stream: string | null): NodeNameOf {
  const nodes =
    useLiveFold(({ folds }) => {
      const fold = stream !== null && Object.hasOwn(folds, stream) ? folds[stream] : undefined;
      return fold?.family === "dna" ? fold.nodes : NO_NODES;
    }) ?? NO_NODES;
  return (incarnation) => (Object.hasOwn(nodes, incarnation) ? (nodes[incarnation]?.node ?? null) : null);
}

/** Whether this action takes a second person here, and how far that is. */
export function useSecondPerson(asked: ApprovalAsked | null): SecondPerson {
  const session = useSession();
  const approval = useOpenApproval(asked);
  const nodeOf = useNodeNames(asked?.stream ?? null);
  const trpc = useTRPC();
  const { mutateAsync } = useMutation(trpc.safety.approvals.ask.mutationOptions());
  if (asked === null || session?.secondPerson !== true) return { kind: "not-needed" };
  if (approval === null || !coversTerms(approval, asked.terms)) {
    const ask = ({ reason, requestId }: Intent) => mutateAsync({ ...asked, reason, requestId });
    const moved = approval === null ? [] : termsMoved(approval.terms ?? {}, asked.terms, nodeOf);
    return { kind: "to-ask", ask, instead: approval === null ? null : { approval, moved } };
  }
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
