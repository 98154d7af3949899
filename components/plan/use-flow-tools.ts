"use client";
import { useDeferredValue, useMemo, useState } from "react";
import { findSteps } from "./flow-find.ts";
import type { StepView } from "./types.ts";

/** How the flow of a plan is looked at. */
export interface FlowTools {
  readonly find: string;
  setFind(text: string): void;
  /** Ids that were found, in order of the flow. */
  readonly hits: readonly number[];
  /** Which of them is selected. */
  readonly hitAt: number | null;
  nextHit(by: 1 | -1): void;
  readonly critical: boolean;
  setCritical(shown: boolean): void;
  readonly as: "drawing" | "mermaid";
  setAs(as: "drawing" | "mermaid"): void;
  readonly scale: number;
  setScale(scale: number): void;
  readonly open: ReadonlySet<number>;
  unfold(key: number): void;
  fold(key: number): void;
}

interface Kept {
  readonly open: ReadonlySet<number>;
  readonly scale: number;
  readonly critical: boolean;
}

/** How each plan was looked at last, so that another tab of it and back changes nothing. */
const kept = new Map<string, Kept>();
const KEPT_MAX = 20;
const AT_FIRST: Kept = { open: new Set(), scale: 1, critical: false };

interface FlowToolsInput {
  readonly planId: string;
  /** Every step of run and finalize flow, in order. */
  readonly order: readonly number[];
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
}

export function useFlowTools({ planId, order, steps, selected, onSelect }: FlowToolsInput): FlowTools {
  const [state, setState] = useState<Kept>(() => kept.get(planId) ?? AT_FIRST);
  const [find, setFind] = useState("");
  const [as, setAs] = useState<"drawing" | "mermaid">("drawing");
  const asked = useDeferredValue(find);
  const hits = useMemo(() => findSteps(asked, order, steps), [asked, order, steps]);
  const at = selected === null ? -1 : hits.indexOf(selected);
  const change = (part: Partial<Kept>): void => {
    const next = { ...state, ...part };
    kept.delete(planId);
    kept.set(planId, next);
    for (const old of kept.keys()) if (kept.size > KEPT_MAX) kept.delete(old);
    setState(next);
  };
  const folds = (edit: (open: Set<number>) => void): void => {
    const open = new Set(state.open);
    edit(open);
    change({ open });
  };
  return {
    find,
    setFind,
    hits,
    hitAt: at < 0 ? null : at,
    nextHit(by) {
      // From where one is: the first hit after the selected step, or before it.
      const here = at >= 0 ? at : nearest(hits, order, selected, by);
      const next = hits[(here + by + hits.length) % Math.max(1, hits.length)];
      if (next !== undefined) onSelect(next);
    },
    ...state,
    setCritical: (critical) => change({ critical }),
    as,
    setAs,
    setScale: (scale) => change({ scale }),
    unfold: (key) => folds((open) => open.add(key)),
    fold: (key) => folds((open) => open.delete(key)),
  };
}

/** The place in `hits` from which one step on leads to the nearest one after (or before) the selected step. */
function nearest(hits: readonly number[], order: readonly number[], selected: number | null, by: 1 | -1): number {
  const from = selected === null ? -1 : order.indexOf(selected);
  if (from < 0) return by === 1 ? -1 : hits.length;
  const places = new Map(hits.map((id, at) => [id, at]));
  for (let at = from; at >= 0 && at < order.length; at += by) {
    const hit = places.get(order[at] ?? -1);
    if (hit !== undefined) return hit - by;
  }
  return by === 1 ? -1 : hits.length;
}
