"use client";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Instant } from "#components/ui/time.tsx";
import { isMasked } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { foldBacktrace, foldedCount, shortFrame } from "./backtrace.ts";
import { MASKED_TEXT } from "./payload.ts";
import type { ActionOutput } from "./types.ts";

interface ErrorViewProps {
  readonly error: ActionOutput["error"];
  /** Known to everybody, also where the message is not. */
  readonly exceptionClass: string | null;
  readonly state: string;
  readonly at: EpochMs | null;
}

/** The error of a step: class, message, backtrace with the frames of libraries folded. */
export function ErrorView({ error, exceptionClass, state, at }: ErrorViewProps) {
  if (error === null) return null;
  const masked = isMasked(error);
  return (
    <>
      <div className={state === "error" ? "err" : "warn"}>
        <div className="row">
          <State system="step" word={state} />
          <span className="push small t3">
            <Instant at={at} />
          </span>
        </div>
        <div className="mono ex">
          <bdi>{masked ? exceptionClass : error.exceptionClass}</bdi>
        </div>
        <p className="err-msg wrap">
          {masked ? <span className="unk">message {MASKED_TEXT}</span> : <bdi>{error.message}</bdi>}
        </p>
      </div>
      {masked ? null : <Backtrace frames={error.backtrace} />}
    </>
  );
}

function Backtrace({ frames }: { readonly frames: readonly string[] }) {
  if (frames.length === 0) return <p className="small t3">It came without a backtrace.</p>;
  const parts = foldBacktrace(frames);
  return (
    <section className="bt mono" aria-label="Backtrace">
      <div className="bt-head">
        <span className="t2">Backtrace</span>
        <span className="push t3">
          {formatCount(frames.length)} frames, {formatCount(foldedCount(parts))} folded
        </span>
      </div>
      {parts.map((part, index) =>
        part.kind === "own" ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place in the trace
          <div key={index} className="own">
            <bdi>{part.frame}</bdi>
          </div>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place in the trace
          <details key={index}>
            <summary>{part.summary}</summary>
            {part.frames.map((frame, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place in the trace
              <div key={line} title={frame}>
                <bdi>{shortFrame(frame)}</bdi>
              </div>
            ))}
          </details>
        ),
      )}
    </section>
  );
}
