"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { isMasked } from "#server/contract/event.ts";

type Reader = Outputs["admin"]["readers"]["list"]["readers"][number];

/** Starts a parked part again. */
export function RestartDialog({ reader, onClose }: { readonly reader: Reader; readonly onClose: () => void }) {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const restart = useMutation(trpc.admin.readers.restart.mutationOptions());
  const { name, title, state, failures, reason } = reader;
  const refusal = useRefusal(
    "readers:restart",
    state === "parked" ? null : `It is ${state}: only a parked one can be restarted.`,
  );
  return (
    <ActDialog
      title={`Restart ${title}`}
      sub={<span className="mono">{name}</span>}
      verb="Restart it"
      refusal={refusal}
      onAct={({ reason: why, requestId }) =>
        restart.mutateAsync({ name, expectedState: state, reason: why, requestId })
      }
      onDone={() => {
        void cache.invalidateQueries({ queryKey: trpc.admin.readers.list.queryKey() });
        onClose();
      }}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2 wrap">
          It failed {failures} times and was parked.{" "}
          {reason === null || isMasked(reason) ? null : (
            <>
              The last time: <bdi>{reason}</bdi>
            </>
          )}
        </p>
        <p className="t2 wrap">
          It begins anew with what the journal knows. Nothing is sent to any system but what it reads anyhow, and no
          other part is touched. Whether it then runs steadily is told in the journal; if not, it is parked again.
        </p>
      </div>
    </ActDialog>
  );
}
