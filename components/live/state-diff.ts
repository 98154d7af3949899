import { own } from "#server/contract/fold/record.ts";
import { type Change, isRecord } from "./state-change.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What makes the state after of the one before, in the same order of keys; `null` = nothing. Costs what has changed, as
 * what is the same thing is not looked into. A list is told whole.
 */
export function changeBetween(before: unknown, after: unknown): Change | null {
  if (Object.is(before, after)) return null;
  return isRecord(before) && isRecord(after) ? changeOfRecord(before, after) : { is: after };
}

function changeOfRecord(before: Fields, after: Fields): Change | null {
  const known = Object.keys(before);
  const now = Object.keys(after);
  const drop = known.filter((key) => !Object.hasOwn(after, key));
  const added = now.filter((key) => !Object.hasOwn(before, key));
  const kept = known.filter((key) => Object.hasOwn(after, key));
  if (!isSameOrder([...kept, ...added].filter(hasPlace), now.filter(hasPlace))) return { is: after };
  const put = now.flatMap((key): readonly (readonly [string, Change])[] => {
    if (!Object.hasOwn(before, key)) return [[key, { is: after[key] }]];
    const change = changeBetween(own(before, key), own(after, key));
    return change === null ? [] : [[key, change]];
  });
  return drop.length === 0 && put.length === 0 ? null : { drop, put };
}

const LAST_INDEX = 2 ** 32 - 2;

/** Indices, as a list has them, stand first in every record, in their own order; `007` is none. */
const hasPlace = (key: string): boolean => !/^(0|[1-9]\d*)$/.test(key) || Number(key) > LAST_INDEX;

const isSameOrder = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((key, index) => key === other[index]);
