"use client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { formatDurationMs } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { nameOf, type WorldRow } from "./world-rows.ts";

interface PingDialogProps {
  readonly row: WorldRow;
  readonly refusal: string | null;
  readonly onClose: () => void;
}

/** Asks a world whether it lives, and says what came back. */
export function PingDialog({ row, refusal, onClose }: PingDialogProps) {
  const trpc = useTRPC();
  const ping = useMutation(trpc.dynflow.worlds.ping.mutationOptions());
  const [answer, setAnswer] = useState<Outputs["dynflow"]["worlds"]["ping"] | null>(null);
  const refused = useRefusal("worlds:ping", refusal);
  if (answer !== null) return <Answer row={row} answer={answer} onClose={onClose} />;
  return (
    <ActDialog
      title={
        <>
          Ping <Name text={nameOf(row)} />
        </>
      }
      sub={row.source}
      verb="Ping the world"
      refusal={refused}
      onAct={async ({ reason, requestId }) =>
        setAnswer(await ping.mutateAsync({ source: row.source, worldId: row.id, reason, requestId }))
      }
      onDone={() => undefined}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="wrap">
          One envelope is put into its inbox. A world that lives answers with a Pong, usually within 40 ms; 5 s are
          waited. Nothing else is touched.
        </p>
      </div>
    </ActDialog>
  );
}

function Answer({
  row,
  answer,
  onClose,
}: {
  readonly row: WorldRow;
  readonly answer: Outputs["dynflow"]["worlds"]["ping"];
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={<Name text={nameOf(row)} />} sub={row.source} onClose={onClose}>
      <div className="dbody" role="status">
        {answer.answered ? (
          <p className="st t-good">
            <Glyph tone="good" />
            It answered{answer.roundTripMs === null ? "" : ` after ${formatDurationMs(answer.roundTripMs)}`}.
          </p>
        ) : (
          <p className="st t-attention wrap">
            <Glyph tone="attention" />
            No answer within 5 s. A busy world may answer later; a dead one never does.
          </p>
        )}
      </div>
    </Dialog>
  );
}
