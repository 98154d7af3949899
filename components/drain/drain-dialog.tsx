"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { Button } from "#components/ui/button.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { plural } from "#components/ui/format.ts";
import { Id } from "#components/ui/ident.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useOpenApproval } from "#components/ui/second-person.ts";
import { useRefusal, useSession } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure, Skeleton } from "#components/ui/widget.tsx";
import type { DrainStep } from "#server/contract/drain.ts";
import { DRAIN_RULES } from "#server/contract/drain-rules.ts";
import type { DrainView } from "#server/contract/wire/dna-drain.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { StepList } from "./step-list.tsx";

const FailoverDialog = onDemand(() =>
  import("#components/failover/failover-dialog.tsx").then((module) => module.FailoverDialog),
);
const StopManyDialog = onDemand(() =>
  import("#components/actors/stop-many-dialog.tsx").then((module) => module.StopManyDialog),
);

const EVERY_MS = 5_000;

export type DrainWay = "do" | "skip" | "force";
/** What was pressed: a step of the list, or what a step is done with. */
export type DrainAsked =
  | { readonly kind: "step"; readonly step: DrainStep; readonly how: DrainWay }
  | { readonly kind: "stop-actors" | "fail-over" | "abandon" };

interface DrainDialogProps {
  readonly source: string;
  readonly incarnation: string;
  readonly onClose: () => void;
}

/** The list of steps. It is kept in the journal: it can be closed, and gone on with by anybody. */
export function DrainDialog({ source, incarnation, onClose }: DrainDialogProps) {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const [asked, setAsked] = useState<DrainAsked | null>(null);
  const query = useQuery(trpc.dna.drain.get.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS }));
  const drain = query.data;
  const permission = useRefusal("dna:nodes");
  const back = () => {
    setAsked(null);
    void cache.invalidateQueries(trpc.dna.drain.pathFilter());
  };
  if (asked !== null && drain !== undefined)
    return <Asked asked={asked} source={source} drain={drain} onBack={back} onClose={onClose} />;
  return (
    <Dialog
      wide
      title="Drain and stop a node"
      sub={drain === undefined ? <Id id={incarnation} form="incarnation" /> : <Id id={drain.node} form="whole" />}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <p className="t2">
          DNA has no drain flag: other nodes send work here until the VM stops, so this is a list of what works. Each
          step is looked at before the next is offered.
        </p>
        {query.error !== null && drain === undefined && <Failure title="Cannot read the list" error={query.error} />}
        {drain === undefined && query.error === null && <Skeleton rows={7} what="the list" />}
        {drain !== undefined && <Steps drain={drain} permission={permission} onAsk={setAsked} />}
      </div>
    </Dialog>
  );
}

interface StepsProps {
  readonly drain: DrainView;
  readonly permission: string | null;
  readonly onAsk: (asked: DrainAsked) => void;
}

function Steps({ drain, permission, onAsk }: StepsProps) {
  const over = drain.steps.every(({ state }) => state === "done" || state === "skipped");
  return (
    <>
      <p className="small t3">
        {drain.since === null ? (
          "Not begun."
        ) : (
          <>
            Begun <Instant at={Date.parse(drain.since) as EpochMs} />.
          </>
        )}{" "}
        {drain.running !== null && `${plural(drain.running, "actor")} running.`} {over && "Every step is done."}
      </p>
      <StepList drain={drain} permission={permission} onAsk={onAsk} />
      {drain.since !== null && (
        <p>
          <Button small refusal={permission} onPress={() => onAsk({ kind: "abandon" })}>
            {over ? "Put the list away…" : "Abandon the list…"}
          </Button>
        </p>
      )}
    </>
  );
}

interface AskedProps {
  readonly asked: DrainAsked;
  readonly source: string;
  readonly drain: DrainView;
  readonly onBack: () => void;
  readonly onClose: () => void;
}

function Asked({ asked, source, drain, onBack, onClose }: AskedProps) {
  const { incarnation, node } = drain;
  switch (asked.kind) {
    case "stop-actors":
      return <StopManyDialog target={{ source, incarnation, partition: null, type: null }} onClose={onBack} />;
    case "fail-over":
      return <FailoverDialog source={source} incarnation={incarnation} onClose={onBack} />;
    case "abandon":
      return <Abandon source={source} incarnation={incarnation} node={node} onDone={onClose} onClose={onBack} />;
    case "step":
      return <Advance step={asked.step} how={asked.how} source={source} drain={drain} onBack={onBack} />;
  }
}

interface AdvanceProps {
  readonly step: DrainStep;
  readonly how: DrainWay;
  readonly source: string;
  readonly drain: DrainView;
  readonly onBack: () => void;
}

function Advance({ step, how, source, drain, onBack }: AdvanceProps) {
  const trpc = useTRPC();
  const advance = useMutation(trpc.dna.drain.advance.mutationOptions());
  const { incarnation, node, running } = drain;
  const rule = DRAIN_RULES[step];
  const stops = step === "stop_vm";
  const now = drain.steps.find((each) => each.step === step);
  const about = { action: "dna.drain.stopVm", stream: `dna:${source}`, target: incarnation } as const;
  const agreed = useOpenApproval(stops ? about : null);
  const takesTwo = useSession()?.secondPerson === true;
  const expectedRunning = stops && takesTwo ? runningAtMost(running, agreed?.terms?.expectedRunning) : running;
  const terms = { step, how, expectedNode: node, expectedRunning };
  const refusal = useRefusal("dna:nodes", how === "skip" ? null : (now?.refusal ?? null));
  return (
    <ActDialog
      title={how === "skip" ? `Leave out: ${rule.title.toLowerCase()}` : rule.title}
      sub={<Id id={node} form="whole" />}
      verb={verbOf(step, how)}
      typed={stops ? node : null}
      refusal={refusal}
      approval={stops ? { ...about, terms } : null}
      onAct={({ reason, requestId }) => advance.mutateAsync({ source, incarnation, ...terms, reason, requestId })}
      onDone={onBack}
      onClose={onBack}
    >
      <div className="dbody stack-3">
        <p className="t2">{how === "skip" ? rule.skip : rule.text}</p>
        {stops && (
          <p className="warn">
            {running === null ? "How many actors run on it is not known" : `${plural(running, "actor")} run on it`}:
            whatever is buffered and queued is lost, and their callers get an error.{" "}
            {how === "force"
              ? "It is ended at once, without shutting anything down."
              : "It is asked to shut down in order; a hung VM may not obey."}
          </p>
        )}
        {step === "clear_caches" && how === "do" && (
          <p className="t2">
            {plural(drain.others.length, "node")}: each asks the database once for every key it meets next.
          </p>
        )}
        {(now?.evidence.length ?? 0) > 0 && <p className="t3 small">{now?.evidence.join(", ")}</p>}
      </div>
    </ActDialog>
  );
}

/** Actors come while somebody is asked: so many more are agreed to along with those that run. */
const MORE_BY_THEN = 20;
const MORE_SHARE = 0.2;

/** What a second person is asked about or has agreed to, as long as it still holds; else what to ask about now. */
function runningAtMost(running: number | null, agreed: unknown): number | null {
  if (agreed === null || (typeof agreed === "number" && (running === null || running <= agreed))) return agreed;
  return running === null ? null : running + Math.max(MORE_BY_THEN, Math.ceil(running * MORE_SHARE));
}

function verbOf(step: DrainStep, how: DrainWay): string {
  if (how === "skip") return "Leave it out";
  if (step === "stop_vm") return how === "force" ? "End the VM at once" : "Stop the VM";
  return DRAIN_RULES[step].verb.replace("…", "");
}

interface AbandonProps {
  readonly source: string;
  readonly incarnation: string;
  readonly node: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function Abandon({ source, incarnation, node, onDone, onClose }: AbandonProps) {
  const trpc = useTRPC();
  const abandon = useMutation(trpc.dna.drain.abandon.mutationOptions());
  return (
    <ActDialog
      title="Put the list away"
      sub={<Id id={node} form="whole" />}
      verb="Put it away"
      refusal={useRefusal("dna:nodes")}
      onAct={({ reason, requestId }) => abandon.mutateAsync({ source, incarnation, reason, requestId })}
      onDone={onDone}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="t2">
          What was done stays done and in the journal. Put the node back into the load balancer yourself, if it lives.
        </p>
      </div>
    </ActDialog>
  );
}
