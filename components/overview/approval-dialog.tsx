"use client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { Link } from "#components/ui/link.tsx";
import { useLiveFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { useNodeNames } from "#components/ui/second-person.ts";
import { useRefusal, useSession } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { termLines } from "#server/contract/approval-words.ts";
import type { LiveState } from "#server/contract/live.ts";
import { type ApprovalFold, WHOLE_NODE_ACTIONS } from "#server/contract/safety.ts";

/** The second person's word on what a colleague asks. */
export function ApprovalDialog({ approvalId, onClose }: { readonly approvalId: string; readonly onClose: () => void }) {
  const approval = useLiveFold((state) => approvalIn(state, approvalId)) ?? null;
  const [granted, setGranted] = useState(true);
  const trpc = useTRPC();
  const decide = useMutation(trpc.safety.approvals.decide.mutationOptions());
  const me = useSession()?.principal?.id ?? null;
  const mine = approval?.askedBy != null && approval.askedBy.user === me;
  const refusal = useRefusal(
    "safety:approve",
    approval?.state !== "asked"
      ? "It is not asked any more."
      : mine && granted
        ? "You asked: that takes another person."
        : null,
  );
  return (
    <ActDialog
      title="A second person is asked"
      sub={approval === null ? null : <bdi>{`${WHOLE_NODE_ACTIONS[approval.action]} ${approval.title}`}</bdi>}
      verb={granted ? "Agree" : "Do not agree"}
      refusal={refusal}
      onAct={({ reason, requestId }) => decide.mutateAsync({ approvalId, granted, reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        {approval !== null && <Question approval={approval} />}
        <fieldset className="stack tight">
          <legend className="fl">Your word</legend>
          <label>
            <input type="radio" name="word" checked={granted} onChange={() => setGranted(true)} /> I have looked, and
            agree: it may be done once, and by anybody but me
          </label>
          <label>
            <input type="radio" name="word" checked={!granted} onChange={() => setGranted(false)} /> I do not agree
          </label>
        </fieldset>
      </div>
    </ActDialog>
  );
}

function Question({ approval }: { readonly approval: ApprovalFold }) {
  const { askedBy, askedAt, stream, target, until } = approval;
  const source = stream.slice(stream.indexOf(":") + 1);
  return (
    <>
      <p className="t2">
        <bdi>{askedBy?.user ?? "Somebody"}</bdi> asked <Instant at={askedAt} />
        {askedBy !== null && (
          <>
            : <bdi>{askedBy.reason}</bdi>
          </>
        )}
        . The question is open until <Instant at={until} />. Agreeing does nothing by itself: the action looks at
        everything anew when it is done, and takes another agreement should anything below be another.
      </p>
      <Terms approval={approval} />
      {stream.startsWith("dna:") && (
        <p>
          <Link href={routes.topology({ of: source, node: target })}>Look at the node</Link>
        </p>
      )}
    </>
  );
}

const LINES_SHOWN = 50;

/** What exactly is agreed to. */
function Terms({ approval: { terms, stream } }: { readonly approval: ApprovalFold }) {
  const nodeOf = useNodeNames(stream);
  if (terms === undefined)
    return (
      <p className="warn">Asked by an earlier version of the console: to agree is of no use, it must be asked anew.</p>
    );
  const lines = termLines(terms, nodeOf);
  return (
    <table className="tight" aria-label="What exactly is agreed to">
      <tbody>
        {lines.slice(0, LINES_SHOWN).map(({ what, value }) => (
          <tr key={what}>
            <th scope="row" className="wrap">
              <bdi>{what}</bdi>
            </th>
            <td className="w100 wrap">
              <bdi>{value}</bdi>
            </td>
          </tr>
        ))}
        {lines.length > LINES_SHOWN && (
          <tr>
            <td colSpan={2} className="t3">
              and {lines.length - LINES_SHOWN} more
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function approvalIn({ folds }: LiveState, id: string): ApprovalFold | null {
  for (const fold of Object.values(folds))
    if (fold.family === "operator") return Object.hasOwn(fold.approvals, id) ? (fold.approvals[id] ?? null) : null;
  return null;
}
