"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useDynflowFold } from "#components/plan/use-plan.ts";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { useAddress } from "#components/ui/address.ts";
import { formatCount, formatDurationMs, parseInstant, plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName } from "#components/ui/ident.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Age, Since } from "#components/ui/time.tsx";
import { type Outputs, useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { BulkVerb } from "./bulk-bar.tsx";
import type { Filter } from "./plans-query.ts";

type Preview = Outputs["dynflow"]["plans"]["bulkPreview"];

/** More plans than this take their number typed. */
const TYPED_ABOVE = 50;
const GROUPS_SHOWN = 12;

const TITLES: Readonly<Record<BulkVerb, string>> = {
  resume: "Resume plans",
  skip: "Skip the failed steps of plans",
  cancel: "Cancel plans",
  abort: "Abort plans",
  halt: "Halt plans",
};
const VERBS: Readonly<Record<BulkVerb, string>> = {
  resume: "Resume",
  skip: "Skip in",
  cancel: "Cancel",
  abort: "Abort",
  halt: "Halt",
};
const SAYS: Readonly<Record<BulkVerb, string>> = {
  resume: "Each failed step runs again, with the same input; if its cause is still there, the plan pauses again.",
  skip: "In each plan every failed step is skipped, with what needs its output; what only follows it runs. The plans stay paused: resume them afterwards.",
  cancel:
    "Each plan's open steps get a cancel, where their class is known to take one; scheduled plans never begin. What a cancel does is up to the action.",
  abort:
    "Each plan's open steps get an abort, the forced variant of a cancel, where their class is known to take one. What it does is up to the action.",
  halt: "Each plan is stopped for good, by whoever executes it. Its steps stay as they are, nothing is rescued or undone, and what is really busy goes on to its end. It can never be resumed.",
};

interface BulkDialogProps {
  readonly source: string;
  readonly verb: BulkVerb;
  readonly target: { readonly ids: readonly string[] } | { readonly filter: Filter };
  readonly onClose: () => void;
  readonly onStarted: () => void;
}

/** Looks at every plan first, says what will be touched and what is left out, then starts a job of exactly these. */
export function BulkDialog({ source, verb, target, onClose, onStarted }: BulkDialogProps) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const { go } = useAddress();
  const [rate, setRate] = useState<number | null>(null);
  const [asked] = useState(target);
  const preview = useQuery({
    queryKey: ["bulk-preview", source, verb, asked],
    queryFn: () =>
      client.dynflow.plans.bulkPreview.mutate({
        source,
        verb,
        target: "ids" in asked ? { ids: [...asked.ids] } : { filter: asked.filter },
      }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const start = useMutation(trpc.dynflow.plans.bulkStart.mutationOptions());
  const seen = preview.data;
  const plansPerSecond = rate ?? seen?.plansPerSecond.default ?? 1;
  const badRate =
    seen !== undefined && (plansPerSecond < seen.plansPerSecond.min || plansPerSecond > seen.plansPerSecond.max)
      ? `Between ${seen.plansPerSecond.min} and ${seen.plansPerSecond.max} plans a second.`
      : null;
  const refusal = useRefusal(
    "plans:bulk",
    seen === undefined ? "The plans are being looked at." : (seen.refusals[0] ?? badRate),
  );
  const total = seen?.total ?? 0;
  return (
    <ActDialog
      title={TITLES[verb]}
      sub={
        <>
          of <bdi>{source}</bdi>
          {seen !== undefined && (
            <>
              , as of <Age at={parseInstant(seen.asOf)} />
            </>
          )}
        </>
      }
      wide
      verb={`${VERBS[verb]} ${plural(total, "plan")}`}
      typed={total > TYPED_ABOVE ? String(total) : verb === "halt" ? "halt" : null}
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        const { jobId } = await start.mutateAsync({
          source,
          verb,
          token: seen?.token ?? "",
          expectedTotal: total,
          plansPerSecond,
          reason,
          requestId,
        });
        onStarted();
        go(routes.job(jobId));
      }}
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <section>
          <h3>What it will touch</h3>
          <QueryWidget query={preview} what="the plans" rows={5} columns={3}>
            {(data) => <Touched preview={data} />}
          </QueryWidget>
        </section>
        {seen !== undefined && <Moved source={source} preview={seen} onLook={() => void preview.refetch()} />}
        {seen !== undefined && total > 0 && (
          <label className="row">
            <span className="nowrap">At most</span>
            <input
              type="number"
              className="field num bulk-rate"
              min={seen.plansPerSecond.min}
              max={seen.plansPerSecond.max}
              step="any"
              value={plansPerSecond}
              onChange={(event) => setRate(event.target.valueAsNumber)}
            />
            <span>
              plans a second
              {badRate === null && `: at least ${formatDurationMs((total / plansPerSecond) * 1_000)}`}
            </span>
          </label>
        )}
        <p className="warn small t2 wrap">
          {SAYS[verb]} Each plan is read once more before it is acted on: one that has changed is left alone, and the
          job says what has.
        </p>
      </div>
    </ActDialog>
  );
}

function Touched({ preview }: { readonly preview: Preview }) {
  const { groups, refused, total, oldestStartedAt } = preview;
  return (
    <>
      <p>
        <b>{plural(total, "plan")}</b>
        {oldestStartedAt !== null && (
          <span className="t2">
            , the oldest started <Since at={parseInstant(oldestStartedAt)} /> ago
          </span>
        )}
      </p>
      {groups.length > 0 && (
        <table className="tight" aria-label="Plans by label and state">
          <tbody>
            {groups.slice(0, GROUPS_SHOWN).map(({ label, state, count }) => (
              <tr key={`${label} ${state}`}>
                <td className="num">{formatCount(count)}</td>
                <td>
                  <State system="plan" word={state} />
                </td>
                <td className="w100 trunc">
                  <ClassName name={label ?? "not planned yet"} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {groups.length > GROUPS_SHOWN && <p className="small t3">and {groups.length - GROUPS_SHOWN} more kinds</p>}
      {refused.length > 0 && <h3>Left out</h3>}
      {refused.length > 0 && (
        <table className="tight" aria-label="Plans that are left out">
          <tbody>
            {refused.map(({ reason, count, examples }) => (
              <tr key={reason}>
                <td className="num">{formatCount(count)}</td>
                <td className="wrap w100">{reason}</td>
                <td className="mono t3 p2">{examples.slice(0, 2).map(shortId).join(" ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

interface MovedProps {
  readonly source: string;
  readonly preview: Preview;
  readonly onLook: () => void;
}

/** How many of the plans are no longer as they were seen; what is gone from the unfinished ones has stopped. */
function Moved({ source, preview, onLook }: MovedProps) {
  const moved = useDynflowFold(source, (fold) =>
    preview.seen.reduce((count, [id, state]) => count + ((fold.plans[id]?.state ?? "stopped") === state ? 0 : 1), 0),
  );
  if (moved === null || moved === undefined || moved === 0) return null;
  return (
    <p className="warn row" role="status">
      <span className="wrap">
        {plural(moved, "plan")} of these {moved === 1 ? "has" : "have"} changed since: left alone, unless you look
        again.
      </span>
      <button type="button" className="btn sm" onClick={onLook}>
        Look again
      </button>
    </p>
  );
}
