"use client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useRecent } from "#components/shell/recent-context.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { Mark, MarksOutput } from "#server/contract/wire/journal.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import type { Span } from "./bar-scale.ts";
import type { Happened } from "./track.tsx";
import { useTravel, useWay } from "./use-travel.ts";

const MARKS_MAX = 1_000;
const STALE_AFTER_MS = 60_000;
/** The marks are asked for in steps of a share of the span, so that a bar that moves with time asks seldom. */
const STEPS_A_SPAN = 20;

interface Known extends Span {
  readonly events: readonly JournalEvent[];
}

/** What is known of the span: every event where they are at hand, what stands out elsewhere, and where it begins. */
export function useHappened(span: Span, lostSince: number | null): Happened {
  const { traveller } = useWay();
  const { wanted, loaded } = useTravel();
  const recent = useLiveRecent();
  const marks = useMarks(span);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `loaded` grows when what lies around has
  const around = useMemo(() => (wanted === null ? null : traveller.around(wanted)), [traveller, wanted, loaded]);
  return useMemo(() => {
    const known = [around, recent].flatMap((each): Known[] => (each === null ? [] : [each]));
    const events = known.flatMap((each, index) =>
      each.events.filter(
        ({ observedAt }) =>
          observedAt >= span.from &&
          observedAt <= span.to &&
          known.slice(0, index).every(({ from, to }) => observedAt < from || observedAt > to),
      ),
    );
    const isKnown = ({ at }: Mark) => known.some(({ from, to }) => Date.parse(at) > from && Date.parse(at) <= to);
    return {
      events: events.sort((a, b) => a.observedAt - b.observedAt),
      marks: (marks?.marks ?? []).filter((mark) => !isKnown(mark)),
      begins: beginsOf(marks),
      lostSince,
    };
  }, [span, around, recent, marks, lostSince]);
}

/** The last hour as the feed tells it, oldest first. */
function useLiveRecent(): Known | null {
  const recent = useRecent("live");
  return useMemo(
    () =>
      recent === undefined
        ? null
        : { from: recent.knownFrom, to: Number.POSITIVE_INFINITY, events: recent.events.toReversed() },
    [recent],
  );
}

function useMarks(span: Span): MarksOutput | undefined {
  const trpc = useTRPC();
  const step = Math.max(30_000, (span.to - span.from) / STEPS_A_SPAN);
  const from = epochMs(Math.floor(span.from / step) * step);
  const to = epochMs(Math.ceil(span.to / step) * step);
  return useQuery(
    trpc.journal.marks.queryOptions(
      { from: toIso(from), to: toIso(to), limit: MARKS_MAX },
      { placeholderData: keepPreviousData, staleTime: STALE_AFTER_MS },
    ),
  ).data;
}

/** What came first is where the journal began, unless retention has dropped what was before. */
function beginsOf(marks: MarksOutput | undefined): Happened["begins"] {
  if (marks === undefined) return null;
  if (marks.horizon !== null) return { at: Date.parse(marks.horizon), words: "before the horizon: not kept" };
  return marks.first === null ? null : { at: Date.parse(marks.first), words: "nothing was recorded yet" };
}

/** The first instant that can be gone to. */
export function useFirst(span: Span): EpochMs | null {
  const marks = useMarks(span);
  const text = marks?.horizon ?? marks?.first ?? null;
  return text === null ? null : epochMs(Date.parse(text));
}
