"use client";
import { useQuery } from "@tanstack/react-query";
import { memo, useCallback, useEffect, useMemo, useState } from "react";
import { SeenRows } from "#components/plans/rows-in-sight.tsx";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName } from "#components/ui/ident.tsx";
import { Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { PlanPhaseOutput } from "#server/contract/wire/dynflow-plan-parts.ts";
import { MissingStep } from "./missing-step.tsx";
import { type PhaseRow, phaseRows, phaseTree, waysTo } from "./phase-rows.ts";
import type { PlanPartProps } from "./plan-part-props.ts";
import { StepHeads } from "./step-heads.tsx";
import { stepSeconds } from "./step-words.ts";
import { TreeGrid } from "./tree-grid.tsx";
import { Twisty } from "./twisty.tsx";
import type { StepView } from "./types.ts";
import { useRowsInBox } from "./use-rows-in-box.ts";
import "./plan-parts.css";
import "./sub-plans.css";

const INDENT_PX = 16;
const COLUMNS = 6;

/** How the plan was planned: each plan step under the one that planned it, the selected one at the right. */
export function PlanPhaseView({ source, plan, steps, selected, onSelect, children }: PlanPartProps) {
  const trpc = useTRPC();
  const query = useQuery(trpc.dynflow.plans.planPhase.queryOptions({ source, planId: plan.id }));
  const byId = useMemo(() => new Map(steps.map((step) => [step.id, step])), [steps]);
  const isOurs = selected !== null && byId.get(selected)?.phase === "plan";
  return (
    <div className={isOurs ? "parts-two" : "parts-two alone"}>
      <QueryWidget query={query} what="the plan phase" columns={4}>
        {(phase) => (
          <Phase
            phase={phase}
            steps={byId}
            reading={steps.length < plan.stepCount}
            selected={selected}
            onSelect={onSelect}
          />
        )}
      </QueryWidget>
      {isOurs && <div className="two-side">{children}</div>}
    </div>
  );
}

interface PhaseProps {
  readonly phase: PlanPhaseOutput;
  readonly steps: ReadonlyMap<number, StepView>;
  /** Not all steps have come yet. */
  readonly reading: boolean;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
}

function Phase({ phase, steps, reading, selected, onSelect }: PhaseProps) {
  const tree = useMemo(() => phaseTree(phase.nodes, phase.rootStepId), [phase]);
  const [turned, setTurned] = useState<ReadonlySet<number>>(new Set());
  const failed = useMemo(
    () => phase.nodes.flatMap(([id]) => (steps.get(id)?.state === "error" ? [id] : [])),
    [phase, steps],
  );
  const ways = useMemo(
    () => waysTo(tree, selected === null ? failed : [...failed, selected]),
    [tree, failed, selected],
  );
  const unreadable = useMemo(() => new Set(phase.unreadable.map(({ stepId }) => stepId)), [phase]);
  const rows = useMemo(() => phaseRows(tree, turned, ways), [tree, turned, ways]);
  const turn = useCallback((stepId: number) => {
    setTurned((now) => {
      const next = new Set(now);
      if (!next.delete(stepId)) next.add(stepId);
      return next;
    });
  }, []);
  if (phase.nodes.length === 0)
    return <Empty title="It has no plan steps yet.">The first is made when it is delayed or planned.</Empty>;
  return (
    <Section
      title="Plan phase"
      note="who planned whom, in the order of planning"
      aside={`${plural(phase.nodes.length, "plan step")}${failed.length === 0 ? "" : `, ${failed.length} in error`}`}
    >
      {phase.cut && <p className="warn small">There are more plan steps than are shown.</p>}
      {phase.unreadable.length > 0 && (
        <p className="warn small wrap">
          Of {plural(phase.unreadable.length, "step")} it cannot be read what was planned below:{" "}
          <bdi>{phase.unreadable[0]?.reason}</bdi>
        </p>
      )}
      <PhaseTable
        rows={rows}
        unreadable={unreadable}
        steps={steps}
        reading={reading}
        selected={selected}
        onSelect={onSelect}
        onTurn={turn}
      />
    </Section>
  );
}

interface PhaseTableProps {
  readonly rows: readonly PhaseRow[];
  readonly unreadable: ReadonlySet<number>;
  readonly steps: ReadonlyMap<number, StepView>;
  /** Not all steps have come yet. */
  readonly reading: boolean;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  readonly onTurn: (stepId: number) => void;
}

function PhaseTable({ rows, unreadable, steps, reading, selected, onSelect, onTurn }: PhaseTableProps) {
  const { box, seen, before, after, scrollToIndex } = useRowsInBox(rows.length);
  const at = rows.findIndex(({ stepId }) => stepId === selected);
  useEffect(() => {
    if (at >= 0) scrollToIndex(at, { align: "auto" });
  }, [at, scrollToIndex]);
  const select = (index: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (row !== undefined) onSelect(row.stepId);
  };
  const acts = () => {
    const row = rows[at];
    return {
      ArrowDown: () => select(at + 1),
      ArrowUp: () => select(at === -1 ? rows.length - 1 : at - 1),
      Home: () => select(0),
      End: () => select(rows.length - 1),
      ...(row !== undefined && row.children > 0 && !row.again && !row.open
        ? { ArrowRight: () => onTurn(row.stepId) }
        : {}),
      ...(row?.open === true ? { ArrowLeft: () => onTurn(row.stepId) } : {}),
    };
  };
  return (
    <TreeGrid
      label="Plan steps"
      className="phase-tree"
      box={box}
      count={rows.length}
      active={at === -1 ? undefined : `phase-${at}`}
      acts={acts}
      heads={
        <>
          <th scope="col">State</th>
          <StepHeads />
        </>
      }
    >
      <SeenRows rows={rows} seen={seen} before={before} after={after} columns={COLUMNS}>
        {(row, index) => (
          <Row
            // A step can stand in the tree twice.
            key={`${index} ${row.stepId}`}
            row={row}
            index={index}
            step={steps.get(row.stepId)}
            reading={reading}
            unreadable={unreadable.has(row.stepId)}
            selected={index === at}
            onSelect={onSelect}
            onTurn={onTurn}
          />
        )}
      </SeenRows>
    </TreeGrid>
  );
}

interface RowProps {
  readonly row: PhaseRow;
  readonly index: number;
  readonly step: StepView | undefined;
  readonly reading: boolean;
  readonly unreadable: boolean;
  readonly selected: boolean;
  readonly onSelect: (stepId: number) => void;
  readonly onTurn: (stepId: number) => void;
}

/** Drawn anew only when it is another. */
const Row = memo(function Row({ row, index, step, reading, unreadable, selected, onSelect, onTurn }: RowProps) {
  const { stepId, depth, children, open, again } = row;
  const foldable = children > 0 && !again;
  return (
    <tr
      id={`phase-${index}`}
      aria-level={depth + 1}
      aria-rowindex={index + 2}
      aria-expanded={foldable ? open : undefined}
      aria-selected={selected}
      className={selected ? "pick sel" : "pick"}
      onClick={() => onSelect(stepId)}
    >
      <td>{step !== undefined && <State system="step" word={step.state} quiet={step.state === "success"} />}</td>
      <td className="w100 trunc" style={{ paddingLeft: depth * INDENT_PX }}>
        <Twisty
          open={foldable ? open : null}
          unfolds={`Unfold ${formatCount(children)}`}
          onTurn={(event) => {
            event.stopPropagation();
            onTurn(stepId);
          }}
        />
        {step === undefined ? <MissingStep stepId={stepId} reading={reading} /> : <ClassName name={step.actionClass} />}
        {foldable && !open && <span className="small t3"> {formatCount(children)} below</span>}
        {again && <span className="small t3"> stands above already</span>}
        {unreadable && <span className="small t-attention tone"> what it planned cannot be read</span>}
      </td>
      <td className="num p2 t2">{stepId}</td>
      <td className="num p2">
        <Instant at={parseInstant(step?.startedAt ?? null)} form="clock" />
      </td>
      <td className="num">{step === undefined ? "" : stepSeconds(step, step.realTimeSec)}</td>
      <td className="p2 mono trunc ex-cell" title={step?.exceptionClass ?? undefined}>
        {step?.exceptionClass == null ? (
          <span className="t3">–</span>
        ) : (
          <bdi className={step.state === "error" ? "t-failed tone" : "t3"}>{step.exceptionClass}</bdi>
        )}
      </td>
    </tr>
  );
});
