"use client";
import { useEffect, useState } from "react";
import type { Inputs } from "#components/ui/trpc.ts";

export type RevealPart = Inputs["dynflow"]["plans"]["reveal"]["part"];

/** What somebody wants to see, and its name on the screen. */
export interface RevealAsked {
  readonly part: RevealPart;
  readonly name: string;
}

export interface RevealedValue {
  readonly path: string;
  readonly value: unknown;
  readonly part: RevealPart;
}

/** What was revealed is hidden again after this. */
export const REVEALED_MS = 60_000;

/** What is asked for, what is shown, and until when. */
export function useReveal() {
  const [asked, setAsked] = useState<RevealAsked | null>(null);
  const [revealed, setRevealed] = useState<RevealedValue | null>(null);
  useEffect(() => {
    if (revealed === null) return;
    const timer = setTimeout(() => setRevealed(null), REVEALED_MS);
    return () => clearTimeout(timer);
  }, [revealed]);
  return {
    asked,
    ask: setAsked,
    revealed,
    show: setRevealed,
    hide: () => setRevealed(null),
    close: () => setAsked(null),
  };
}
