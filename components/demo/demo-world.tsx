"use client";
import { Button } from "#components/ui/button.tsx";
import { Failure } from "#components/ui/widget.tsx";
import { useScenario } from "./use-scenario.ts";

interface DemoWorldProps {
  readonly source: string;
  readonly worldId: string;
  readonly executor: boolean;
}

/** Only in the demo: kill this executor in the midst of its plans. */
export function DemoWorld({ source, worldId, executor }: DemoWorldProps) {
  const { shown, run, refusal } = useScenario();
  if (!shown || !executor) return null;
  return (
    <div className="demo-box">
      <p className="small t3">Demo: what may happen to it</p>
      <p className="row wrap-row">
        <Button small refusal={refusal} onPress={() => run.mutate({ scenario: "killWorld", source, worldId })}>
          Kill it
        </Button>
      </p>
      <div role="status">{run.data !== undefined && <p className="small t2 wrap">{run.data.done}</p>}</div>
      {run.error !== null && <Failure title="Not done" error={run.error} />}
    </div>
  );
}
