"use client";
import { useState } from "react";
import { useAttention } from "#components/shell/attention-context.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Button } from "#components/ui/button.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { placeHref } from "#components/ui/places.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { isAcknowledged } from "#server/contract/view/attention.ts";
import type { Need, PlanOffer } from "#server/contract/view/need.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { type FailoverTarget, type NeedActs, NeedRow } from "./need-row.tsx";

const BulkDialog = onDemand(() => import("#components/plans/bulk-dialog.tsx").then((module) => module.BulkDialog));
const AcknowledgeDialog = onDemand(() => import("./acknowledge-dialog.tsx").then((module) => module.AcknowledgeDialog));
const ApprovalDialog = onDemand(() => import("./approval-dialog.tsx").then((module) => module.ApprovalDialog));
const ReleaseDialog = onDemand(() => import("./acknowledge-dialog.tsx").then((module) => module.ReleaseDialog));
const FailoverDialog = onDemand(() =>
  import("#components/failover/failover-dialog.tsx").then((module) => module.FailoverDialog),
);

const NUMBERED = 7;
const SHOWN_MAX = 30;

/** The findings, worst first; keys 1 to 7 open them. */
export function Needs() {
  const needs = useAttention();
  const { go } = useAddress();
  const past = useIsPast();
  const unknown = useNotKnown("dna", "dynflow", "haf", "ingest").length;
  const [asked, setAsked] = useState<Asked | null>(null);
  const [all, setAll] = useState(false);
  const waiting = (needs ?? []).filter((need) => !isAcknowledged(need));
  const held = (needs ?? []).filter(isAcknowledged);
  const shown = waiting.slice(0, all ? undefined : SHOWN_MAX);
  const open = (need: Need | undefined) => {
    if (need === undefined) return false;
    go(placeHref(need.place));
    return true;
  };
  const cursor = useRowCursor({ rows: [...shown, ...held], idOf: ({ id }) => id, onOpen: open });
  const refusal = useRefusal("attention:acknowledge");
  const acts: NeedActs = {
    failOver: (target) => setAsked({ what: "failover", target }),
    offer: (offer) => setAsked({ what: "offer", offer }),
    decide: (approvalId) => setAsked({ what: "decide", approvalId }),
    acknowledge: (need) => setAsked({ what: "acknowledge", need }),
    release: (need) => setAsked({ what: "release", need }),
  };
  const hold = () => {
    const need = [...shown, ...held].find(({ id }) => id === cursor.current);
    if (need === undefined || refusal !== null) return false;
    setAsked({ what: isAcknowledged(need) ? "release" : "acknowledge", need });
    return true;
  };
  useKeys(
    [
      ...Array.from({ length: NUMBERED }, (_, index) => ({
        keys: String(index + 1),
        does: `open finding ${index + 1}`,
        run: () => open(shown[index]),
      })),
      { keys: "H", does: "I have it, or let it go", run: hold },
    ],
    { group: "Needs a person", enabled: asked === null },
  );
  if (needs === undefined)
    return (
      <Section title="Needs a person">
        <Skeleton rows={4} what="what needs a person" />
      </Section>
    );
  return (
    <Section
      title="Needs a person"
      note="worst first: data at risk, then stuck, then late"
      aside={waiting.length > 0 ? <span className="p2">{keysNote(waiting.length)}</span> : undefined}
    >
      {waiting.length === 0 ? (
        <Empty
          title={
            unknown > 0
              ? "Nothing that is known needed a person then."
              : `Nothing ${held.length > 0 ? "else " : ""}${past ? "needed" : "needs"} a person ${past ? "then" : "now"}.`
          }
        >
          {unknown === 0 &&
            held.length === 0 &&
            "No dead node holds keys, no plan is paused, every source and every asked world answers."}
        </Empty>
      ) : (
        <ol className="needs">
          {shown.map((need, index) => (
            <NeedRow
              key={need.id}
              need={need}
              number={index < NUMBERED ? index + 1 : null}
              current={cursor.current === need.id}
              acts={acts}
            />
          ))}
        </ol>
      )}
      {waiting.length > shown.length && (
        <p className="more small t3">
          <Button small onPress={() => setAll(true)}>
            Show all {waiting.length}
          </Button>
        </p>
      )}
      {held.length > 0 && (
        <>
          <h3 className="held small t3">Taken on, silent until then</h3>
          <ol className="needs" aria-label="Taken on">
            {held.map((need) => (
              <NeedRow key={need.id} need={need} number={null} current={cursor.current === need.id} acts={acts} />
            ))}
          </ol>
        </>
      )}
      {asked !== null && <AskedDialog asked={asked} onClose={() => setAsked(null)} />}
    </Section>
  );
}

const keysNote = (count: number): string => (count === 1 ? "press 1" : `press 1 to ${Math.min(NUMBERED, count)}`);

type Asked =
  | { readonly what: "failover"; readonly target: FailoverTarget }
  | { readonly what: "offer"; readonly offer: PlanOffer }
  | { readonly what: "decide"; readonly approvalId: string }
  | { readonly what: "acknowledge" | "release"; readonly need: Need };

function AskedDialog({ asked, onClose }: { readonly asked: Asked; readonly onClose: () => void }) {
  switch (asked.what) {
    case "failover":
      return <FailoverDialog source={asked.target.source} incarnation={asked.target.incarnation} onClose={onClose} />;
    case "offer":
      return (
        <BulkDialog
          source={asked.offer.source}
          verb={asked.offer.verb}
          target={{ ids: asked.offer.planIds }}
          onClose={onClose}
          onStarted={onClose}
        />
      );
    case "decide":
      return <ApprovalDialog approvalId={asked.approvalId} onClose={onClose} />;
    case "acknowledge":
      return <AcknowledgeDialog need={asked.need} onClose={onClose} />;
    case "release":
      return <ReleaseDialog need={asked.need} onClose={onClose} />;
    default:
      return unreachable(asked);
  }
}
