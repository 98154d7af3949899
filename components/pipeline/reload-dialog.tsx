"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";

/** Reads types, receivers and routes from the file again. */
export function ReloadDialog({ source, onClose }: { readonly source: string; readonly onClose: () => void }) {
  const reload = useMutation(useTRPC().agents.reload.mutationOptions());
  return (
    <ActDialog
      title="Read the routes again"
      verb="Read the configuration"
      refusal={useRefusal("agents:reload")}
      onAct={({ reason, requestId }) => reload.mutateAsync({ source, reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="t2">
          Types, receivers and routes are read from the file again and checked; with a fault everything stays as it is.
          What is queued stays queued. Everything else of the configuration takes a restart.
        </p>
      </div>
    </ActDialog>
  );
}
