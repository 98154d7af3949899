"use client";
import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useAttention } from "#components/shell/attention-context.tsx";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { DurationField } from "#components/ui/duration-field.tsx";
import { durationWords } from "#components/ui/durations.ts";
import { useFold } from "#components/ui/live.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { LiveState } from "#server/contract/live.ts";
import { type Need, sourceOf } from "#server/contract/view/need.ts";
import { NEED_KINDS, type NeedKind } from "#server/kernel/need-kinds.ts";

const streamsOf = ({ folds }: LiveState): string =>
  Object.entries(folds)
    .flatMap(([stream, { family }]) => (family === "operator" || family === "console" ? [] : [stream]))
    .sort()
    .join("\n");

const FIRST_MINUTES = 60;
/** Findings to choose from, worst first. */
const FINDINGS_MAX = 100;

/** What is silenced: everything, what is of one kind, or one finding that is there now. */
type What =
  | { readonly is: "everything" }
  | { readonly is: "kind"; readonly kind: NeedKind }
  | { readonly is: "finding"; readonly need: Need };

function textOf(what: What): string {
  if (what.is === "everything") return "";
  return what.is === "kind" ? `kind ${what.kind}` : `finding ${what.need.id}`;
}

/** What is told to nobody, of which source, for how long. */
export function SilenceDialog({ onClose }: { readonly onClose: () => void }) {
  const whereId = useId();
  const streams = (useFold(streamsOf) ?? "").split("\n").filter((stream) => stream !== "");
  const [what, setWhat] = useState<What>({ is: "everything" });
  const [where, setWhere] = useState("");
  const stream = what.is === "finding" ? what.need.stream : where;
  const [minutes, setMinutes] = useState<number>(FIRST_MINUTES);
  const silence = useMutation(useTRPC().alerts.silence.mutationOptions());
  return (
    <ActDialog
      title="Silence alerts"
      verb={`Silence for ${durationWords(minutes)}`}
      refusal={useRefusal("alerts:silence")}
      onAct={({ reason, requestId }) =>
        silence.mutateAsync({
          kind: what.is === "kind" ? what.kind : null,
          stream: stream === "" ? null : stream,
          finding: what.is === "finding" ? what.need.id : null,
          minutes,
          reason,
          requestId,
        })
      }
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2">
          Nobody is told of what begins or becomes worse meanwhile. What was told already is still told when it is over,
          and every screen shows everything as before.
        </p>
        <WhatField what={what} onWhat={setWhat} />
        <div>
          <label className="fl" htmlFor={whereId}>
            Where
          </label>
          <select
            id={whereId}
            className="field"
            value={stream}
            disabled={what.is === "finding"}
            onChange={({ target }) => setWhere(target.value)}
          >
            <option value="">every source</option>
            {streams.map((each) => (
              <option key={each} value={each}>
                {sourceOf(each)}
              </option>
            ))}
          </select>
        </div>
        <DurationField minutes={minutes} onMinutes={setMinutes} />
      </div>
    </ActDialog>
  );
}

function WhatField({ what, onWhat }: { readonly what: What; readonly onWhat: (what: What) => void }) {
  const id = useId();
  const there = (useAttention() ?? []).slice(0, FINDINGS_MAX);
  // One that is over meanwhile stays chosen: it may come back.
  const over = what.is === "finding" && !there.some((need) => need.id === what.need.id) ? [what.need] : [];
  const findings = [...over, ...there];
  const choose = (value: string) => {
    const kind = NEED_KINDS.find((known) => value === `kind ${known}`);
    const need = findings.find((one) => value === `finding ${one.id}`);
    if (need !== undefined) onWhat({ is: "finding", need });
    else onWhat(kind === undefined ? { is: "everything" } : { is: "kind", kind });
  };
  return (
    <div>
      <label className="fl" htmlFor={id}>
        What
      </label>
      <select id={id} className="field" value={textOf(what)} onChange={({ target }) => choose(target.value)}>
        <option value="">everything</option>
        <optgroup label="All of one kind">
          {NEED_KINDS.map((known) => (
            <option key={known} value={`kind ${known}`}>
              {known.replaceAll("_", " ")}
            </option>
          ))}
        </optgroup>
        {findings.length > 0 && (
          <optgroup label="One that is there now">
            {findings.map((need) => (
              <option key={need.id} value={`finding ${need.id}`}>
                {sourceOf(need.stream)}: {need.title}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </div>
  );
}
