/**
 * Folds siblings that are alike: 2,000 concurrent steps of one class are one cell that counts their states. What a person
 * looks for is never folded away: siblings with a failed step, and the one that is asked for, stand by themselves.
 */
import { type FlowTree, type FoldedFlow, type FoldedSiblings, simplifyFlow, stepIdsOf } from "./plan-flow.ts";

export interface FoldOptions {
  /** What makes two steps alike: their class. */
  readonly classOf: (stepId: number) => string;
  /** Steps that are not to be folded: failed ones, the selected one, hits of a search. */
  readonly standsOut: (stepId: number) => boolean;
  /** Keys of folds that are open. */
  readonly open: ReadonlySet<number>;
}

/** So many alike are not worth a fold. */
const FOLD_MIN = 8;
/** Of one fold at most so many stand by themselves; the others are counted in it. */
const STANDING_MAX = 24;

interface Node {
  readonly flow: FlowTree;
  readonly parts: Node[];
  /** The same for flows of the same make. */
  make: number;
  /** Id of its first step. */
  firstId: number;
  standsOut: boolean;
  folded: FoldedFlow;
}

/** The simplified flow, folded; `null` when it has no step. */
export function foldFlow(flow: FlowTree, options: FoldOptions): FoldedFlow | null {
  const simple = simplifyFlow(flow);
  if (simple === null) return null;
  const makes = createMakes();
  const nodes = nodesOf(simple);
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const node = nodes[at];
    if (node !== undefined) settle(node, makes, options);
  }
  return nodes[0]?.folded ?? null;
}

/** A number for every make, the same for alike ones. */
interface Makes {
  /** By the class itself: a text made for each of 50,000 steps would cost more than all the rest. */
  ofStep(className: string): number;
  ofFlow(text: string): number;
}

function createMakes(): Makes {
  const [steps, flows] = [new Map<string, number>(), new Map<string, number>()];
  const numbered = (known: Map<string, number>) => (text: string) => {
    const make = known.get(text) ?? steps.size + flows.size;
    known.set(text, make);
    return make;
  };
  return { ofStep: numbered(steps), ofFlow: numbered(flows) };
}

/** Every flow, those above before those below. */
function nodesOf(flow: FlowTree): readonly Node[] {
  const nodes: Node[] = [];
  const make = (of: FlowTree): Node => {
    const node: Node = { flow: of, parts: [], make: -1, firstId: 0, standsOut: false, folded: of };
    nodes.push(node);
    return node;
  };
  make(flow);
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at];
    if (node === undefined || node.flow.kind === "step") continue;
    for (const part of node.flow.flows) node.parts.push(make(part));
  }
  return nodes;
}

/** Once all its parts are settled. */
function settle(node: Node, makes: Makes, options: FoldOptions): void {
  const { flow, parts } = node;
  if (flow.kind === "step") {
    node.make = makes.ofStep(options.classOf(flow.stepId));
    node.firstId = flow.stepId;
    node.standsOut = options.standsOut(flow.stepId);
    return;
  }
  node.make = makes.ofFlow(`${flow.kind} ${runLengths(parts)}`);
  node.firstId = parts[0]?.firstId ?? 0;
  node.standsOut = parts.some((part) => part.standsOut);
  const inSequence = flow.kind === "sequence";
  const flows = groupsOf(parts, inSequence).flatMap((group) => foldGroup(group, inSequence, options));
  const [only] = flows;
  node.folded = only !== undefined && flows.length === 1 ? only : { kind: flow.kind, flows };
}

/** `3x7 12x1`: seven of make 3, then one of make 12. */
function runLengths(parts: readonly Node[]): string {
  const runs: string[] = [];
  let count = 0;
  for (const [index, part] of parts.entries()) {
    count += 1;
    if (parts[index + 1]?.make === part.make) continue;
    runs.push(`${part.make}x${count}`);
    count = 0;
  }
  return runs.join(" ");
}

/** Parts that may stand as one: neighbours of one make in a sequence, all of one make in a concurrence. */
function groupsOf(parts: readonly Node[], inSequence: boolean): readonly (readonly Node[])[] {
  const groups: Node[][] = [];
  const byMake = new Map<number, Node[]>();
  for (const part of parts) {
    const group = inSequence ? groups.at(-1) : byMake.get(part.make);
    if (group !== undefined && group[0]?.make === part.make) group.push(part);
    else {
      const begun = [part];
      groups.push(begun);
      byMake.set(part.make, begun);
    }
  }
  return groups;
}

function foldGroup(group: readonly Node[], inSequence: boolean, options: FoldOptions): readonly FoldedFlow[] {
  const key = group[0]?.firstId ?? 0;
  if (group.length < FOLD_MIN || options.open.has(key)) return group.map((part) => part.folded);
  // In a sequence what stands by itself would stand at another place than it runs.
  if (inSequence) return foldRuns(group);
  const standing = new Set(group.filter((part) => part.standsOut).slice(0, STANDING_MAX));
  const rest = group.filter((part) => !standing.has(part));
  if (rest.length < FOLD_MIN) return group.map((part) => part.folded);
  return [...[...standing].map((part) => part.folded), foldOf(rest, key, false)];
}

/** Stretches between those that stand out; a stretch too short to fold stays as it is. */
function foldRuns(group: readonly Node[]): readonly FoldedFlow[] {
  const flows: FoldedFlow[] = [];
  let run: Node[] = [];
  let standing = 0;
  const end = (): void => {
    if (run.length < FOLD_MIN) for (const part of run) flows.push(part.folded);
    else flows.push(foldOf(run, run[0]?.firstId ?? 0, true));
    run = [];
  };
  for (const part of group) {
    if (!part.standsOut || standing >= STANDING_MAX) {
      run.push(part);
      continue;
    }
    standing += 1;
    end();
    flows.push(part.folded);
  }
  end();
  return flows;
}

const foldOf = (parts: readonly Node[], key: number, inSequence: boolean): FoldedSiblings => ({
  kind: "fold",
  key,
  count: parts.length,
  stepIds: parts.flatMap((part) => stepIdsOf(part.flow)),
  inSequence,
});
