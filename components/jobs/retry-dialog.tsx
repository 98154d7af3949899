"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { useAddress } from "#components/ui/address.ts";
import { plural } from "#components/ui/format.ts";
import { routes } from "#components/ui/routes.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { JobState } from "#server/contract/event.ts";

/** More targets than this take their number typed. */
const TYPED_ABOVE = 50;

interface RetryDialogProps {
  readonly jobId: string;
  readonly state: JobState;
  readonly failed: number;
  readonly target: string;
  readonly onClose: () => void;
}

/** Tries the failed targets of an ended job again, as a job of its own. */
export function RetryDialog({ jobId, state, failed, target, onClose }: RetryDialogProps) {
  const trpc = useTRPC();
  const { go } = useAddress();
  const retry = useMutation(trpc.jobs.retry.mutationOptions());
  return (
    <ActDialog
      title="Retry what failed"
      verb={`Retry the ${failed} failed`}
      typed={failed > TYPED_ABOVE ? String(failed) : null}
      onAct={async ({ reason, requestId }) => {
        const { jobId: next } = await retry.mutateAsync({ jobId, expectedState: state, reason, requestId });
        go(routes.job(next));
      }}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="wrap">
          {plural(failed, target)} on which this job failed {failed === 1 ? "is" : "are"} looked at anew, and become a
          job of their own. What can no longer be acted on is left out; what is unknown is not sent again.
        </p>
      </div>
    </ActDialog>
  );
}
