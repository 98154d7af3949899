"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { SinkView } from "#server/contract/wire/alerts.ts";

/** Sends one message that says it is a test. */
export function TestDialog({ sink, onClose }: { readonly sink: SinkView; readonly onClose: () => void }) {
  const test = useMutation(useTRPC().alerts.test.mutationOptions());
  return (
    <ActDialog
      title={
        <>
          Test <bdi>{sink.title}</bdi>
        </>
      }
      verb="Send a test"
      refusal={useRefusal("alerts:test")}
      onAct={({ reason, requestId }) => test.mutateAsync({ sink: sink.id, reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="t2">
          One message that says it is a test, and who sent it, goes to <bdi>{sink.host}</bdi>. It may wake somebody.
        </p>
      </div>
    </ActDialog>
  );
}
