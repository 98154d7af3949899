"use client";
import { useQuery } from "@tanstack/react-query";
import { useJobBegun } from "#components/jobs/use-job-begun.ts";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { Since } from "#components/ui/time.tsx";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { UnreadDialog } from "#components/ui/unread-dialog.tsx";
import type { FailoverPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { FailoverChoiceSection, useFailoverChoice, useFailoverRefusal } from "./failover-choice.tsx";
import { FailoverReasons } from "./failover-reasons.tsx";
import { FailoverTouches } from "./failover-touches.tsx";
import { useCensus } from "./use-census.ts";

const EVERY_MS = 2_000;

interface FailoverDialogProps {
  readonly source: string;
  readonly incarnation: string;
  readonly onClose: () => void;
}

/** Releases the keys of one dead incarnation or gives them to others: what it will touch, why it may, what remains; then a reason and its name. */
export function FailoverDialog({ source, incarnation, onClose }: FailoverDialogProps) {
  const trpc = useTRPC();
  const preview = useQuery(
    trpc.dna.failover.preview.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS }),
  );
  if (preview.data === undefined)
    return (
      <UnreadDialog
        wide
        title="Fail over"
        sub={<Id id={incarnation} form="incarnation" />}
        what="what would be touched"
        failure="Cannot read what would be touched"
        rows={6}
        preview={preview}
        onClose={onClose}
      />
    );
  return (
    <LoadedDialog
      source={source}
      incarnation={incarnation}
      preview={preview.data}
      old={preview.error !== null}
      onClose={onClose}
    />
  );
}

interface LoadedProps extends FailoverDialogProps {
  readonly preview: FailoverPreviewOutput;
  /** The last read failed: what is shown is old, and nothing is done on it. */
  readonly old: boolean;
}

function LoadedDialog({ source, incarnation, preview, old, onClose }: LoadedProps) {
  const client = useTRPCClient();
  const begun = useJobBegun();
  const census = useCensus(source, incarnation, preview.census);
  const { node, keys } = preview;
  const choice = useFailoverChoice(preview);
  const name = node.node === "" ? incarnation : node.node;
  const refusal = useFailoverRefusal(choice, preview, old);
  const terms = {
    targets: choice.targets(),
    expectedState: node.state === "silent" ? ("silent" as const) : ("gone" as const),
    expectedNode: node.node,
    expectedKeys: keys ?? 0,
  };
  async function start({ reason, requestId }: Intent) {
    const answer = await client.dna.failover.start.mutate({ source, incarnation, ...terms, reason, requestId });
    begun(answer.jobId);
  }
  return (
    <ActDialog
      wide
      title={
        <>
          Fail over the keys of <Name text={name} mono />
        </>
      }
      sub={
        <>
          {source} · incarnation <Id id={incarnation} form="incarnation" /> · <State system="node" word={node.state} />{" "}
          for <Since at={Date.parse(node.since) as EpochMs} />
        </>
      }
      verb={keys === null ? "Fail over its keys" : `Fail over ${formatCount(keys)} keys`}
      typed={name}
      refusal={refusal}
      approval={{ action: "dna.failover.start", stream: `dna:${source}`, target: incarnation, terms }}
      onAct={start}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody two">
        <FailoverTouches preview={preview} census={census}>
          <FailoverChoiceSection choice={choice} offer={preview} keys={keys} what="keys" />
        </FailoverTouches>
        <FailoverReasons preview={preview} />
      </div>
    </ActDialog>
  );
}
