"use client";
import { Button } from "#components/ui/button.tsx";
import { Failure } from "#components/ui/widget.tsx";
import { useScenario } from "./use-scenario.ts";

/** Long enough to be inactive for a while. */
const SILENT_MS = 30_000;

/** Only in the demo: kill this agent, so that it falls silent and comes back. */
export function DemoAgent({ agentId, active }: { readonly agentId: string; readonly active: boolean }) {
  const { shown, run, refusal } = useScenario();
  if (!shown) return null;
  return (
    <div className="demo-box">
      <p className="small t3">Demo: what may happen to it</p>
      <p className="row wrap-row">
        <Button
          small
          refusal={refusal ?? (active ? null : "It is silent already.")}
          onPress={() => run.mutate({ scenario: "stopAgent", agentId, forMs: SILENT_MS })}
        >
          Kill it for {SILENT_MS / 1_000} s
        </Button>
      </p>
      <div role="status">{run.data !== undefined && <p className="small t2 wrap">{run.data.done}</p>}</div>
      {run.error !== null && <Failure title="Not done" error={run.error} />}
    </div>
  );
}
