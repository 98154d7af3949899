"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { shortId } from "#components/ui/format.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { WorldLine } from "./world-lines.ts";

interface StatusDialogProps {
  readonly line: WorldLine;
  readonly refusal: string | null;
  readonly onClose: () => void;
}

/** Asks one executor for its queues. */
export function StatusDialog({ line, refusal, onClose }: StatusDialogProps) {
  const { source, id, world } = line;
  const trpc = useTRPC();
  const cache = useQueryClient();
  const status = useMutation(trpc.dynflow.worlds.status.mutationOptions());
  const name = world.hostname ?? shortId(id);
  return (
    <ActDialog
      title={
        <>
          Execution status of <bdi>{name}</bdi> <span className="mono">{shortId(id)}</span>
        </>
      }
      sub={`${source} · ${world.class.split("::").at(-1) ?? ""}`}
      verb={`Ask ${name}`}
      refusal={
        refusal ?? (world.executor ? null : "A client world never answers a Status: only executors have queues.")
      }
      onAct={async ({ reason, requestId }) => {
        const { queues } = await status.mutateAsync({ source, worldId: id, planId: null, reason, requestId });
        await cache.invalidateQueries(trpc.dynflow.worlds.list.pathFilter());
        if (queues === null) throw new Error("It did not answer within 5 s. Nothing was changed.");
      }}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="wrap">
          A Status is put into its inbox and notified. A living executor answers within milliseconds how many workers of
          each queue are free, and how many items wait. It changes nothing there.
        </p>
      </div>
    </ActDialog>
  );
}
