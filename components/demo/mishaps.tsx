"use client";
import { useId, useMemo, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useFold } from "#components/ui/live.ts";
import type { Inputs } from "#components/ui/trpc.ts";
import { Failure } from "#components/ui/widget.tsx";
import type { Folds } from "#server/contract/fold/fold.ts";
import { CLUSTER_MISHAPS, NODE_MISHAPS } from "#server/contract/view/demo-mishaps.ts";
import { useScenario } from "./use-scenario.ts";

type Scenario = Inputs["demo"]["scenario"];

interface Choice {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly says: string;
}

interface NodeMishapProps {
  readonly source: string;
  readonly incarnation: string;
  /** It is dead already: nothing more can befall it. */
  readonly dead: boolean;
}

/** Only in the demo: what else may befall this node. */
export function NodeMishap({ source, incarnation, dead }: NodeMishapProps) {
  return (
    <MishapForm
      choices={NODE_MISHAPS}
      none={dead ? "It is dead already." : null}
      scenarioOf={(id) => {
        const known = NODE_MISHAPS.find((each) => each.id === id);
        return known === undefined ? null : { scenario: "nodeMishap", source, incarnation, mishap: known.id };
      }}
    />
  );
}

/** Only in the demo: what may befall a cluster or a node of it, chosen from lists. */
export function ClusterMishaps() {
  const folds = useFold((state) => state.folds);
  const clusters = useMemo(() => clustersOf(folds ?? {}), [folds]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [where, setWhere] = useState(WHOLE);
  const id = useId();
  const cluster = clusters.find(({ source }) => source === chosen) ?? clusters[0];
  if (cluster === undefined) return <p className="small t3">No cluster is read yet.</p>;
  const node = cluster.nodes.find(({ incarnation }) => incarnation === where);
  return (
    <div className="mishaps">
      <p className="row wrap-row">
        <label className="fl" htmlFor={`${id}-cluster`}>
          Where
        </label>
        <select
          id={`${id}-cluster`}
          className="field"
          value={cluster.source}
          onChange={({ target }) => {
            setChosen(target.value);
            setWhere(WHOLE);
          }}
        >
          {clusters.map(({ source }) => (
            <option key={source} value={source}>
              {source}
            </option>
          ))}
        </select>
        <select
          className="field"
          aria-label="Node"
          value={node?.incarnation ?? WHOLE}
          onChange={({ target }) => setWhere(target.value)}
        >
          <option value={WHOLE}>the whole cluster</option>
          {cluster.nodes.map(({ incarnation, name }) => (
            <option key={incarnation} value={incarnation}>
              {name}
            </option>
          ))}
        </select>
      </p>
      {node === undefined ? (
        <MishapForm
          choices={CLUSTER_MISHAPS}
          none={null}
          scenarioOf={(mishap) => {
            const known = CLUSTER_MISHAPS.find((each) => each.id === mishap);
            return known === undefined ? null : { scenario: "clusterMishap", source: cluster.source, mishap: known.id };
          }}
        />
      ) : (
        <NodeMishap source={cluster.source} incarnation={node.incarnation} dead={false} />
      )}
    </div>
  );
}

const WHOLE = "";

interface MishapFormProps {
  readonly choices: readonly Choice[];
  /** Why there is nothing to do it to; `null` = there is. */
  readonly none: string | null;
  readonly scenarioOf: (id: string) => Scenario | null;
}

function MishapForm({ choices, none, scenarioOf }: MishapFormProps) {
  const { run, refusal } = useScenario();
  const [picked, setPicked] = useState("");
  const id = useId();
  const choice = choices.find((each) => each.id === picked) ?? choices[0];
  const scenario = choice === undefined ? null : scenarioOf(choice.id);
  if (choice === undefined || scenario === null) return null;
  const groups = [...new Set(choices.map(({ group }) => group))];
  return (
    <div className="mishap">
      <p className="row wrap-row">
        <label className="fl" htmlFor={id}>
          What
        </label>
        <select id={id} className="field" value={choice.id} onChange={({ target }) => setPicked(target.value)}>
          {groups.map((group) => (
            <optgroup key={group} label={group}>
              {choices
                .filter((each) => each.group === group)
                .map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.label}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
        <Button small refusal={refusal ?? none} onPress={() => run.mutate(scenario)}>
          Let it happen
        </Button>
      </p>
      <p className="small t3">{choice.says}</p>
      <div role="status">{run.data !== undefined && <p className="small t2 wrap">{run.data.done}</p>}</div>
      {run.error !== null && <Failure title="Not done" error={run.error} />}
    </div>
  );
}

interface ClusterChoice {
  readonly source: string;
  /** Those that beat, by name. */
  readonly nodes: readonly { readonly incarnation: string; readonly name: string }[];
}

const BEATING: ReadonlySet<string> = new Set(["alive", "returned", "late"]);

function clustersOf(folds: Folds): readonly ClusterChoice[] {
  return Object.entries(folds).flatMap(([stream, fold]): readonly ClusterChoice[] => {
    if (fold.family !== "dna") return [];
    const nodes = Object.entries(fold.nodes)
      .filter(([, { state }]) => BEATING.has(state))
      .map(([incarnation, { node }]) => ({ incarnation, name: node }))
      .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    return [{ source: stream.slice(stream.indexOf(":") + 1), nodes }];
  });
}
