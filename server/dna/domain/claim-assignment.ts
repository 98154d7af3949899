/**
 * Which node each key of a dead one is given to: the same answer from the same key and the same nodes, however often it
 * is asked and in whatever order, so that a job that goes on after a restart gives nothing to anybody else. Pure.
 *
 * Each node draws a lot of its own for each key and the best one wins (rendezvous hashing with weights): when a node drops
 * out, only its keys are dealt out anew.
 */
import type { ActorKey, IncarnationId } from "./identity.ts";

/** A node that keys are given to. */
export interface WeightedTarget {
  readonly incarnationId: IncarnationId;
  /** Its share is this over the sum of all; above 0. */
  readonly weight: number;
}

/** Largest weight of a target; the smallest is 1. */
export const WEIGHT_MAX = 1_000;
const SUGGESTED_MAX = 100;

/** The node this key is given to; `null` when there is none to choose from. */
export function assignTarget<T extends WeightedTarget>(key: ActorKey, targets: readonly T[]): T | null {
  let best: { readonly target: T; readonly lot: number } | null = null;
  for (const target of targets) {
    const lot = lotOf(key, target);
    const wins =
      best === null || lot < best.lot || (lot === best.lot && target.incarnationId < best.target.incarnationId);
    if (wins) best = { target, lot };
  }
  return best?.target ?? null;
}

/** An exponential variate of rate `weight`: the chance to be the smallest of all is its share of the weights. */
function lotOf({ namespace, moduleId, name }: ActorKey, { incarnationId, weight }: WeightedTarget): number {
  const uniform = (hash53(`${incarnationId}\u0000${moduleId}\u0000${namespace}\u0000${name}`) + 0.5) / 2 ** 53;
  return -Math.log(uniform) / weight;
}

/** 53 well-mixed bits of a text, by two multiplicative lanes over its UTF-16 units. */
function hash53(text: string): number {
  let [high, low] = [0x9e3779b9, 0x85ebca6b];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x85ebca77);
    low = Math.imul(low ^ unit, 0xc2b2ae3d);
  }
  high = mix32(high ^ (low >>> 15));
  low = mix32(low ^ (high >>> 13));
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function mix32(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** How busy a node is; `null` = not known. */
export interface TargetLoad {
  /** 1-minute load average of its host. */
  readonly load: number | null;
  /** Instances that run there, or else keys that it owns. */
  readonly keys: number | null;
}

/**
 * Weights to begin with, from 1 to 100, in the order of the nodes: the less loaded and the emptier a node is beside the
 * others, the more it is given. What is not known of a node counts as the mean of those that are.
 */
export function suggestWeights(nodes: readonly TargetLoad[]): readonly number[] {
  const meanLoad = meanOf(nodes.map(({ load }) => load));
  const meanKeys = meanOf(nodes.map(({ keys }) => keys));
  const raw = nodes.map(({ load, keys }) => {
    const byLoad = 1 / (1 + Math.max(0, load ?? meanLoad ?? 0));
    const byKeys = meanKeys === null || meanKeys === 0 ? 1 : 1 / (0.5 + (keys ?? meanKeys) / meanKeys);
    return byLoad * byKeys;
  });
  const largest = Math.max(...raw, Number.MIN_VALUE);
  return raw.map((weight) => Math.max(1, Math.round((SUGGESTED_MAX * weight) / largest)));
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
