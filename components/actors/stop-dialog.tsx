"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { formatBytes, formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id, Name } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { oldRefusal, UnreadDialog } from "#components/ui/unread-dialog.tsx";
import type { StopOutput, StopPreviewOutput } from "#server/contract/wire/dna-actors.ts";
import type { ActorPlaceOf } from "./actor-place.ts";
import { ForceChoice } from "./force-choice.tsx";
import { phaseWord } from "./phase-words.ts";
import "./actors.css";

const EVERY_MS = 2_000;

interface StopDialogProps {
  readonly place: ActorPlaceOf;
  readonly onDone: (outcome: StopOutput) => void;
  readonly onClose: () => void;
}

/** Ends one instance: safely, when it is idle and empty, or at once with what that loses. */
export function StopDialog({ place, onDone, onClose }: StopDialogProps) {
  const preview = useQuery(
    useTRPC().dna.actors.stopPreview.queryOptions(place, { refetchInterval: EVERY_MS, gcTime: 0 }),
  );
  if (preview.data === undefined)
    return (
      <UnreadDialog
        title="Stop actor"
        sub={<Name text={place.name} mono />}
        what="what runs"
        failure="Cannot read what runs"
        rows={5}
        preview={preview}
        onClose={onClose}
      />
    );
  return <Loaded place={place} preview={preview.data} old={preview.error !== null} onDone={onDone} onClose={onClose} />;
}

interface LoadedProps extends StopDialogProps {
  readonly preview: StopPreviewOutput;
  /** The last read failed: nothing is done on what is shown. */
  readonly old: boolean;
}

function Loaded({ place, preview, old, onDone, onClose }: LoadedProps) {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const cache = useQueryClient();
  const { live, owner, refusals, safeRefusals, loss } = preview;
  const [forced, setForced] = useState<boolean | null>(null);
  const force = forced ?? safeRefusals.length > 0;
  const [outcome, setOutcome] = useState<StopOutput | null>(null);
  const refusal = useRefusal("dna:stop", oldRefusal(old) ?? refusals[0] ?? (force ? null : (safeRefusals[0] ?? null)));
  async function stop({ reason, requestId }: Intent) {
    if (live.kind !== "running" || owner === null) throw new Error("It does not run");
    const answer = await client.dna.actors.stop.mutate({
      ...place,
      expectedOwner: owner.incarnation,
      expectedRef: live.ref,
      force,
      expectedBuffered: live.buffered,
      expectedMailbox: live.mailbox,
      reason,
      requestId,
    });
    void cache.invalidateQueries(trpc.dna.actors.pathFilter());
    if (answer.outcome === "stopped") onDone(answer);
    else setOutcome(answer);
  }
  if (outcome !== null) return <Ended outcome={outcome} name={place.name} onDone={onDone} />;
  return (
    <ActDialog
      title={
        <>
          Stop <Name text={place.name} mono />
        </>
      }
      sub={
        <>
          {place.source} · {place.namespace} / {place.moduleId}
          {owner !== null && (
            <>
              {" "}
              · owner <Name text={owner.node ?? "a node that was never seen"} mono />{" "}
              <Id id={owner.incarnation} form="incarnation" />
            </>
          )}
        </>
      }
      verb={force ? "End it at once" : "Stop it when idle"}
      typed={force ? typedFor(place.name) : null}
      refusal={refusal}
      onAct={stop}
      onDone={() => {}}
      onClose={onClose}
    >
      <div className="dbody stop-body">
        <ForceChoice label="How it is ended" force={force} onForce={setForced} />
        {live.kind === "running" ? <Numbers live={live} /> : null}
        {refusals.map((text) => (
          <p key={text} className="warn">
            {text}
          </p>
        ))}
        {force ? (
          <p className="warn bad">
            <b>{loss}</b>
          </p>
        ) : (
          <>
            <p>
              In one call on the node: it is looked at while it stands still, and ended only when it is idle with an
              empty buffer and mailbox; else it goes on at once. After 5 s the answer is “busy”, and nothing was ended.
            </p>
            {safeRefusals.map((text) => (
              <p key={text} className="warn">
                {text}
              </p>
            ))}
            <p className="small t2">
              Events that arrive in the last instant may be lost; state in memory only is gone.
            </p>
          </>
        )}
        <p>
          <b>The next message starts it again</b>, at the same owner: the register is not touched, so the key never gets
          a second owner by this.
        </p>
      </div>
    </ActDialog>
  );
}

/** Its name, where that can be typed; else the deed. */
const TYPED_MAX = 64;
const typedFor = (name: string): string =>
  name.length === 0 || name.length > TYPED_MAX || name.trim() !== name || /\p{C}|[^\P{Z} ]/u.test(name) ? "stop" : name;

type Running = Extract<StopPreviewOutput["live"], { kind: "running" }>;

function Numbers({ live }: { readonly live: Running }) {
  const { phase, buffered, mailbox, memoryBytes, partition, ref } = live;
  return (
    <table className="tight" aria-label="The instance now">
      <tbody>
        <tr>
          <td>
            <State system="actor" word={phaseWord(phase)} />
          </td>
          <td className="w100">
            partition {partition}, <span className="mono">{ref}</span>
          </td>
        </tr>
        <tr>
          <td>backlog</td>
          <td>
            {buffered === null ? "unknown buffered" : `${formatCount(buffered)} buffered`}, {formatCount(mailbox)}{" "}
            queued
          </td>
        </tr>
        <tr>
          <td>memory</td>
          <td>{formatBytes(memoryBytes)}</td>
        </tr>
      </tbody>
    </table>
  );
}

const WORDS: Readonly<Record<StopOutput["outcome"], string>> = {
  stopped: "Stopped",
  busy: "Busy: it runs on",
  moved: "It had moved: nothing was ended",
  unknown: "Outcome not known",
};

interface EndedProps {
  readonly outcome: StopOutput;
  readonly name: string;
  readonly onDone: (outcome: StopOutput) => void;
}

/** What did not end it, told in place: nothing is tried again by itself. */
function Ended({ outcome, name, onDone }: EndedProps) {
  return (
    <Dialog title={WORDS[outcome.outcome]} sub={<Name text={name} mono />} onClose={() => onDone(outcome)}>
      <div className="dbody stop-body">
        <p className={outcome.outcome === "unknown" ? "warn bad" : "warn"}>{outcome.note}</p>
        <p className="small t2">
          {outcome.outcome === "unknown"
            ? "It is never sent again by itself. The registry of its node settles it; the history below tells how."
            : outcome.outcome === "busy"
              ? "A hot actor may never be idle. By force it can be ended, with what that loses."
              : "Look again: what was seen is not what is there."}
        </p>
      </div>
    </Dialog>
  );
}
