"use client";
import { useMemo, useState } from "react";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { copyText } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { isMasked } from "#server/contract/event.ts";
import { hidesSomething } from "#server/contract/mask-payload.ts";
import { MASK_DOTS } from "#server/contract/mask-text.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { foldBacktrace, foldedCount, shortFrame } from "./backtrace.ts";
import { MASKED_TEXT } from "./masked-text.ts";
import { Tool } from "./payload-tool.tsx";
import { Reveal } from "./reveal.tsx";
import type { ActionOutput } from "./types.ts";
import { useReveal } from "./use-reveal.ts";

interface ErrorViewProps {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
  readonly error: ActionOutput["error"];
  /** Known to everybody, also where the message is not. */
  readonly exceptionClass: string | null;
  readonly state: string;
  readonly at: EpochMs | null;
}

/** Text of a message that others with the same error are likely to hold too. */
const SAME_ERROR_MAX_CHARS = 80;

/** The error of a step: class, message, backtrace with the frames of libraries folded. */
export function ErrorView({ source, planId, stepId, error, exceptionClass, state, at }: ErrorViewProps) {
  const reveal = useReveal();
  const refusal = useRefusal("payloads:reveal");
  if (error === null) return null;
  const masked = isMasked(error);
  const hides = !masked && (hidesSomething(error.message) || error.backtrace.some(hidesSomething));
  const name = masked ? exceptionClass : error.exceptionClass;
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
          <bdi>{name}</bdi>
        </div>
        <p className="err-msg wrap">
          {masked ? <span className="unk">message {MASKED_TEXT}</span> : <bdi>{error.message}</bdi>}
        </p>
        <p className="small err-acts">
          <Link
            className="plain"
            href={routes.plans({ source, error: sameError(name ?? "", masked ? "" : error.message) })}
          >
            Same error elsewhere
          </Link>
          {!masked && <Tool onPress={() => void copyText(wholeError(error))}>Copy error</Tool>}
          {hides && (
            <Tool
              refusal={refusal}
              onPress={() => reveal.ask({ part: { kind: "error", stepId }, name: `error of step ${stepId}` })}
            >
              Reveal…
            </Tool>
          )}
        </p>
      </div>
      <Reveal reveal={reveal} source={source} planId={planId} />
      {masked ? null : <Backtrace frames={error.backtrace} />}
    </>
  );
}

type ErrorText = Exclude<ActionOutput["error"], null | { masked: true }>;
const wholeError = ({ exceptionClass, message, backtrace }: ErrorText): string =>
  [`${exceptionClass}: ${message}`, ...backtrace.map((frame) => `    ${frame}`)].join("\n");

/** The longest run of words of the message without what differs from case to case; else the class. */
function sameError(exceptionClass: string, message: string): string {
  const parts = message.split(new RegExp(`["'\`\\n:#<>]|${MASK_DOTS}|\\S*\\d\\S*`)).map((part) => part.trim());
  const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), "");
  return longest.length >= 8 ? longest.slice(0, SAME_ERROR_MAX_CHARS).trim() : exceptionClass;
}

function Backtrace({ frames }: { readonly frames: readonly string[] }) {
  const [unfolded, setUnfolded] = useState(false);
  const [needle, setNeedle] = useState("");
  const parts = useMemo(() => foldBacktrace(frames), [frames]);
  if (frames.length === 0) return <p className="small t3">It came without a backtrace.</p>;
  const wanted = needle.trim().toLowerCase();
  const found = wanted === "" ? null : frames.filter((frame) => frame.toLowerCase().includes(wanted));
  return (
    <section className="bt mono" aria-label="Backtrace">
      <div className="bt-head">
        <span className="t2">Backtrace</span>
        <span className="t3">
          {formatCount(frames.length)} frames, {formatCount(foldedCount(parts))} folded
        </span>
        <span className="push pl-tools">
          <input
            type="search"
            className="field"
            aria-label="Search the backtrace"
            placeholder="Only frames with"
            value={needle}
            onChange={(event) => setNeedle(event.target.value)}
          />
          {foldedCount(parts) > 0 && <Tool onPress={() => setUnfolded(!unfolded)}>{unfolded ? "Fold" : "Unfold"}</Tool>}
          <Tool onPress={() => void copyText(frames.join("\n"))}>Copy</Tool>
        </span>
      </div>
      {found !== null && (
        <>
          {found.length === 0 && <div>No frame holds this.</div>}
          {found.map((frame, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place in the trace
            <div key={index} className="own">
              <bdi>{frame}</bdi>
            </div>
          ))}
        </>
      )}
      {found === null &&
        parts.map((part, index) =>
          part.kind === "own" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place in the trace
            <div key={index} className="own">
              <bdi>{part.frame}</bdi>
            </div>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its place in the trace
            <details key={`${index}${unfolded}`} open={unfolded}>
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
