"use client";
import { useQuery } from "@tanstack/react-query";
import { useJobBegun } from "#components/jobs/use-job-begun.ts";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { UnreadDialog } from "#components/ui/unread-dialog.tsx";
import type { FailoverKeyPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import { FailoverChoiceSection, useFailoverChoice, useFailoverRefusal } from "./failover-choice.tsx";
import { JudgedReasons } from "./failover-reasons.tsx";

const EVERY_MS = 2_000;

/** A key and the source it is of. */
export interface KeyPlace {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}

interface FailoverKeyDialogProps {
  readonly place: KeyPlace;
  readonly onClose: () => void;
}

/** Releases one key of a dead node or gives it to another: by the same rules as all of them. */
export function FailoverKeyDialog({ place, onClose }: FailoverKeyDialogProps) {
  const { source, namespace, moduleId, name } = place;
  const trpc = useTRPC();
  const preview = useQuery(
    trpc.dna.failover.previewKey.queryOptions({ source, namespace, moduleId, name }, { refetchInterval: EVERY_MS }),
  );
  if (preview.data !== undefined)
    return <LoadedDialog place={place} preview={preview.data} old={preview.error !== null} onClose={onClose} />;
  return (
    <UnreadDialog
      wide
      title="Fail over a key"
      sub={<Name text={name} mono />}
      what="what would be touched"
      failure="Cannot read what would be touched"
      rows={6}
      preview={preview}
      onClose={onClose}
    />
  );
}

interface LoadedProps extends FailoverKeyDialogProps {
  readonly preview: FailoverKeyPreviewOutput;
  /** The last read failed: what is shown is old, and nothing is done on it. */
  readonly old: boolean;
}

function LoadedDialog({ place, preview, old, onClose }: LoadedProps) {
  const { source, namespace, moduleId, name } = place;
  const client = useTRPCClient();
  const begun = useJobBegun();
  const choice = useFailoverChoice(preview);
  const { owner, releasable } = preview;
  const refusal = useFailoverRefusal(choice, preview, old);
  async function start({ reason, requestId }: Intent) {
    if (owner === null) throw new Error("Nobody owns the key any more.");
    const answer = await client.dna.failover.startKey.mutate({
      ...{ source, namespace, moduleId, name },
      targets: choice.targets(),
      expectedOwner: owner.incarnation,
      reason,
      requestId,
    });
    begun(answer.jobId);
  }
  return (
    <ActDialog
      wide
      title={
        <>
          Fail over the key <Name text={name} mono />
        </>
      }
      sub={
        owner === null ? (
          source
        ) : (
          <>
            {source} · owned by <Name text={owner.node ?? "a node that was never seen"} mono />{" "}
            <Id id={owner.incarnation} form="incarnation" />{" "}
            {owner.state !== null && <State system="node" word={owner.state} />}
          </>
        )
      }
      verb="Fail over the key"
      typed={name}
      refusal={refusal}
      onAct={start}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody two">
        <section>
          <FailoverChoiceSection choice={choice} offer={preview} keys={1} what="key" />
          <p className="small t3">
            Its storage is not touched, and its owner is read once more before and in the statement itself: a key that
            somebody else owns by then is left alone.
          </p>
        </section>
        <JudgedReasons
          releasable={releasable}
          asOf={preview.asOf}
          refusals={preview.refusals}
          notMoved={preview.notMoved}
        />
      </div>
    </ActDialog>
  );
}
