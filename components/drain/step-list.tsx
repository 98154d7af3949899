"use client";
import { Button } from "#components/ui/button.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { Instant } from "#components/ui/time.tsx";
import { DRAIN_RULES } from "#server/contract/drain-rules.ts";
import type { DrainView } from "#server/contract/wire/dna-drain.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Tone } from "#server/kernel/states.ts";
import type { DrainAsked } from "./drain-dialog.tsx";
import "./drain.css";

type Step = DrainView["steps"][number];

const TONES: Readonly<Record<Step["state"], Tone>> = {
  done: "good",
  skipped: "idle",
  open: "attention",
  later: "queued",
};
const WORDS: Readonly<Record<Step["state"], string>> = {
  done: "done",
  skipped: "left out",
  open: "open",
  later: "later",
};

interface StepListProps {
  readonly drain: DrainView;
  /** Why nothing may be done here at all; `null` = it may. */
  readonly permission: string | null;
  readonly onAsk: (asked: DrainAsked) => void;
}

/** Every step with where it stands; the open one with what can be done. */
export function StepList({ drain, permission, onAsk }: StepListProps) {
  return (
    <ol className="drain" aria-label="Steps">
      {drain.steps.map((step, index) => (
        <li key={step.step} className={step.state} aria-current={step.state === "open" ? "step" : undefined}>
          <Glyph tone={TONES[step.state]} label={WORDS[step.state]} />
          <div>
            <b>
              {index + 1}. {DRAIN_RULES[step.step].title}
            </b>{" "}
            <span className="small t3">
              {WORDS[step.state]}
              {step.at !== null && (
                <>
                  {" "}
                  <Instant at={Date.parse(step.at) as EpochMs} />
                </>
              )}
              {step.by !== null && (
                <>
                  {" by "}
                  <bdi>{step.by}</bdi>
                </>
              )}
            </span>
            {step.state === "open" && <p className="t2">{DRAIN_RULES[step.step].text}</p>}
            {step.evidence.length > 0 && <p className="small t3 wrap">{step.evidence.join(", ")}</p>}
            {step.state === "open" && <OpenStep step={step} permission={permission} onAsk={onAsk} />}
          </div>
        </li>
      ))}
    </ol>
  );
}

interface OpenStepProps {
  readonly step: Step;
  readonly permission: string | null;
  readonly onAsk: (asked: DrainAsked) => void;
}

function OpenStep({ step: { step, refusal }, permission, onAsk }: OpenStepProps) {
  const rule = DRAIN_RULES[step];
  const why = permission ?? refusal;
  return (
    <>
      {why !== null && <p className="small">Not yet: {why}</p>}
      <div className="acts">
        {step === "stop_actors" && (
          <Button small refusal={permission} onPress={() => onAsk({ kind: "stop-actors" })}>
            Stop its actors…
          </Button>
        )}
        {step === "fail_over" && (
          <Button small refusal={permission} onPress={() => onAsk({ kind: "fail-over" })}>
            Fail over…
          </Button>
        )}
        <Button small primary={why === null} refusal={why} onPress={() => onAsk({ kind: "step", step, how: "do" })}>
          {rule.verb}
        </Button>
        {step === "stop_vm" && (
          <Button small refusal={why} onPress={() => onAsk({ kind: "step", step, how: "force" })}>
            End it at once…
          </Button>
        )}
        {rule.skip !== null && (
          <Button small refusal={permission} onPress={() => onAsk({ kind: "step", step, how: "skip" })}>
            Leave out…
          </Button>
        )}
      </div>
    </>
  );
}
