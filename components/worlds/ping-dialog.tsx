"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { shortId } from "#components/ui/format.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { WorldLine } from "./world-lines.ts";

/** Why nothing can be sent to the worlds of a source; `null` = it can. */
export const usePingRefusal = (actRefused: string | null): string | null => useRefusal("worlds:ping", actRefused);

interface PingDialogProps {
  readonly line: WorldLine;
  readonly refusal: string | null;
  readonly onClose: () => void;
}

/** Asks one world for a sign of life. */
export function PingDialog({ line, refusal, onClose }: PingDialogProps) {
  const { source, id, world } = line;
  const ping = useMutation(useTRPC().dynflow.worlds.ping.mutationOptions());
  const name = world.hostname ?? shortId(id);
  return (
    <ActDialog
      title={
        <>
          Ping <bdi>{name}</bdi> <span className="mono">{shortId(id)}</span>
        </>
      }
      sub={`${source} · ${world.class.split("::").at(-1) ?? ""}`}
      verb={`Ping ${name}`}
      refusal={refusal}
      onAct={({ reason, requestId }) => ping.mutateAsync({ source, worldId: id, reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="wrap">
          A Ping is put into its inbox and notified. It answers within milliseconds when it lives; no answer within the
          time-out is shown as “not answering”, and changes nothing in the world itself.
        </p>
      </div>
    </ActDialog>
  );
}
