"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { shortId } from "#components/ui/format.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { RevealAsked, RevealedValue } from "./use-reveal.ts";

interface RevealDialogProps {
  readonly source: string;
  readonly planId: string;
  readonly asked: RevealAsked;
  readonly onRevealed: (revealed: RevealedValue) => void;
  readonly onClose: () => void;
}

/** Takes the reason for showing what is masked, and says what becomes of it. */
export function RevealDialog({ source, planId, asked, onRevealed, onClose }: RevealDialogProps) {
  const trpc = useTRPC();
  // Nothing keeps the value but the part of the page that shows it.
  const reveal = useMutation(trpc.dynflow.plans.reveal.mutationOptions({ gcTime: 0 }));
  const refusal = useRefusal("payloads:reveal");
  return (
    <ActDialog
      title={
        <>
          Reveal <bdi className="mono">{asked.name}</bdi>
        </>
      }
      sub={
        <>
          {source}, plan <span className="mono">{shortId(planId)}</span>
        </>
      }
      verb="Reveal it"
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        const { path, value } = await reveal.mutateAsync({ source, planId, part: asked.part, reason, requestId });
        reveal.reset();
        onRevealed({ path, value, part: asked.part });
      }}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2 wrap">
          It is masked because of its key. It is shown here once, to you, for a minute; it is kept nowhere.
        </p>
        <p className="t2 wrap">
          The journal keeps for good who asked for <bdi className="mono">{asked.name}</bdi>, when and why. It never
          holds the value.
        </p>
      </div>
    </ActDialog>
  );
}
