"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Dialog } from "#components/ui/dialog.tsx";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { Failure, Skeleton } from "#components/ui/widget.tsx";
import type { FailoverKeyPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import { FailoverChoiceSection, useFailoverChoice } from "./failover-choice.tsx";
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
    <Dialog title="Fail over a key" sub={<Name text={name} mono />} onClose={onClose} wide>
      <div className="dbody">
        {preview.error === null ? (
          <Skeleton rows={6} what="what would be touched" />
        ) : (
          <Failure
            title="Cannot read what would be touched"
            error={preview.error}
            onRetry={() => void preview.refetch()}
          />
        )}
      </div>
    </Dialog>
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
  const trpc = useTRPC();
  const cache = useQueryClient();
  const { go } = useAddress();
  const choice = useFailoverChoice(preview);
  const { owner, releasable } = preview;
  const refusal = useRefusal(
    "dna:failover",
    old ? "What is shown is old: it could not be read again." : (preview.refusals[0] ?? choice.refusal(preview)),
  );
  async function start({ reason, requestId }: Intent) {
    if (owner === null) throw new Error("Nobody owns the key any more.");
    const answer = await client.dna.failover.startKey.mutate({
      ...{ source, namespace, moduleId, name },
      targets: choice.targets(),
      expectedOwner: owner.incarnation,
      reason,
      requestId,
    });
    void cache.invalidateQueries(trpc.jobs.pathFilter());
    go(routes.job(answer.jobId));
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
