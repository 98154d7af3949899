"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { parseInstant, plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Instant } from "#components/ui/time.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Refusals, sentence } from "./act-title.tsx";
import { Consent, PlanActDialog, type PlanActDialogOwn } from "./plan-act-dialog.tsx";

type Preview = Outputs["dynflow"]["plans"]["startNowPreview"];

/** Says what keeps a scheduled plan waiting and which of it a start now would override. */
export function StartDialog({ source, plan, onDone, onClose }: PlanActDialogOwn) {
  const trpc = useTRPC();
  const [overrides, setOverrides] = useState(false);
  const preview = useQuery(trpc.dynflow.plans.startNowPreview.queryOptions({ source, planId: plan.id }));
  const start = useMutation(trpc.dynflow.plans.startNow.mutationOptions());
  const toOverride = preview.data?.overrides ?? [];
  return (
    <PlanActDialog
      source={source}
      plan={plan}
      does="Start"
      verb={`Start plan ${shortId(plan.id)} now`}
      permission="plans:start"
      preview={preview}
      heading="What it waits for"
      what="its delay"
      columns={2}
      reading="What it waits for is being read."
      whyNot={(seen) =>
        seen.overrides.length === 0 || overrides ? null : "Say that what it waits for is to be overridden."
      }
      onAct={({ reason, requestId }, seen) =>
        start.mutateAsync({
          source,
          planId: plan.id,
          expectedState: seen.state,
          expectedOverrides: overrides ? seen.overrides : [],
          reason,
          requestId,
        })
      }
      touched={(seen) => <Waits preview={seen} source={source} />}
      onDone={onDone}
      onClose={onClose}
    >
      {toOverride.length > 0 && (
        <Consent given={overrides} onGive={setOverrides}>
          Start it all the same. <b>An executor that is asked looks at none of this:</b> {overridden(toOverride)}
        </Consent>
      )}
      <p className="small t2 wrap">
        An executor that answers a ping plans it and executes it at once. It accepts before it looks: what becomes of
        the plan is read from its row.
      </p>
    </PlanActDialog>
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
