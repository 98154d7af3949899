/**
 * Where the steps of a flow stand on the screen, in closed form: flows are series-parallel, so one pass up gives the
 * sizes and one pass down the places, without any search. 100,000 steps take milliseconds, and as no pass is recursive
 * neither depth nor width is bounded by a stack.
 *
 * A step is one cell. In a sequence widths add and the height is the greatest; in a concurrence heights add and the
 * width is the greatest plus a fork at each end. The first branch of a concurrence stays on the incoming line.
 */

/** A flow as a tree; the same shape as on the wire. */
export type FlowTree =
  | { readonly kind: "step"; readonly stepId: number }
  | { readonly kind: "sequence"; readonly flows: readonly FlowTree[] }
  | { readonly kind: "concurrence"; readonly flows: readonly FlowTree[] };

/** A flow in which alike siblings may stand as one cell. */
export type FoldedFlow =
  | { readonly kind: "step"; readonly stepId: number }
  | { readonly kind: "sequence"; readonly flows: readonly FoldedFlow[] }
  | { readonly kind: "concurrence"; readonly flows: readonly FoldedFlow[] }
  | FoldedSiblings;

/** Siblings of one make, drawn as one cell. */
export interface FoldedSiblings {
  readonly kind: "fold";
  /** Id of the first step of the first of them: names the fold as long as the flow is the same. */
  readonly key: number;
  /** How many siblings. */
  readonly count: number;
  /** All their steps, in order. */
  readonly stepIds: readonly number[];
  /** Whether they run one after the other. */
  readonly inSequence: boolean;
}

/** In CSS pixels. */
export interface FlowMeasures {
  readonly cellWidth: number;
  readonly rowHeight: number;
  /** Width of the fork and of the join of a concurrence. */
  readonly fork: number;
  /** Length of the line before a step's mark. */
  readonly lead: number;
  /** A fold has more to say than a step. */
  readonly foldWidth: number;
}

export const FLOW_MEASURES: FlowMeasures = { cellWidth: 106, rowHeight: 54, fork: 10, lead: 12, foldWidth: 212 };

/** The middle of a step's mark; its cell is `cellWidth` wide from `x - lead` on. */
export interface PlacedStep {
  readonly stepId: number;
  readonly x: number;
  readonly y: number;
}

/** The middle of a fold's mark; its cell is `foldWidth` wide from `x - lead` on. */
export interface PlacedFold {
  readonly fold: FoldedSiblings;
  readonly x: number;
  readonly y: number;
  /** How many steps were placed before it: its place in the order of the flow. */
  readonly after: number;
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
  readonly folds: readonly PlacedFold[];
  readonly lines: readonly PlacedLine[];
}

interface Simplifying {
  readonly kind: "sequence" | "concurrence";
  readonly from: readonly FoldedFlow[];
  readonly parts: FoldedFlow[];
  next: number;
}

/**
 * The same order of execution with nothing superfluous: empty parts go, a flow of one part is that part, a sequence
 * within a sequence and a concurrence within a concurrence are one. `null` when no step is left.
 */
export function simplifyFlow(flow: FlowTree): FlowTree | null;
export function simplifyFlow(flow: FoldedFlow): FoldedFlow | null;
export function simplifyFlow(flow: FoldedFlow): FoldedFlow | null {
  if (flow.kind === "step" || flow.kind === "fold") return flow;
  const stack: Simplifying[] = [{ kind: flow.kind, from: flow.flows, parts: [], next: 0 }];
  let done: FoldedFlow | null = null;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const part = top.from[top.next];
    top.next += 1;
    if (part === undefined) {
      stack.pop();
      done = finished(top);
      const above = stack.at(-1);
      if (above !== undefined && done !== null) add(above, done);
    } else if (part.kind === "step" || part.kind === "fold") top.parts.push(part);
    else stack.push({ kind: part.kind, from: part.flows, parts: [], next: 0 });
  }
  return done;
}

function finished({ kind, parts }: Simplifying): FoldedFlow | null {
  const [only] = parts;
  if (only === undefined) return null;
  return parts.length === 1 ? only : { kind, flows: parts };
}

function add(above: Simplifying, part: FoldedFlow): void {
  if (part.kind === above.kind) for (const inner of part.flows) above.parts.push(inner);
  else above.parts.push(part);
}

/** A flow with the room it takes. */
interface Box {
  readonly flow: FoldedFlow;
  readonly parts: readonly Box[];
  width: number;
  height: number;
}

const partsOf = (flow: FoldedFlow): readonly FoldedFlow[] =>
  flow.kind === "sequence" || flow.kind === "concurrence" ? flow.flows : [];

/** Sizes from the leaves up. */
function measure(flow: FoldedFlow, measures: FlowMeasures): Box {
  const all: { readonly box: Box; readonly parts: Box[] }[] = [];
  const make = (of: FoldedFlow): Box => {
    const parts: Box[] = [];
    const box: Box = { flow: of, parts, width: 0, height: measures.rowHeight };
    all.push({ box, parts });
    return box;
  };
  const root = make(flow);
  // Parents come before their parts in this list, so from its end each is met after all of its parts.
  for (let at = 0; at < all.length; at += 1) {
    const entry = all[at];
    if (entry === undefined) break;
    for (const part of partsOf(entry.box.flow)) entry.parts.push(make(part));
  }
  for (let at = all.length - 1; at >= 0; at -= 1) {
    const entry = all[at];
    if (entry !== undefined) size(entry.box, measures);
  }
  return root;
}

function size(box: Box, measures: FlowMeasures): void {
  const { flow, parts } = box;
  if (flow.kind === "step") box.width = measures.cellWidth;
  else if (flow.kind === "fold") box.width = measures.foldWidth;
  else {
    let added = 0;
    let greatest = 0;
    const inSequence = flow.kind === "sequence";
    for (const part of parts) {
      added += inSequence ? part.width : part.height;
      greatest = Math.max(greatest, inSequence ? part.height : part.width);
    }
    box.width = inSequence ? added : greatest + 2 * measures.fork;
    box.height = inSequence ? greatest : added;
  }
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

const EMPTY: FlowLayout = { width: 0, height: 0, steps: [], folds: [], lines: [] };

/** A composed flow that is being placed. */
interface Placing {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  /** Whether the line is passed where it enters. */
  readonly passed: boolean;
  /** The next part, and where along the flow it stands. */
  next: number;
  at: number;
  /** Sequence: whether the line is passed after the part before. Concurrence: whether all parts so far are over. */
  over: boolean;
}

/** Places a flow whose first line runs at `y = top` from `x = 0` on. */
export function layoutFlow(flow: FoldedFlow, options: FlowLayoutOptions): FlowLayout {
  const { isOver, entered = true, top = 20, measures = FLOW_MEASURES } = options;
  const simple = simplifyFlow(flow);
  if (simple === null) return EMPTY;
  const { fork, lead } = measures;
  const steps: PlacedStep[] = [];
  const folds: PlacedFold[] = [];
  const lines: PlacedLine[] = [];
  const stack: Placing[] = [];

  const draw = (x1: number, y1: number, x2: number, y2: number, passed: boolean): void => {
    if (x1 !== x2 || y1 !== y2) lines.push({ x1, y1, x2, y2, passed });
  };

  /** Draws a cell; answers whether the line is passed at its right end. */
  function placeCell(box: Box, x: number, y: number, passed: boolean): boolean {
    const { flow: of } = box;
    let over = false;
    if (of.kind === "step") {
      over = isOver(of.stepId);
      steps.push({ stepId: of.stepId, x: x + lead, y });
    } else if (of.kind === "fold") {
      over = of.stepIds.every(isOver);
      folds.push({ fold: of, x: x + lead, y, after: steps.length });
    }
    draw(x, y, x + lead, y, passed);
    draw(x + lead, y, x + box.width, y, over);
    return over;
  }

  function open(box: Box, x: number, y: number, passed: boolean): void {
    const inSequence = box.flow.kind === "sequence";
    if (!inSequence) draw(x, y, x + fork, y, passed);
    stack.push({ box, x, y, passed, next: 0, at: inSequence ? x : y, over: inSequence ? passed : true });
  }

  /** After a part of `placing` that ended with the line passed or not. */
  function partDone(placing: Placing, part: Box, over: boolean): void {
    if (placing.box.flow.kind === "sequence") {
      placing.over = over;
      placing.at += part.width;
      return;
    }
    const right = placing.x + placing.box.width - fork;
    draw(placing.x + fork + part.width, placing.at, right, placing.at, over);
    placing.over &&= over;
    placing.at += part.height;
  }

  /** The fork and the join of a concurrence, once all its parts stand. */
  function close({ box, x, y, passed, at, over }: Placing): void {
    if (box.flow.kind === "sequence") return;
    const right = x + box.width - fork;
    const last = at - (box.parts.at(-1)?.height ?? 0);
    draw(x + fork, y, x + fork, last, passed);
    draw(right, y, right, last, over);
    draw(right, y, right + fork, y, over);
  }

  const root = measure(simple, measures);
  if (root.parts.length === 0) placeCell(root, 0, top, entered);
  else open(root, 0, top, entered);
  for (let placing = stack.at(-1); placing !== undefined; placing = stack.at(-1)) {
    const part = placing.box.parts[placing.next];
    if (part === undefined) {
      stack.pop();
      close(placing);
      const above = stack.at(-1);
      if (above !== undefined) partDone(above, placing.box, placing.over);
      continue;
    }
    placing.next += 1;
    const inSequence = placing.box.flow.kind === "sequence";
    const x = inSequence ? placing.at : placing.x + fork;
    const y = inSequence ? placing.y : placing.at;
    const passed = inSequence ? placing.over : placing.passed;
    if (part.parts.length > 0) open(part, x, y, passed);
    else partDone(placing, part, placeCell(part, x, y, passed));
  }
  return { width: root.width, height: root.height, steps, folds, lines };
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
  const { cellWidth, foldWidth, rowHeight, lead } = measures;
  const touches = (x: number, y: number, width: number): boolean =>
    x + width - lead >= view.x && x - lead <= right && y + rowHeight >= view.y && y - rowHeight <= bottom;
  return {
    width: layout.width,
    height: layout.height,
    steps: layout.steps.filter(({ x, y }) => touches(x, y, cellWidth)),
    folds: layout.folds.filter(({ x, y }) => touches(x, y, foldWidth)),
    lines: layout.lines.filter(({ x1, y1, x2, y2 }) => x2 >= view.x && x1 <= right && y2 >= view.y && y1 <= bottom),
  };
}

/** Ids of all steps of a flow in its order. */
export function stepIdsOf(flow: FlowTree): readonly number[] {
  const ids: number[] = [];
  const stack: FlowTree[] = [flow];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (part.kind === "step") {
      ids.push(part.stepId);
      continue;
    }
    for (let at = part.flows.length - 1; at >= 0; at -= 1) {
      const inner = part.flows[at];
      if (inner !== undefined) stack.push(inner);
    }
  }
  return ids;
}
