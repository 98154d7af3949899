"use client";
import { Glyph } from "#components/ui/glyph.tsx";
import { Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { Empty, Failure, Skeleton } from "#components/ui/widget.tsx";
import { lookOf, type StateSystem } from "#server/kernel/states.ts";
import type { Compared, Comparison } from "./use-other.ts";

interface DiffSectionProps {
  readonly comparison: Exclude<Comparison, { state: "none" }>;
  /** `3 nodes differ`; of what is there. */
  readonly titleOf: (compared: Compared) => string;
  readonly children: (compared: Compared) => React.ReactNode;
}

/** What differs between the instant that is shown and the one it is compared with, in the five states. */
export function DiffSection({ comparison, titleOf, children }: DiffSectionProps) {
  if (comparison.state === "failed")
    return (
      <Section title="What differs">
        <Failure title="Cannot read the other instant" error={comparison.error} onRetry={comparison.retry} />
      </Section>
    );
  if (comparison.state === "reading")
    return (
      <Section title="What differs">
        <Skeleton rows={3} columns={5} what="what differs" />
      </Section>
    );
  const { earlier, later } = comparison.compared;
  return (
    <Section
      className="differs"
      title={titleOf(comparison.compared)}
      note={
        <>
          <Instant at={earlier.at} /> beside <Instant at={later.at} />; outlined where it is drawn
        </>
      }
    >
      {children(comparison.compared)}
    </Section>
  );
}

/** A state at one of two instants; an instant that has no such thing says so. */
export function StateThen({ system, word }: { readonly system: StateSystem; readonly word: string | null }) {
  if (word === null) return <span className="t3">none</span>;
  const { tone, shape } = lookOf(system, word);
  return (
    <span className={`st t-${tone}`}>
      <Glyph tone={tone} shape={shape} />
      {word}
    </span>
  );
}

/** Two instants that are the same in everything that is compared. */
export const NoDifference = () => (
  <Empty title="Nothing differs.">It may have changed in between and back: the journal has all of it.</Empty>
);
