"use client";
import { formatClock, formatDurationMs, zoneName } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useNow } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { Age } from "#components/ui/time.tsx";
import type { ReleasableView } from "#server/contract/wire/dna.ts";
import type { FailoverPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { leftOf } from "./release-words.ts";

/** Why it is safe, or not yet; how sure the death is; what remains even then. */
export const FailoverReasons = ({ preview }: { readonly preview: FailoverPreviewOutput }) => (
  <JudgedReasons
    releasable={preview.releasable}
    asOf={preview.asOf}
    refusals={preview.refusals}
    notMoved={preview.notMoved}
  />
);

interface JudgedReasonsProps {
  /** `null` = there is nobody to judge. */
  readonly releasable: ReleasableView | null;
  readonly asOf: string | null;
  readonly refusals: readonly string[];
  /** Why keys of one that lives are not moved; `null` = it does not live. */
  readonly notMoved: string | null;
}

/** The same of whatever is to be failed over. */
export function JudgedReasons({ releasable, asOf, refusals, notMoved }: JudgedReasonsProps) {
  const reasons = releasable?.reasons ?? [];
  const told = new Set(reasons.map(({ text }) => `Not yet true: ${text}`));
  const others = refusals.filter((refusal) => !told.has(refusal));
  return (
    <section>
      <h3>
        {releasable?.releasable === true ? "Why it is safe" : notMoved === null ? "Why not yet" : "Why not"}{" "}
        <span className="t3 small regular">
          judged <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} suffix="ago" />
        </span>
      </h3>
      {releasable !== null && <Countdown releasable={releasable} asOf={asOf} />}
      {notMoved !== null && <p className="warn small wrap">{notMoved}</p>}
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
        {releasable !== null && <Certainty releasable={releasable} />}
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
          detail="judged anew before every round, read again every 2 s; one beat of it ends the job"
        />
        <Reason
          tone="unknown"
          said="not known"
          title="A round that times out is unknown"
          detail="it is read again at LOCAL_SERIAL before anything goes on, never counted as failed"
        />
        {releasable !== null && (
          <Reason tone="attention" said="remains" title="What remains" detail={releasable.residualRisk} />
        )}
        <Reason
          tone="attention"
          said="remains"
          title="A hung worker"
          detail="a VM whose cluster worker hangs may serve from its cache without beating; only its own machine can tell (BEAM), a time-out there proves nothing"
        />
      </ol>
    </section>
  );
}

/** Presumed or proven: by what, as the reasons above tell with its age. */
function Certainty({ releasable: { certainty } }: { readonly releasable: ReleasableView }) {
  const proven = certainty === "proven";
  return (
    <Reason
      tone={proven ? "good" : "attention"}
      said={certainty}
      title={proven ? "Proven dead" : "Presumed dead"}
      detail={
        proven
          ? "evidence from its own machine, not from the database alone; it stands in for the 75 s"
          : "by the database alone: the presumption its own peers make at 10 s, held for 75 s"
      }
    />
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
function Countdown({ releasable, asOf }: { readonly releasable: ReleasableView; readonly asOf: string | null }) {
  const now = useNow();
  const { zone } = usePreferences();
  const { readyInMs } = releasable;
  if (readyInMs === null || now === null || releasable.releasable) return null;
  const left = leftOf(readyInMs, asOf, now);
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
