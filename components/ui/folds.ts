/** Selectors over the live state that several pages need. Pure. */
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { IngestFold } from "#server/contract/fold/ingest.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator-state.ts";
import { sourceOf } from "#server/contract/view/need.ts";

export interface Sourced<T> {
  readonly stream: string;
  /** Id of the source. */
  readonly id: string;
  readonly fold: T;
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/** The DNA sources in a fixed order. */
export function dnaFolds(folds: Folds): readonly Sourced<DnaFold>[] {
  return Object.entries(folds)
    .flatMap(([stream, fold]) => (fold.family === "dna" ? [{ stream, id: sourceOf(stream), fold }] : []))
    .sort(byId);
}

/** The Dynflow sources in a fixed order. */
export function dynflowFolds(folds: Folds): readonly Sourced<DynflowFold>[] {
  return Object.entries(folds)
    .flatMap(([stream, fold]) => (fold.family === "dynflow" ? [{ stream, id: sourceOf(stream), fold }] : []))
    .sort(byId);
}

/** The HAF stacks in a fixed order. */
export function hafFolds(folds: Folds): readonly Sourced<HafFold>[] {
  return Object.entries(folds)
    .flatMap(([stream, fold]) => (fold.family === "haf" ? [{ stream, id: sourceOf(stream), fold }] : []))
    .sort(byId);
}

/** The agents, by the gateways' source. */
export function ingestFolds(folds: Folds): readonly Sourced<IngestFold>[] {
  return Object.entries(folds)
    .flatMap(([stream, fold]) => (fold.family === "ingest" ? [{ stream, id: sourceOf(stream), fold }] : []))
    .sort(byId);
}

export function operatorFold(folds: Folds): OperatorFold {
  for (const fold of Object.values(folds)) if (fold.family === "operator") return fold;
  return EMPTY_OPERATOR;
}
