/** Plans that wait for each other as a mermaid flowchart: what comes first at the left. Pure. */
import {
  cutLabel,
  type Diagram,
  type DiagramMarks,
  escapeMermaid,
  placeholder,
} from "#components/lifecycle/diagram.ts";
import { shortId } from "#components/ui/format.ts";
import type { DependenciesOutput, DependencyPlan } from "#server/contract/wire/dynflow-plan-parts.ts";
import { shortClass } from "./step-words.ts";

/** More are shown as lists only. */
export const DEPENDENCY_NODES_MAX = 60;

const nameOf = ({ id, label, rootActionClass }: DependencyPlan): string => {
  const name = label ?? rootActionClass;
  return cutLabel(name === null ? shortId(id) : `${shortClass(name)} ${shortId(id)}`);
};

/** Names are set afterwards, as text: the source holds ids of ours and placeholders only. */
export function dependencyDiagram({ plans, edges }: Pick<DependenciesOutput, "plans" | "edges">): Diagram {
  const nodes = plans.map((plan, index) => ({ id: `n${index}`, key: plan.id, label: nameOf(plan) }));
  const idOf = new Map(nodes.map(({ id, key }) => [key, id]));
  const drawn = edges.flatMap(({ waiting, prerequisite, circle }) => {
    const from = idOf.get(prerequisite);
    const to = idOf.get(waiting);
    return from === undefined || to === undefined ? [] : [{ from, to, circle, key: `${prerequisite} ${waiting}` }];
  });
  const write = (word: (label: string) => string): string =>
    [
      "flowchart LR",
      ...nodes.map(({ id, label }) => `  ${id}["${word(label)}"]`),
      ...drawn.map(({ from, to, circle }, index) => `  ${from} e${index}@${circle ? "-.->" : "-->"} ${to}`),
      "",
    ].join("\n");
  return {
    title: "Dependencies",
    nodes,
    edges: drawn.map(({ from, to, key }, index) => ({ id: `e${index}`, key, from, to, label: "" })),
    source: write(placeholder),
    text: write(escapeMermaid),
  };
}

/** The plan itself is where one is; what is behind it is passed. */
export function dependencyMarks({ plans, edges }: Pick<DependenciesOutput, "plans" | "edges">): DiagramMarks {
  const self = plans.filter(({ side }) => side === "self").map(({ id }) => id);
  const passed = plans.filter(({ side, standing }) => side !== "self" && standing === "satisfied").map(({ id }) => id);
  const over = new Set(passed);
  const live = edges.filter(({ prerequisite }) => over.has(prerequisite));
  return { now: self, passed, live: live.map(({ waiting, prerequisite }) => `${prerequisite} ${waiting}`), notes: {} };
}
