"use client";
import { formatClock, formatDurationMs, zoneName } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useNow } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { Age } from "#components/ui/time.tsx";
import type { FailoverPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { leftOf } from "./release-words.ts";

/** Why it is safe, or not yet; how sure the death is; what remains even then. */
export function FailoverReasons({ preview }: { readonly preview: FailoverPreviewOutput }) {
  const { releasable, asOf, refusals } = preview;
  const { reasons, certainty, residualRisk } = releasable;
  const told = new Set(reasons.map(({ text }) => `Not yet true: ${text}`));
  const others = refusals.filter((refusal) => !told.has(refusal));
  return (
    <section>
      <h3>
        {releasable.releasable ? "Why it is safe" : "Why not yet"}{" "}
        <span className="t3 small regular">
          judged <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} suffix="ago" />
        </span>
      </h3>
      <Countdown preview={preview} />
      <ol className="reasons">
        {reasons.map(({ holds, text, detail }) => (
          <Reason
            key={text}
            tone={holds ? "good" : "failed"}
            said={holds ? "holds" : "does not hold"}
            title={text}
            detail={detail}
          />
        ))}
        {others.map((refusal) => (
          <Reason key={refusal} tone="failed" said="refused" title={refusal} detail={null} />
        ))}
        <Reason
          tone={certainty === "proven" ? "good" : "attention"}
          said={certainty}
          title={certainty === "proven" ? "Proven dead" : "Presumed dead"}
          detail={
            certainty === "proven"
              ? "evidence from its own machine, not from the database alone"
              : "by the database alone: the presumption its own peers make at 10 s, held much longer"
          }
        />
        <Reason
          tone="good"
          said="holds"
          title="Every statement is conditional"
          detail="a key that somebody else owns by now is left alone"
        />
        <Reason
          tone="good"
          said="holds"
          title="It stops by itself"
          detail="the incarnation is read again every 2 s; one beat of it ends the job"
        />
        <Reason
          tone="unknown"
          said="not known"
          title="A round that times out is unknown"
          detail="it is read again at LOCAL_SERIAL before anything goes on, never counted as failed"
        />
        <Reason tone="attention" said="remains" title="What remains" detail={residualRisk} />
      </ol>
    </section>
  );
}

interface ReasonProps {
  readonly tone: "good" | "failed" | "attention" | "unknown";
  readonly said: string;
  readonly title: string;
  readonly detail: string | null;
}

function Reason({ tone, said, title, detail }: ReasonProps) {
  return (
    <li>
      <Glyph tone={tone} label={said} />
      <div>
        <b>{title}</b>
        {detail !== null && <span>{detail}</span>}
      </div>
    </li>
  );
}

/** Counts down to the instant when it may be released, if only time is missing. */
function Countdown({ preview }: { readonly preview: FailoverPreviewOutput }) {
  const now = useNow();
  const { zone } = usePreferences();
  const { readyInMs } = preview.releasable;
  if (readyInMs === null || now === null || preview.releasable.releasable) return null;
  const left = leftOf(readyInMs, preview.asOf, now);
  return (
    <p className="warn" role="timer" aria-live="off">
      {left === 0 ? (
        "Asking again."
      ) : (
        <>
          If it stays silent, possible at <b className="strong">{formatClock(now + left, zone)}</b>{" "}
          <span className="t3">{zoneName(zone, now)}</span>, in <b className="strong">{formatDurationMs(left)}</b>.
        </>
      )}
    </p>
  );
}
