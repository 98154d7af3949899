"use client";
import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { DurationField } from "#components/ui/duration-field.tsx";
import { durationWords } from "#components/ui/durations.ts";
import { useFold } from "#components/ui/live.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { LiveState } from "#server/contract/live.ts";
import { sourceOf } from "#server/contract/view/need.ts";
import { NEED_KINDS, type NeedKind } from "#server/kernel/need-kinds.ts";

const streamsOf = ({ folds }: LiveState): string =>
  Object.entries(folds)
    .flatMap(([stream, { family }]) => (family === "operator" || family === "console" ? [] : [stream]))
    .sort()
    .join("\n");

const FIRST_MINUTES = 60;

/** What is told to nobody, of which source, for how long. */
export function SilenceDialog({ onClose }: { readonly onClose: () => void }) {
  const ids = { kind: useId(), stream: useId() };
  const streams = (useFold(streamsOf) ?? "").split("\n").filter((stream) => stream !== "");
  const [kind, setKind] = useState<NeedKind | "">("");
  const [stream, setStream] = useState("");
  const [minutes, setMinutes] = useState<number>(FIRST_MINUTES);
  const silence = useMutation(useTRPC().alerts.silence.mutationOptions());
  return (
    <ActDialog
      title="Silence alerts"
      verb={`Silence for ${durationWords(minutes)}`}
      refusal={useRefusal("alerts:silence")}
      onAct={({ reason, requestId }) =>
        silence.mutateAsync({
          kind: kind === "" ? null : kind,
          stream: stream === "" ? null : stream,
          finding: null,
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
        <div>
          <label className="fl" htmlFor={ids.kind}>
            What
          </label>
          <select
            id={ids.kind}
            className="field"
            value={kind}
            onChange={({ target }) => setKind(NEED_KINDS.find((known) => known === target.value) ?? "")}
          >
            <option value="">everything</option>
            {NEED_KINDS.map((known) => (
              <option key={known} value={known}>
                {known.replaceAll("_", " ")}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label className="fl" htmlFor={ids.stream}>
            Where
          </label>
          <select id={ids.stream} className="field" value={stream} onChange={({ target }) => setStream(target.value)}>
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
