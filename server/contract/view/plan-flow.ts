/**
 * Where the steps of a flow stand on the screen, in closed form: flows are series-parallel, so one pass up gives the
 * sizes and one pass down the places, without any search. 100,000 steps take milliseconds.
 *
 * A step is one cell. In a sequence widths add and the height is the greatest; in a concurrence heights add and the
 * width is the greatest plus a fork at each end. The first branch of a concurrence stays on the incoming line.
 */

/** A flow as a tree; the same shape as on the wire. */
export type FlowTree =
  | { readonly kind: "step"; readonly stepId: number }
  | { readonly kind: "sequence"; readonly flows: readonly FlowTree[] }
  | { readonly kind: "concurrence"; readonly flows: readonly FlowTree[] };

/** In CSS pixels. */
export interface FlowMeasures {
  readonly cellWidth: number;
  readonly rowHeight: number;
  /** Width of the fork and of the join of a concurrence. */
  readonly fork: number;
  /** Length of the line before a step's mark. */
  readonly lead: number;
}

export const FLOW_MEASURES: FlowMeasures = { cellWidth: 106, rowHeight: 54, fork: 10, lead: 12 };

/** The middle of a step's mark; its cell is `cellWidth` wide from `x - lead` on. */
export interface PlacedStep {
  readonly stepId: number;
  readonly x: number;
  readonly y: number;
}

/** A straight piece of line, horizontal or vertical. `passed` = what is left of it has been passed. */
export interface PlacedLine {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly passed: boolean;
}

export interface FlowLayout {
  readonly width: number;
  readonly height: number;
  /** In the order of the flow, depth first. */
  readonly steps: readonly PlacedStep[];
  readonly lines: readonly PlacedLine[];
}

interface Box {
  readonly flow: FlowTree;
  readonly width: number;
  readonly height: number;
  readonly parts: readonly Box[];
}

/**
 * The same order of execution with nothing superfluous: empty parts go, a flow of one part is that part, a sequence
 * within a sequence and a concurrence within a concurrence are one. `null` when no step is left.
 */
export function simplifyFlow(flow: FlowTree): FlowTree | null {
  if (flow.kind === "step") return flow;
  const parts: FlowTree[] = [];
  for (const part of flow.flows) {
    const simple = simplifyFlow(part);
    if (simple === null) continue;
    if (simple.kind !== "step" && simple.kind === flow.kind) for (const inner of simple.flows) parts.push(inner);
    else parts.push(simple);
  }
  const [only] = parts;
  if (only === undefined) return null;
  return parts.length === 1 ? only : { kind: flow.kind, flows: parts };
}

function measure(flow: FlowTree, measures: FlowMeasures): Box {
  if (flow.kind === "step") return { flow, width: measures.cellWidth, height: measures.rowHeight, parts: [] };
  const parts = flow.flows.map((part) => measure(part, measures));
  let added = 0;
  let greatest = 0;
  const inSequence = flow.kind === "sequence";
  for (const part of parts) {
    added += inSequence ? part.width : part.height;
    greatest = Math.max(greatest, inSequence ? part.height : part.width);
  }
  return inSequence
    ? { flow, width: added, height: greatest, parts }
    : { flow, width: greatest + 2 * measures.fork, height: added, parts };
}

export interface FlowLayoutOptions {
  /** Whether a step lets the line go on: it succeeded or was skipped. */
  readonly isOver: (stepId: number) => boolean;
  /** Whether the line was passed before this flow; a finalize flow is entered when the run flow is over. */
  readonly entered?: boolean;
  /** Where the first line runs. */
  readonly top?: number;
  readonly measures?: FlowMeasures;
}

/** Places a flow whose first line runs at `y = top` from `x = 0` on. */
export function layoutFlow(flow: FlowTree, options: FlowLayoutOptions): FlowLayout {
  const { isOver, entered = true, top = 20, measures = FLOW_MEASURES } = options;
  const simple = simplifyFlow(flow);
  if (simple === null) return { width: 0, height: 0, steps: [], lines: [] };
  const steps: PlacedStep[] = [];
  const lines: PlacedLine[] = [];
  const { fork, lead } = measures;
  const draw = (x1: number, y1: number, x2: number, y2: number, passed: boolean): void => {
    if (x1 !== x2 || y1 !== y2) lines.push({ x1, y1, x2, y2, passed });
  };

  /** Draws the box from (x, y) on; answers whether the line is passed at its right end. */
  function place(box: Box, x: number, y: number, passed: boolean): boolean {
    if (box.flow.kind === "step") {
      const over = isOver(box.flow.stepId);
      draw(x, y, x + lead, y, passed);
      draw(x + lead, y, x + box.width, y, over);
      steps.push({ stepId: box.flow.stepId, x: x + lead, y });
      return over;
    }
    return box.flow.kind === "sequence" ? placeSequence(box, x, y, passed) : placeConcurrence(box, x, y, passed);
  }

  function placeSequence(box: Box, x: number, y: number, passed: boolean): boolean {
    let state = passed;
    let at = x;
    for (const part of box.parts) {
      state = place(part, at, y, state);
      at += part.width;
    }
    return state;
  }

  function placeConcurrence(box: Box, x: number, y: number, passed: boolean): boolean {
    const right = x + box.width - fork;
    draw(x, y, x + fork, y, passed);
    let at = y;
    let all = true;
    for (const part of box.parts) {
      const over = place(part, x + fork, at, passed);
      draw(x + fork + part.width, at, right, at, over);
      all &&= over;
      at += part.height;
    }
    const last = at - (box.parts.at(-1)?.height ?? 0);
    draw(x + fork, y, x + fork, last, passed);
    draw(right, y, right, last, all);
    draw(right, y, right + fork, y, all);
    return all;
  }

  const box = measure(simple, measures);
  place(box, 0, top, entered);
  return { width: box.width, height: box.height, steps, lines };
}

export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What of a layout can be seen in a viewport: everything that touches it, cell by cell. */
export function visibleFlow(layout: FlowLayout, view: Viewport, measures: FlowMeasures = FLOW_MEASURES): FlowLayout {
  const right = view.x + view.width;
  const bottom = view.y + view.height;
  const { cellWidth, rowHeight, lead } = measures;
  const steps = layout.steps.filter(
    ({ x, y }) =>
      x + cellWidth - lead >= view.x && x - lead <= right && y + rowHeight >= view.y && y - rowHeight <= bottom,
  );
  const lines = layout.lines.filter(
    ({ x1, y1, x2, y2 }) => x2 >= view.x && x1 <= right && y2 >= view.y && y1 <= bottom,
  );
  return { width: layout.width, height: layout.height, steps, lines };
}

/** Ids of all steps of a flow in its order. */
export function stepIdsOf(flow: FlowTree): readonly number[] {
  const ids: number[] = [];
  const visit = (part: FlowTree): void => {
    if (part.kind === "step") ids.push(part.stepId);
    else for (const inner of part.flows) visit(inner);
  };
  visit(flow);
  return ids;
}
