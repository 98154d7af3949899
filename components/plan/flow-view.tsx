"use client";
import { useCallback, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useChanged } from "#components/time-travel/changed.ts";
import { useNow } from "#components/ui/live.ts";
import { FLOW_MEASURES, type FlowTree, layoutFlow, stepIdsOf, visibleFlow } from "#server/contract/view/plan-flow.ts";
import { foldFlow } from "#server/contract/view/plan-flow-fold.ts";
import { CELL_ABOVE, indexFlow, type PlacedCell } from "#server/contract/view/plan-flow-index.ts";
import { FlowCanvas } from "./flow-canvas.tsx";
import { Fold, Line, Step } from "./flow-cells.tsx";
import { foldCell, isMove, nextCell, zoomOf } from "./flow-moves.ts";
import { cellWords, type FlowScene, type FoldWords, foldWords } from "./flow-scene.ts";
import { FlowStrip } from "./flow-strip.tsx";
import { isOver } from "./step-words.ts";
import type { StepView } from "./types.ts";
import { useFlowPointer } from "./use-flow-pointer.ts";
import { useViewport } from "./use-viewport.ts";

const TOP = 22;
/** Of the last row nothing is drawn in so much of its lower end. */
const BELOW = 16;
/** More cells than this, or another scale than that of the page, are painted: so a flow is a few hundred elements at most. */
const DRAWN_CELLS_MAX = 60;
/** A flow of so few steps needs no overview. */
const STRIP_STEPS_MIN = 24;
const { rowHeight, lead } = FLOW_MEASURES;

export const NO_HITS: ReadonlySet<number> = new Set();
const NO_PATH: readonly number[] = [];

interface FlowViewProps {
  /** `Run flow`: said by screen readers. */
  readonly title: string;
  readonly flow: FlowTree;
  /** Whether what comes before it is over. */
  readonly entered: boolean;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** Steps that a search found. */
  readonly hits?: ReadonlySet<number>;
  /** Steps of the critical path, in order. */
  readonly critical?: readonly number[];
  /** Keys of folds that are open, and what opens one more. */
  readonly open?: ReadonlySet<number>;
  readonly onOpen?: (key: number) => void;
  /** 1 = as large as the page writes. */
  readonly scale?: number;
  readonly onScale?: (scale: number) => void;
}

const NONE_OPEN: ReadonlySet<number> = new Set();
const nothing = (): void => undefined;

/** A flow drawn as lines and marks; what is large or zoomed is painted, so 100,000 steps scroll like ten. */
export function FlowView(props: FlowViewProps) {
  const { title, flow, entered, selected, onSelect, hits = NO_HITS, critical = NO_PATH } = props;
  const { open = NONE_OPEN, onOpen = nothing, scale = 1, onScale = nothing } = props;
  const steps = useDeferredValue(props.steps);
  const [box, view] = useViewport<HTMLDivElement>();
  const [cursor, setCursor] = useState<number | null>(null);
  const index = useFlowIndex({ flow, entered, steps, selected, open });
  const order = useMemo(() => stepIdsOf(flow), [flow]);
  const changed = useChanged();
  const failed = useMemo(() => order.filter((id) => steps.get(id)?.state === "error").length, [order, steps]);
  const words = useFoldWords(steps);
  const running = useMemo(() => order.some((id) => steps.get(id)?.state === "running"), [order, steps]);
  const scene = useMemo<FlowScene>(
    () => ({ index, steps, selected, cursor, hits, critical, changed, nowMs: null, foldOf: words }),
    [index, steps, selected, cursor, hits, critical, changed, words],
  );

  const Canvas = running ? TickingCanvas : FlowCanvas;
  const painted = scale !== 1 || index.order.length > DRAWN_CELLS_MAX;
  const width = (index.layout.width + 4) * scale;
  const height = (index.layout.height + TOP - BELOW) * scale;
  const cell = cursor === null ? (selected === null ? null : index.cellOf(selected)) : foldCell(index.order, cursor);
  useInView(box, cell, scale);
  useKeptCentre(box, scale);

  const choose = useCallback(
    (chosen: PlacedCell) => {
      if (chosen.kind === "fold") return setCursor(chosen.fold.fold.key);
      setCursor(null);
      onSelect(chosen.step.stepId);
    },
    [onSelect],
  );
  const unfold = useCallback(
    (key: number) => {
      setCursor(null);
      onOpen(key);
    },
    [onOpen],
  );
  const press = useCallback(
    (chosen: PlacedCell) => (chosen.kind === "fold" ? unfold(chosen.fold.fold.key) : choose(chosen)),
    [choose, unfold],
  );
  useFlowPointer({ box, index, scale, painted, scene, onPress: press, onScale });

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoom = zoomOf(event.key, scale);
    const next = isMove(event.key) ? nextCell(index, cell, event.key) : null;
    const unfolds = event.key === "Enter" && cell?.kind === "fold" ? cell.fold.fold.key : null;
    if (zoom === null && next === null && unfolds === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (zoom !== null) onScale(zoom);
    else if (unfolds !== null) unfold(unfolds);
    else if (next !== null) choose(next);
  };

  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a group of marks that arrow keys move through, not a set of fields */}
      <div
        ref={box}
        className={painted ? "flow-box painted" : "flow-box"}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and arrow keys move through its steps
        tabIndex={0}
        aria-label={`${title}: ${order.length} steps, ${failed} failed. Arrow keys move between steps, Enter unfolds, plus and minus zoom; the Steps tab is its table.`}
        onKeyDown={onKeyDown}
      >
        <div className="flow-ground" style={{ width, height }}>
          {painted ? (
            <Canvas box={box} scene={scene} scale={scale} />
          ) : (
            <FlowDrawing scene={scene} view={view} width={width} height={height} />
          )}
        </div>
      </div>
      <span role="status" className="vh">
        {cell === null || (cursor === null && !painted) ? "" : cellWords(cell, scene)}
      </span>
      {order.length >= STRIP_STEPS_MIN && (painted || index.layout.folds.length > 0) && (
        <FlowStrip order={order} steps={steps} selected={selected} hits={hits} onSelect={onSelect} />
      )}
    </>
  );
}

interface IndexInput {
  readonly flow: FlowTree;
  readonly entered: boolean;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly open: ReadonlySet<number>;
}

/** Folded, laid out and indexed. The selected step stands by itself, wherever it is folded in. */
function useFlowIndex({ flow, entered, steps, selected, open }: IndexInput) {
  const make = useCallback(
    (alone: number | null) => {
      const classOf = (id: number) => steps.get(id)?.actionClass ?? "";
      const standsOut = (id: number) => id === alone || steps.get(id)?.state === "error";
      const folded = foldFlow(flow, { classOf, standsOut, open });
      const over = (id: number) => isOver(steps.get(id));
      return indexFlow(layoutFlow(folded ?? flow, { isOver: over, entered, top: TOP }));
    },
    [flow, entered, steps, open],
  );
  const base = useMemo(() => make(null), [make]);
  const hidden = selected !== null && base.cellOf(selected)?.kind === "fold" ? selected : null;
  return useMemo(() => (hidden === null ? base : make(hidden)), [base, make, hidden]);
}

function useFoldWords(steps: ReadonlyMap<number, StepView>): FlowScene["foldOf"] {
  return useMemo(() => {
    const known = new WeakMap<object, FoldWords>();
    return (fold) => {
      const words = known.get(fold) ?? foldWords(fold, steps);
      known.set(fold, words);
      return words;
    };
  }, [steps]);
}

/** Scrolls to the cell when it is not in view. */
function useInView(box: React.RefObject<HTMLDivElement | null>, cell: PlacedCell | null, scale: number): void {
  const [x, y, wide] = [cell?.x, cell?.y, cell?.width ?? 0];
  const zoom = useRef(scale);
  useEffect(() => {
    zoom.current = scale;
  }, [scale]);
  useEffect(() => {
    const element = box.current;
    if (element === null || x === undefined || y === undefined) return;
    const at = zoom.current;
    const [left, right] = [x * at, (x + wide) * at];
    const [top, bottom] = [(y - CELL_ABOVE) * at, (y - CELL_ABOVE + rowHeight) * at];
    const inside =
      left >= element.scrollLeft &&
      right <= element.scrollLeft + element.clientWidth &&
      top >= element.scrollTop &&
      bottom <= element.scrollTop + element.clientHeight;
    if (!inside)
      element.scrollTo({
        left: left + lead - element.clientWidth / 2,
        top: top - element.clientHeight / 2 + (rowHeight * at) / 2,
      });
  }, [box, x, y, wide]);
}

/** Another scale keeps what stands in the middle of the box there. */
function useKeptCentre(box: React.RefObject<HTMLDivElement | null>, scale: number): void {
  const before = useRef(scale);
  useLayoutEffect(() => {
    const element = box.current;
    const by = scale / before.current;
    before.current = scale;
    if (element === null || by === 1) return;
    const [halfWidth, halfHeight] = [element.clientWidth / 2, element.clientHeight / 2];
    element.scrollLeft = (element.scrollLeft + halfWidth) * by - halfWidth;
    element.scrollTop = (element.scrollTop + halfHeight) * by - halfHeight;
  }, [box, scale]);
}

/** While a step runs its time goes on; otherwise nothing is painted anew. */
function TickingCanvas({ scene, ...canvas }: React.ComponentProps<typeof FlowCanvas>) {
  const nowMs = useNow();
  const now = useMemo(() => ({ ...scene, nowMs }), [scene, nowMs]);
  return <FlowCanvas {...canvas} scene={now} />;
}

interface FlowDrawingProps {
  readonly scene: FlowScene;
  readonly view: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly width: number;
  readonly height: number;
}

/** A small flow as elements: only what can be seen is in the page. */
function FlowDrawing({ scene, view, width, height }: FlowDrawingProps) {
  const { index, steps, selected, cursor, hits, critical, changed } = scene;
  const seen = useMemo(() => visibleFlow(index.layout, view), [index, view]);
  const path = useMemo(() => new Set(critical), [critical]);
  const left = Math.max(0, view.x);
  const top = Math.max(0, view.y);
  const shown = {
    width: Math.max(0, Math.min(width, view.x + view.width) - left),
    height: Math.max(0, Math.min(height, view.y + view.height) - top),
  };
  return (
    <svg
      className={path.size > 0 ? "flow dimmed" : "flow"}
      aria-hidden="true"
      style={{ left, top }}
      width={shown.width}
      height={shown.height}
      viewBox={`${left} ${top} ${shown.width} ${shown.height}`}
    >
      {seen.lines.map((line) => (
        <Line key={`${line.x1} ${line.y1} ${line.x2} ${line.y2}`} line={line} />
      ))}
      {seen.steps.map((placed) => (
        <Step
          key={placed.stepId}
          placed={placed}
          step={steps.get(placed.stepId)}
          selected={placed.stepId === selected}
          hit={hits.has(placed.stepId)}
          critical={path.has(placed.stepId)}
          changed={changed.has(String(placed.stepId))}
        />
      ))}
      {seen.folds.map((placed) => (
        <Fold
          key={placed.fold.key}
          placed={placed}
          words={scene.foldOf(placed.fold)}
          selected={placed.fold.key === cursor}
          hit={hits.size > 0 && placed.fold.stepIds.some((id) => hits.has(id))}
        />
      ))}
    </svg>
  );
}
