"use client";
import { useState } from "react";
import type { EpochMs } from "#server/kernel/clock.ts";
import { SPANS, type Span } from "./bar-scale.ts";
import { SPEEDS, type Speed } from "./traveller.ts";
import { useSteps } from "./use-steps.ts";
import { useMoves, useTravel, useWay } from "./use-travel.ts";

interface TimeControlsProps {
  readonly span: Span;
  readonly at: EpochMs | null;
  readonly now: EpochMs;
  readonly onZoom: (spanMs: number) => void;
  /** Somebody wants to type an instant. */
  readonly onAsk: () => void;
}

/** Step, play, how fast, how much time the bar shows, back to live. */
export function TimeControls({ span, at, now, onZoom, onAsk }: TimeControlsProps) {
  const { traveller } = useWay();
  const { speed } = useTravel();
  const { live } = useMoves();
  const { step } = useSteps();
  const [fast, setFast] = useState<Speed>(1);
  const past = at !== null;
  const from = () => traveller.travel().wanted ?? at ?? now;
  return (
    <div className={past ? "ctl" : "ctl quiet"}>
      <fieldset className="step" aria-label="Step and play">
        <button
          type="button"
          aria-label="Previous event"
          title="Previous event (,)"
          onClick={() => step(from(), "previous", "events")}
        >
          <Sign path="M10 3.5 5.5 8l4.5 4.5" />
        </button>
        <button
          type="button"
          aria-label={speed === null ? "Play" : "Stand"}
          title={past ? "Play (Space on the bar)" : "Live: there is nothing to play"}
          aria-pressed={speed !== null}
          aria-disabled={!past || undefined}
          onClick={() => past && traveller.play(speed === null ? fast : null)}
        >
          <Sign path={speed === null ? "M5.5 3.5v9l7-4.5z" : "M5.5 3.5v9M10.5 3.5v9"} />
        </button>
        <button
          type="button"
          aria-label="Next event"
          title={past ? "Next event (.)" : "Live: nothing follows yet"}
          aria-disabled={!past || undefined}
          onClick={() => past && step(from(), "next", "events")}
        >
          <Sign path="M6 3.5 10.5 8 6 12.5" />
        </button>
      </fieldset>
      <select
        className="speeds"
        aria-label="How fast it plays"
        value={fast}
        onChange={(event) => {
          const next = SPEEDS.find((each) => String(each) === event.target.value) ?? 1;
          setFast(next);
          if (speed !== null) traveller.play(next);
        }}
      >
        {SPEEDS.map((each) => (
          <option key={each} value={each}>
            {each}×
          </option>
        ))}
      </select>
      <fieldset className="seg spans" aria-label="How much time the bar shows">
        {SPANS.map(({ ms, words }) => (
          <button key={ms} type="button" aria-pressed={span.to - span.from === ms} onClick={() => onZoom(ms)}>
            {words}
          </button>
        ))}
      </fieldset>
      <button type="button" className="btn sm" onClick={onAsk} title="Type an instant">
        At…
      </button>
      <button
        type="button"
        className="btn sm"
        onClick={() => past && live()}
        aria-disabled={!past || undefined}
        aria-keyshortcuts="L"
        title={past ? "Back to live" : "It is live"}
      >
        To live
      </button>
    </div>
  );
}

function Sign({ path }: { readonly path: string }) {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinejoin="round" />
    </svg>
  );
}
