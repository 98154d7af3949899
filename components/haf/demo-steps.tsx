"use client";
import { useId, useState } from "react";
import { useScenario } from "#components/demo/use-scenario.ts";
import { Button } from "#components/ui/button.tsx";
import { Section } from "#components/ui/section.tsx";
import { Failure } from "#components/ui/widget.tsx";

/** Steps of the recording that the demo replays. */
const STEPS = 24;

/** Only in the demo: which step of the recording the stack is at. */
export function DemoSteps({ source }: { readonly source: string }) {
  const { shown, run, refusal } = useScenario();
  const [step, setStep] = useState(1);
  const label = useId();
  if (!shown) return null;
  return (
    <Section title="Demo" note="this stack is a recording of 24 steps" className="haf-sec">
      <p className="row wrap-row haf-demo">
        <label id={label} className="small">
          Step
          <select className="field" value={step} onChange={(event) => setStep(Number(event.target.value))}>
            {Array.from({ length: STEPS }, (_, index) => (
              <option key={STEP_NAMES[index] ?? index} value={index + 1}>
                {index + 1} {STEP_NAMES[index]}
              </option>
            ))}
          </select>
        </label>
        <Button small refusal={refusal} onPress={() => run.mutate({ scenario: "hafStep", source, step })}>
          Hold at this step
        </Button>
        <Button small refusal={refusal} onPress={() => run.mutate({ scenario: "hafPlay", source })}>
          Play on
        </Button>
      </p>
      <p className="small t2" role="status">
        {run.data?.done}
      </p>
      {run.error !== null && <Failure title="Not done" error={run.error} />}
    </Section>
  );
}

const STEP_NAMES = [
  "database installed",
  "hived connected, waiting",
  "replay: indexes dropped",
  "replay at 3000",
  "replay at 9000",
  "from peers at 12000",
  "set-up of app1",
  "set-up of app2",
  "set-up of app3",
  "app1 registers an index",
  "app1 waits for HAF",
  "indexes are being created",
  "indexes restored",
  "live",
  "apps in batches at 3000",
  "app1 caught up",
  "app1 live",
  "app2 live",
  "app3 live",
  "fork switched",
  "apps followed the fork",
  "app1 silent for 5 h",
  "app1 detached",
  "app3 removed",
] as const;
