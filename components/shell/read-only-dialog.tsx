"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { useReadOnly } from "#components/ui/read-only.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";

/** Pulls the brake over everything, or lets go of it. */
export function ReadOnlyDialog({ on, onClose }: { readonly on: boolean; readonly onClose: () => void }) {
  return on ? <SetDialog onClose={onClose} /> : <LiftDialog onClose={onClose} />;
}

function SetDialog({ onClose }: { readonly onClose: () => void }) {
  const trpc = useTRPC();
  const set = useMutation(trpc.safety.readOnly.set.mutationOptions());
  const held = useReadOnly() !== null;
  return (
    <ActDialog
      title="Make everything read-only"
      sub="for everybody, at every source"
      verb="Make everything read-only"
      refusal={useRefusal("safety:read-only", held ? "It is read-only already." : null)}
      onAct={({ reason, requestId }) => set.mutateAsync({ reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2">
          From then on this console sends nothing to any system, whoever asks: no stop, no failover, no resume, no ping.
          Jobs that send end at their next safe point and stay paused. Reading, the journal and taking findings on go
          on.
        </p>
        <p className="t2">What has been sent already is not called back. An administrator lifts it again.</p>
      </div>
    </ActDialog>
  );
}

function LiftDialog({ onClose }: { readonly onClose: () => void }) {
  const trpc = useTRPC();
  const lift = useMutation(trpc.safety.readOnly.lift.mutationOptions());
  const held = useReadOnly();
  return (
    <ActDialog
      title="Allow acting again"
      sub="for everybody, at every source that may be acted on"
      verb="Allow acting again"
      refusal={useRefusal("safety:allow-acting", held === null ? "It is not read-only any more." : null)}
      onAct={({ reason, requestId }) => lift.mutateAsync({ reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        {held !== null && (
          <p className="t2">
            <bdi>{held.by?.user ?? "Somebody"}</bdi> set it <Instant at={held.since} />
            {held.by !== null && (
              <>
                : <bdi>{held.by.reason}</bdi>
              </>
            )}
            .
          </p>
        )}
        <p className="t2">Jobs that it paused stay paused until each is resumed.</p>
      </div>
    </ActDialog>
  );
}
