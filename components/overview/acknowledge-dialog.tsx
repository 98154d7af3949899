"use client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { DurationField } from "#components/ui/duration-field.tsx";
import { durationWords } from "#components/ui/durations.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import type { Need } from "#server/contract/view/need.ts";

const FIRST_CHOICE = 60;

interface HoldDialogProps {
  readonly need: Need;
  readonly onClose: () => void;
}

/** Takes a finding on: everybody sees by whom, and it stays silent for as long. */
export function AcknowledgeDialog({ need, onClose }: HoldDialogProps) {
  const trpc = useTRPC();
  const [minutes, setMinutes] = useState<number>(FIRST_CHOICE);
  const acknowledge = useMutation(trpc.attention.acknowledge.mutationOptions());
  return (
    <ActDialog
      title="I have it"
      sub={<bdi>{need.title}</bdi>}
      verb={`Take it on for ${durationWords(minutes)}`}
      refusal={useRefusal("attention:acknowledge")}
      onAct={({ reason, requestId }) =>
        acknowledge.mutateAsync({
          finding: need.id,
          expectedSeverity: need.severity,
          expectedCount: need.count,
          minutes,
          reason,
          requestId,
        })
      }
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2">
          Everybody sees that you have it. It rings no bell until the time is over, or until it becomes worse than it is
          now. Nothing is done to the system itself.
        </p>
        <DurationField minutes={minutes} onMinutes={setMinutes} />
      </div>
    </ActDialog>
  );
}

/** Lets a finding go that somebody had taken on: it rings again at once. */
export function ReleaseDialog({ need, onClose }: HoldDialogProps) {
  const trpc = useTRPC();
  const release = useMutation(trpc.attention.release.mutationOptions());
  const by = need.acknowledged?.by ?? null;
  return (
    <ActDialog
      title="Let it go"
      sub={<bdi>{need.title}</bdi>}
      verb="Let it go"
      refusal={useRefusal("attention:acknowledge")}
      onAct={({ reason, requestId }) => release.mutateAsync({ finding: need.id, expectedBy: by, reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="t2">
          <bdi>{by ?? "Somebody"}</bdi> has it until{" "}
          {need.acknowledged !== undefined && need.acknowledged !== null && <Instant at={need.acknowledged.until} />}.
          It is told among the others again, for everybody.
        </p>
      </div>
    </ActDialog>
  );
}
