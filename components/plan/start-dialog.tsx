"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { parseInstant, plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { ActSub, ActTitle, Refusals, sentence } from "./act-title.tsx";
import type { PlanOutput } from "./types.ts";

type Preview = Outputs["dynflow"]["plans"]["startNowPreview"];

interface StartDialogProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Says what keeps a scheduled plan waiting and which of it a start now would override. */
export function StartDialog({ source, plan, onDone, onClose }: StartDialogProps) {
  const trpc = useTRPC();
  const [overrides, setOverrides] = useState(false);
  const preview = useQuery(trpc.dynflow.plans.startNowPreview.queryOptions({ source, planId: plan.id }));
  const start = useMutation(trpc.dynflow.plans.startNow.mutationOptions());
  const seen = preview.data;
  const refusal = useRefusal("plans:start", whyNot(seen, overrides));
  return (
    <ActDialog
      title={<ActTitle verb="Start" plan={plan} />}
      sub={<ActSub source={source} plan={plan} />}
      verb={`Start plan ${shortId(plan.id)} now`}
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        try {
          return await start.mutateAsync({
            source,
            planId: plan.id,
            expectedState: seen?.state ?? plan.state,
            expectedOverrides: overrides ? (seen?.overrides ?? []) : [],
            reason,
            requestId,
          });
        } catch (error) {
          void preview.refetch();
          throw error;
        }
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <section>
          <h3>What it waits for</h3>
          <QueryWidget query={preview} what="its delay" rows={3} columns={2}>
            {(data) => <Waits preview={data} source={source} />}
          </QueryWidget>
        </section>
        {seen !== undefined && seen.overrides.length > 0 && (
          <label className="row warn">
            <input type="checkbox" checked={overrides} onChange={(event) => setOverrides(event.target.checked)} />
            <span className="wrap">
              Start it all the same. <b>An executor that is asked looks at none of this:</b>{" "}
              {overridden(seen.overrides)}
            </span>
          </label>
        )}
        <p className="small t2 wrap">
          An executor that answers a ping plans it and executes it at once. It accepts before it looks: what becomes of
          the plan is read from its row.
        </p>
      </div>
    </ActDialog>
  );
}

const OVERRIDES_SHOWN = 3;
const PLAN_ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** The first of them, with ids as they are shown elsewhere. */
function overridden(texts: readonly string[]): string {
  const shown = texts.slice(0, OVERRIDES_SHOWN).map((text) => sentence(text.replace(PLAN_ID, shortId)));
  const more = texts.length - shown.length;
  return [...shown, ...(more > 0 ? [`And ${more} more of the kind.`] : [])].join(" ");
}

function whyNot(seen: Preview | undefined, overrides: boolean): string | null {
  if (seen === undefined) return "What it waits for is being read.";
  if (seen.refusals.length > 0) return sentence(seen.refusals.join("; "));
  return seen.overrides.length === 0 || overrides ? null : "Say that what it waits for is to be overridden.";
}

function Waits({ preview, source }: { readonly preview: Preview; readonly source: string }) {
  const { refusals, startAt, startBefore, frozen, prerequisites } = preview;
  return (
    <>
      <Refusals reasons={refusals} />
      <table className="tight" aria-label="What it waits for">
        <tbody>
          <tr>
            <td className="t2">start at</td>
            <td className="w100">
              {startAt === null ? "as soon as allowed" : <Instant at={parseInstant(startAt)} />}
              {frozen && " (frozen)"}
            </td>
          </tr>
          <tr>
            <td className="t2">start before</td>
            <td className="w100">{startBefore === null ? "no limit" : <Instant at={parseInstant(startBefore)} />}</td>
          </tr>
          {prerequisites.map(({ planId, state, result }, index) => (
            <tr key={planId}>
              <td className="t2">
                {index === 0 ? plural(prerequisites.length, "prerequisite").replace(/^\S+ /, "") : ""}
              </td>
              <td className="w100">
                <span className="row">
                  <Link href={routes.plan(source, planId)} className="mono">
                    {shortId(planId)}
                  </Link>
                  {state === null ? "is gone" : <State system="plan" word={state} />}
                  {result !== null && <State system="result" word={result} />}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
