/** Whom the keys are given to, as a person chooses it. Pure. */
import type { ClaimTargetView } from "#server/contract/wire/dna-failover.ts";

export type FailoverMode = "release" | "claim";

/** What was chosen: each node with its weight. */
export type Weights = ReadonlyMap<string, number>;

export const WEIGHT_MAX = 1_000;

/** Every node that may be given keys, with the weight the server suggests. */
export const suggested = (targets: readonly ClaimTargetView[]): Weights =>
  new Map(targets.filter(({ refusal }) => refusal === null).map(({ incarnation, weight }) => [incarnation, weight]));

export function toggled(weights: Weights, { incarnation, weight }: ClaimTargetView): Weights {
  const next = new Map(weights);
  if (!next.delete(incarnation)) next.set(incarnation, weight);
  return next;
}

/** With another weight: a whole number from 1 to 1,000; anything else leaves it as it is. */
export function weighted(weights: Weights, incarnation: string, text: string): Weights {
  const weight = Number(text);
  if (!Number.isInteger(weight) || weight < 1 || weight > WEIGHT_MAX) return weights;
  return new Map(weights).set(incarnation, weight);
}

/** The chosen nodes that may be given keys now: the others would get nothing. */
export const taking = (targets: readonly ClaimTargetView[], weights: Weights): readonly ClaimTargetView[] =>
  targets.filter(({ incarnation, refusal }) => refusal === null && weights.has(incarnation));

/** Keys that a node is given, as far as that can be told beforehand; 0 for one that is given none. */
export function expectedKeys(
  target: ClaimTargetView,
  targets: readonly ClaimTargetView[],
  weights: Weights,
  keys: number | null,
): number | null {
  if (keys === null) return null;
  const heirs = taking(targets, weights);
  if (!heirs.some(({ incarnation }) => incarnation === target.incarnation)) return 0;
  const sum = heirs.reduce((all, { incarnation }) => all + (weights.get(incarnation) ?? 0), 0);
  return Math.round((keys * (weights.get(target.incarnation) ?? 0)) / sum);
}

/** Why nothing can be given to anybody by this choice; `null` = it can. */
export function choiceRefusal(
  mode: FailoverMode,
  weights: Weights,
  view: { readonly targets: readonly ClaimTargetView[]; readonly claimRefusal: string | null },
): string | null {
  if (mode === "release") return null;
  if (view.claimRefusal !== null) return view.claimRefusal;
  const fallen = view.targets.find(({ incarnation, refusal }) => refusal !== null && weights.has(incarnation));
  if (fallen !== undefined) return `${fallen.node} can be given nothing: ${fallen.refusal}. Leave it out.`;
  return taking(view.targets, weights).length === 0 ? "Choose at least one node." : null;
}

/** As the server takes it; `null` = keys are released. */
export const chosenTargets = (mode: FailoverMode, weights: Weights) =>
  mode === "release" ? null : [...weights].map(([incarnation, weight]) => ({ incarnation, weight }));
