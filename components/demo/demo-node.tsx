"use client";
import { Button } from "#components/ui/button.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Failure } from "#components/ui/widget.tsx";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { useScenario } from "./use-scenario.ts";

const NodeMishap = onDemand(() => import("./mishaps.tsx").then((module) => module.NodeMishap));

/** Long enough that its peers judge it dead, short enough to see it come back. */
const FREEZE_MS = 40_000;

interface DemoNodeProps {
  readonly source: string;
  readonly incarnation: string;
  readonly node: NodeFold;
}

/** Only in the demo: kill this node, freeze it, bring one of its name back. */
export function DemoNode({ source, incarnation, node }: DemoNodeProps) {
  const { shown, run, refusal } = useScenario();
  if (!shown) return null;
  const dead = node.state === "gone" || node.state === "silent";
  return (
    <div className="demo-box">
      <p className="small t3">Demo: what may happen to it</p>
      <p className="row wrap-row">
        <Button
          small
          refusal={refusal ?? (dead ? "It is dead already." : null)}
          onPress={() => run.mutate({ scenario: "killNode", source, incarnation })}
        >
          Kill it
        </Button>
        <Button
          small
          refusal={refusal ?? (dead ? "It is dead already." : null)}
          onPress={() => run.mutate({ scenario: "freezeNode", source, incarnation, forMs: FREEZE_MS })}
        >
          Freeze it for 40 s
        </Button>
        <Button
          small
          refusal={refusal ?? (dead ? null : "It is there.")}
          onPress={() => run.mutate({ scenario: "bringBack", source, node: node.node })}
        >
          Bring it back
        </Button>
      </p>
      <div role="status">{run.data !== undefined && <p className="small t2">{run.data.done}</p>}</div>
      {run.error !== null && <Failure title="Not done" error={run.error} />}
      <NodeMishap source={source} incarnation={incarnation} dead={dead} />
    </div>
  );
}
