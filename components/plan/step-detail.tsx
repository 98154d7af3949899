"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatNumber, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Faults, QueryWidget } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import { ErrorView } from "./error-view.tsx";
import { MASKED_TEXT } from "./masked-text.ts";
import { PayloadSection } from "./payload-view.tsx";
import "./payload.css";
import type { PlanActEntry } from "./plan-acts.tsx";
import { stepSeconds } from "./step-words.ts";
import type { ActionOutput, StepView } from "./types.ts";

const ChunksView = onDemand(async () => (await import("./chunks-view.tsx")).ChunksView);

interface StepDetailProps {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
  readonly step: StepView | undefined;
  readonly failures: number;
  readonly onNextFailure: () => void;
  /** What can be done to the plan: those that are about this step are offered here too. */
  readonly acts?: readonly PlanActEntry[];
}

/** One step: its error first, then when and where it ran, then its action's input and output. Read only while shown. */
export function StepDetail({ source, planId, stepId, step, failures, onNextFailure, acts = [] }: StepDetailProps) {
  const trpc = useTRPC();
  const past = useIsPast();
  const query = useQuery(trpc.dynflow.plans.action.queryOptions({ source, planId, stepId }));
  return (
    <Section
      className="det"
      title={`Step ${stepId}${step === undefined ? "" : `, ${step.phase}`}`}
      note={step !== undefined && <ClassName name={step.actionClass} />}
      aside={
        <span className="row">
          {step !== undefined && <StepActs step={step} acts={acts} />}
          {failures > 1 && (
            <button type="button" className="btn-plain" onClick={onNextFailure} aria-keyshortcuts="N">
              <span aria-hidden="true">
                <kbd>N</kbd>
              </span>{" "}
              next failure of {failures}
            </button>
          )}
        </span>
      }
    >
      <QueryWidget query={query} what={`step ${stepId}`} rows={8} columns={2}>
        {(action) =>
          past && step !== undefined && !isAsStored(step, action.step) ? (
            <StepThen step={step} />
          ) : (
            <>
              <OnlyNow>Error, input and output: shown as stored now. The step has not run again since.</OnlyNow>
              <ActionFacts action={action} source={source} planId={planId} />
            </>
          )
        }
      </QueryWidget>
    </Section>
  );
}

const OPEN: ReadonlySet<string> = new Set(["running", "suspended"]);

/** A failed step can be skipped, an open one cancelled; on others there is nothing to do. */
function StepActs({ step, acts }: { readonly step: StepView; readonly acts: readonly PlanActEntry[] }) {
  const wanted =
    step.phase === "plan" ? null : step.state === "error" ? "skip" : OPEN.has(step.state) ? "cancel-step" : null;
  const entry = acts.find(({ act }) => act === wanted);
  if (entry === undefined) return null;
  return (
    <Button small shortcut={entry.shortcut} refusal={entry.refusal} onPress={() => void entry.open()}>
      {wanted === "skip" ? "Skip step…" : "Cancel step…"}
    </Button>
  );
}

/** Whether the step has not moved since the instant that is shown: then what is stored of it is of then. */
const isAsStored = (then: StepView, now: StepView): boolean => then.endedAt !== null && then.state === now.state;

/** The step as of an instant after which it went on: what it held then is not kept. */
function StepThen({ step }: { readonly step: StepView }) {
  return (
    <>
      <p className="det-state">
        <State system="step" word={step.state} />
      </p>
      <OnlyNow>
        Its error, input and output: it went on after this instant, and only what it holds now is stored.
      </OnlyNow>
      <StepFacts step={step} />
    </>
  );
}

function ActionFacts({ action, source, planId }: { action: ActionOutput; source: string; planId: string }) {
  const { step, error } = action;
  const ended = parseInstant(step.endedAt);
  return (
    <>
      <Faults faults={action.faults} />
      {error === null ? (
        <p className="det-state">
          <State system="step" word={step.state} />
        </p>
      ) : (
        <ErrorView
          key={`error ${planId} ${step.id}`}
          source={source}
          planId={planId}
          stepId={step.id}
          error={error}
          exceptionClass={step.exceptionClass}
          state={step.state}
          at={ended}
        />
      )}
      <StepFacts step={step} />
      <p className="small step-acts">
        <Link className="plain" href={routes.plan(source, planId, { tab: "compare", step: step.id })}>
          Compare with…
        </Link>
        <OutLinks on="dynflow.step" values={{ source, planId, stepId: String(step.id) }} />
      </p>
      <PayloadSection
        key={`input ${planId} ${step.id}`}
        title="Input"
        payload={action.input}
        bytes={action.inputBytes}
        source={source}
        planId={planId}
        part={(place) => ({ kind: "input", stepId: step.id, place: [...place] })}
        cell={{ row: "action", id: step.actionId, column: "input" }}
      />
      <PayloadSection
        key={`output ${planId} ${step.id}`}
        title="Output"
        payload={action.output}
        bytes={action.outputBytes}
        source={source}
        planId={planId}
        part={(place) => ({ kind: "output", stepId: step.id, place: [...place] })}
        cell={{ row: "action", id: step.actionId, column: "output" }}
      />
      <Chunks key={`chunks ${planId} ${step.id}`} action={action} source={source} planId={planId} />
    </>
  );
}

function StepFacts({ step }: { readonly step: StepView }) {
  const facts = [
    {
      name: "started",
      value: <Instant at={parseInstant(step.startedAt)} form="ms" />,
      source: (
        <>
          ended <Instant at={parseInstant(step.endedAt)} form="ms" />
        </>
      ),
    },
    {
      name: "took",
      value: stepSeconds(step, step.realTimeSec),
      source: `ran ${stepSeconds(step, step.executionTimeSec)}`,
    },
    { name: "action", value: String(step.actionId), source: step.queue === null ? "no queue" : `queue ${step.queue}` },
    ...(step.progressDone === null
      ? []
      : [
          {
            name: "progress",
            value: formatNumber(step.progressDone),
            source: `weight ${step.progressWeight === null ? "–" : formatNumber(step.progressWeight, 1)}`,
          },
        ]),
    ...(step.unreadable === null ? [] : [{ name: "unreadable", value: step.unreadable, wrap: true }]),
  ];
  return <Facts facts={facts} wide />;
}

/** Read only when they are opened: there may be ten thousand. */
function Chunks({ action, source, planId }: { action: ActionOutput; source: string; planId: string }) {
  const [open, setOpen] = useState(false);
  const { chunks, chunksCut, step } = action;
  if (isMasked(chunks))
    return (
      <p className="small t3">
        Output chunks: <span className="unk">{MASKED_TEXT}</span>
      </p>
    );
  if (chunks.length === 0) return null;
  return (
    <details className="io" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b className="med">Output chunks</b>{" "}
        <span className="small t3">{chunksCut ? `more than ${chunks.length}` : chunks.length}</span>
      </summary>
      {open && <ChunksView source={source} planId={planId} stepId={step.id} running={isMoving(step.state)} />}
    </details>
  );
}

const isMoving = (state: string): boolean => state === "running" || state === "suspended";
