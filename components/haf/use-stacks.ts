"use client";
import { useEffect, useRef, useState } from "react";
import { hafFolds, type Sourced } from "#components/ui/folds.ts";
import { useFold } from "#components/ui/live.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafSample } from "#server/contract/haf.ts";
import type { LiveState, StreamSample } from "#server/contract/live.ts";

export interface Stack extends Sourced<HafFold> {
  /** `null` = not known: nothing was read yet, or another instant is shown, of which it is not kept. */
  readonly sample: HafSample | null;
  /** When the sample was read, and how long that took. */
  readonly read: Pick<StreamSample, "asOf" | "readMs"> | null;
}

const stacksOf = ({ folds, samples }: LiveState): readonly Stack[] =>
  hafFolds(folds).map((stack) => {
    const sample = samples[stack.stream];
    return { ...stack, sample: sample?.haf ?? null, read: sample ?? null };
  });

/** The HAF stacks in a fixed order; `undefined` before anything is known. */
export const useStacks = (): readonly Stack[] | undefined => useFold(stacksOf);

/** The newest value, but another one at most once in this time: for what is costly to draw. */
export function useAtMostEvery<T>(value: T, everyMs: number): T {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    latest.current = value;
    if (waiting.current !== null) return;
    setShown(value);
    waiting.current = setTimeout(() => {
      waiting.current = null;
      setShown(latest.current);
    }, everyMs);
  }, [value, everyMs]);
  useEffect(
    () => () => {
      if (waiting.current !== null) clearTimeout(waiting.current);
    },
    [],
  );
  return shown;
}
