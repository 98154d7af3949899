"use client";
import { useMemo } from "react";
import { DIAGRAM_NODES_MAX, type DiagramMarks } from "#components/lifecycle/diagram.ts";
import { DiagramFrame } from "#components/lifecycle/diagram-frame.tsx";
import { countCells, type FlowCell, flowCellKey, toFlowDiagram } from "#components/lifecycle/flow-diagram.ts";
import { TwinTable } from "#components/lifecycle/twin-table.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { type FlowTree, type FoldedFlow, simplifyFlow } from "#server/contract/view/plan-flow.ts";
import { foldFlow } from "#server/contract/view/plan-flow-fold.ts";
import { foldWords } from "./flow-scene.ts";
import { isOver, shortClass } from "./step-words.ts";
import type { StepView } from "./types.ts";

interface FlowMermaidProps {
  readonly title: string;
  readonly flow: FlowTree;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly critical: readonly number[];
}

const NOTHING_OPEN: ReadonlySet<number> = new Set();

/** A flow of up to 100 steps as a mermaid picture; a larger one folded, when that is small enough; else why not. */
export function FlowMermaid({ title, flow, steps, selected, critical }: FlowMermaidProps) {
  const shown = useMemo(() => drawable(flow, steps), [flow, steps]);
  const drawn = shown.flow;
  // Names of classes do not change while a plan runs: the picture stands still while its marks move.
  const names = useMemo(
    () =>
      drawn === null
        ? ""
        : cellsIn(drawn)
            .map((cell) => labelOf(cell, steps))
            .join("\n"),
    [drawn, steps],
  );
  const diagram = useMemo(() => {
    if (drawn === null) return null;
    const words = names.split("\n");
    let next = 0;
    return toFlowDiagram({ title, flow: drawn, labelOf: () => words[next++] ?? "" });
  }, [title, drawn, names]);
  const marks = useMemo(
    () => (drawn === null ? null : marksOf(drawn, steps, selected, critical)),
    [drawn, steps, selected, critical],
  );
  if (diagram === null || marks === null || drawn === null)
    return (
      <Empty title={`${plural(shown.cells, "step")} are too many for a mermaid picture.`}>
        It draws up to {DIAGRAM_NODES_MAX}; folded there are still {formatCount(shown.foldedCells)}. The flow above and
        the Steps tab have all of them.
      </Empty>
    );
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note={
        shown.folded
          ? `folded: ${plural(shown.cells, "step")} are more than ${DIAGRAM_NODES_MAX}`
          : "dark = passed, pale = not reached, magenta box = selected, magenta arrows = critical path"
      }
      twin={<Twin flow={drawn} steps={steps} title={title} />}
    />
  );
}

function Twin({
  flow,
  steps,
  title,
}: {
  readonly flow: FoldedFlow;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly title: string;
}) {
  return (
    <TwinTable
      title={`${title}, step by step`}
      lines={cellsIn(flow)}
      keyOf={flowCellKey}
      columns={[
        { title: "Step", names: true, cell: (cell) => labelOf(cell, steps) },
        {
          title: "State",
          cell: (cell) =>
            cell.kind === "fold" ? (
              foldWords(cell, steps).counts
            ) : (
              <State system="step" word={steps.get(cell.stepId)?.state ?? "unknown"} />
            ),
        },
      ]}
    />
  );
}

interface Drawable {
  /** `null` = too large even when folded. */
  readonly flow: FoldedFlow | null;
  readonly folded: boolean;
  readonly cells: number;
  readonly foldedCells: number;
}

function drawable(flow: FlowTree, steps: ReadonlyMap<number, StepView>): Drawable {
  const whole = simplifyFlow(flow);
  const cells = whole === null ? 0 : countCells(whole);
  if (cells <= DIAGRAM_NODES_MAX) return { flow: whole, folded: false, cells, foldedCells: cells };
  const classOf = (id: number) => steps.get(id)?.actionClass ?? "";
  const standsOut = (id: number) => steps.get(id)?.state === "error";
  const folded = foldFlow(flow, { classOf, standsOut, open: NOTHING_OPEN });
  const foldedCells = folded === null ? 0 : countCells(folded);
  return { flow: foldedCells <= DIAGRAM_NODES_MAX ? folded : null, folded: true, cells, foldedCells };
}

/** In order; of a bounded number, as `drawable` counted them. */
function cellsIn(flow: FoldedFlow): readonly FlowCell[] {
  if (flow.kind === "step" || flow.kind === "fold") return [flow];
  return flow.flows.flatMap(cellsIn);
}

function labelOf(cell: FlowCell, steps: ReadonlyMap<number, StepView>): string {
  if (cell.kind === "fold") return foldWords(cell, steps).name.replaceAll("\n", " ");
  const step = steps.get(cell.stepId);
  return `${cell.stepId} ${step === undefined ? "no row" : shortClass(step.actionClass).replaceAll("\n", " ")}`;
}

function marksOf(
  flow: FoldedFlow,
  steps: ReadonlyMap<number, StepView>,
  selected: number | null,
  critical: readonly number[],
): DiagramMarks {
  const path = new Set(critical);
  const cells = cellsIn(flow);
  const idsOf = (cell: FlowCell): readonly number[] => (cell.kind === "step" ? [cell.stepId] : cell.stepIds);
  const on = cells.filter((cell) => idsOf(cell).some((id) => path.has(id))).map(flowCellKey);
  return {
    now: cells.filter((cell) => selected !== null && idsOf(cell).includes(selected)).map(flowCellKey),
    passed: cells.filter((cell) => idsOf(cell).every((id) => isOver(steps.get(id)))).map(flowCellKey),
    live: on.slice(1).map((key, index) => `${on[index]} > ${key}`),
    notes: {},
  };
}
