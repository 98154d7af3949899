"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure, Skeleton } from "#components/ui/widget.tsx";

const EVERY_MS = 2_000;

interface DeleteRowDialogProps {
  readonly source: string;
  readonly incarnation: string;
  readonly onClose: () => void;
}

/** Deletes the row of an incarnation of a wholly dead cluster: nothing but the list looks different. */
export function DeleteRowDialog({ source, incarnation, onClose }: DeleteRowDialogProps) {
  const trpc = useTRPC();
  const preview = useQuery(
    trpc.dna.nodes.deleteRowPreview.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS }),
  );
  const drop = useMutation(trpc.dna.nodes.deleteRow.mutationOptions());
  const seen = preview.data;
  const refusal = useRefusal(
    "dna:nodes",
    seen === undefined ? "Reading whether it may be deleted." : (seen.refusals[0] ?? null),
  );
  const terms = { expectedState: seen?.state ?? "", expectedNode: seen?.node ?? "" };
  return (
    <ActDialog
      title="Delete a row of nodes"
      sub={<Id id={incarnation} form="incarnation" />}
      verb="Delete the row"
      typed={seen?.node ?? null}
      refusal={refusal}
      approval={{ action: "dna.nodes.deleteRow", stream: `dna:${source}`, target: incarnation, terms }}
      onAct={({ reason, requestId }) => drop.mutateAsync({ source, incarnation, ...terms, reason, requestId })}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2">
          It only tidies the list: keys keep their owner, and nothing is released by it. Should the node come back under
          this identity, it writes its row anew with its next beat.
        </p>
        {preview.error !== null && seen === undefined && (
          <Failure title="Cannot read whether it may be deleted" error={preview.error} />
        )}
        {seen === undefined && preview.error === null && <Skeleton rows={4} what="the conditions" />}
        {seen !== undefined && (
          <ol className="reasons">
            {seen.reasons.map(({ holds, text, detail }) => (
              <li key={text}>
                <Glyph tone={holds ? "good" : "failed"} label={holds ? "holds" : "does not hold"} />
                <div>
                  <b>{text}</b>
                  {detail !== null && (
                    <span>
                      <bdi>{detail}</bdi>
                    </span>
                  )}
                </div>
              </li>
            ))}
          </ol>
        )}
      </div>
    </ActDialog>
  );
}
