"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useJobBegun } from "#components/jobs/use-job-begun.ts";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { formatBytes, formatCount, plural } from "#components/ui/format.ts";
import { Id, Name } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { UnreadDialog } from "#components/ui/unread-dialog.tsx";
import type { StopManyPreviewOutput } from "#server/contract/wire/dna-actors.ts";
import { ForceChoice } from "./force-choice.tsx";
import "./actors.css";

export interface StopManyTarget {
  readonly source: string;
  readonly incarnation: string;
  /** `null` = every partition of the node. */
  readonly partition: number | null;
  /** `null` = every type. */
  readonly type: { readonly namespace: string; readonly moduleId: number } | null;
}

interface StopManyDialogProps {
  readonly target: StopManyTarget;
  readonly onClose: () => void;
}

/** Stops the instances of a partition or a type on one node as a job: listed and frozen here, then one after the other. */
export function StopManyDialog({ target: asked, onClose }: StopManyDialogProps) {
  const [whole, setWhole] = useState(false);
  const target = whole ? { ...asked, partition: null } : asked;
  const preview = useQuery(
    useTRPC().dna.actors.stopManyPreview.queryOptions(target, { gcTime: 0, staleTime: Number.POSITIVE_INFINITY }),
  );
  if (preview.data === undefined)
    return (
      <UnreadDialog
        title="Stop actors"
        sub={<Id id={target.incarnation} form="incarnation" />}
        what="what runs"
        failure="Cannot list what runs"
        rows={6}
        preview={preview}
        onClose={onClose}
      />
    );
  return (
    <Loaded
      key={preview.dataUpdatedAt}
      target={target}
      preview={preview.data}
      scope={asked.partition === null ? null : { partition: asked.partition, whole, onWhole: setWhole }}
      onAgain={() => void preview.refetch()}
      onClose={onClose}
    />
  );
}

interface LoadedProps extends StopManyDialogProps {
  readonly preview: StopManyPreviewOutput;
  /** Whether one partition or every one of the node is meant; `null` = there is no choice. */
  readonly scope: {
    readonly partition: number;
    readonly whole: boolean;
    readonly onWhole: (whole: boolean) => void;
  } | null;
  readonly onAgain: () => void;
}

function Loaded({ target, preview, scope, onAgain, onClose }: LoadedProps) {
  const client = useTRPCClient();
  const begun = useJobBegun();
  const { node, token, total, refusals, safeRefusals, perSecond, mailbox, memoryBytes } = preview;
  const [forced, setForced] = useState<boolean | null>(null);
  const force = forced ?? safeRefusals.length > 0;
  const refusal = useRefusal(
    "dna:stop-many",
    [...refusals, ...(force ? [] : safeRefusals)][0] ?? (token === null ? "Nothing was listed." : null),
  );
  const terms = { partition: target.partition, type: target.type, list: preview.list, expectedTotal: total, force };
  async function start({ reason, requestId }: Intent) {
    const answer = await client.dna.actors.stopMany.mutate({
      source: target.source,
      token: token ?? "",
      expectedTotal: total,
      force,
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
          Stop {plural(total, "actor")} on <Name text={node} mono />
        </>
      }
      sub={
        <>
          {target.source} · incarnation <Id id={target.incarnation} form="incarnation" />
          {target.partition !== null && ` · partition ${target.partition}`}
          {target.type !== null && ` · ${target.type.namespace} / ${target.type.moduleId}`}
        </>
      }
      verb={force ? `End ${formatCount(total)} actors at once` : `Stop ${formatCount(total)} actors`}
      typed={force ? node : null}
      refusal={refusal}
      approval={{ action: "dna.actors.stopMany", stream: `dna:${target.source}`, target: target.incarnation, terms }}
      onAct={start}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stop-body">
        {scope !== null && (
          <fieldset className="seg" aria-label="Where">
            <button type="button" aria-pressed={!scope.whole} onClick={() => scope.onWhole(false)}>
              Partition {scope.partition}
            </button>
            <button type="button" aria-pressed={scope.whole} onClick={() => scope.onWhole(true)}>
              Every partition
            </button>
          </fieldset>
        )}
        <ForceChoice label="How they are ended" force={force} onForce={setForced} />
        <Counts preview={preview} />
        {[...refusals, ...(force ? [] : safeRefusals)].map((text) => (
          <p key={text} className="warn">
            {text}
          </p>
        ))}
        {force && (
          <p className="warn bad">
            <b>
              Lost at once: {formatCount(mailbox)} queued messages, all that is buffered, and every state that is in
              memory only ({formatBytes(memoryBytes)}); whoever waits for an answer gets an error.
            </b>
          </p>
        )}
        <p className="small t2">
          One after the other, at most {perSecond} a second; each is looked up anew and left alone if it has moved. The
          job stops at the first five that are busy. It can be paused and goes on after a restart of this console;
          nothing is ever sent twice. <b>The next message starts each of them again.</b>
        </p>
        <p className="small t3">
          Listed once, as it was then.{" "}
          <button type="button" className="btn-plain" onClick={onAgain}>
            List again
          </button>
        </p>
      </div>
    </ActDialog>
  );
}

function Counts({ preview: { byPartition, byType } }: { readonly preview: StopManyPreviewOutput }) {
  return (
    <div className="dcols">
      <table className="tight" aria-label="By type">
        <tbody>
          {byType.map(({ namespace, moduleId, count }) => (
            <tr key={`${moduleId}/${namespace}`}>
              <td className="w100">
                <Name text={`${namespace} / ${moduleId}`} />
              </td>
              <td className="num">{formatCount(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table className="tight" aria-label="By partition">
        <tbody>
          {byPartition.map(({ partition, count }) => (
            <tr key={partition}>
              <td className="w100">partition {partition}</td>
              <td className="num">{formatCount(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
