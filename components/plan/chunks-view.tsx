"use client";
import { useEffect, useMemo, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { Failure, Skeleton } from "#components/ui/widget.tsx";
import { kindsOf, type LogChunk, type LogLine, logLines, logText } from "./chunk-log.ts";
import { Tool } from "./payload-tool.tsx";
import { Reveal } from "./reveal.tsx";
import { fileName, saveFile } from "./save-file.ts";
import { useChunks } from "./use-chunks.ts";
import { useReveal } from "./use-reveal.ts";
import { useViewport } from "./use-viewport.ts";

const LINE_PX = 16;

interface ChunksViewProps {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
  /** While the step goes on, more may come. */
  readonly running: boolean;
}

/** Output chunks of a step as the log that they make. */
export function ChunksView({ source, planId, stepId, running }: ChunksViewProps) {
  const [wanted, setFollow] = useState(running);
  const [on, setOn] = useState(0);
  const follow = wanted && running;
  const { chunks, masked, more, reading, error } = useChunks({ source, planId, stepId }, follow, on);
  if (masked) return <p className="unk">hidden from viewers</p>;
  const again = () => setOn(on + 1);
  if (chunks.length === 0) {
    return error === null ? (
      <Skeleton rows={6} columns={1} what="the output chunks" />
    ) : (
      <Failure title="Cannot read the output chunks" error={error} onRetry={again} />
    );
  }
  return (
    <>
      <Log {...{ source, planId, stepId, chunks, follow, reading }} />
      {error !== null && <Failure title="Cannot read on" error={error} onRetry={again} />}
      {(running || more) && (
        <p className="row small">
          {running && (
            <Button small pressed={follow} onPress={() => setFollow(!wanted)}>
              Follow
            </Button>
          )}
          {more && (
            <Button small onPress={again}>
              Read on
            </Button>
          )}
        </p>
      )}
    </>
  );
}

interface LogProps {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
  readonly chunks: readonly LogChunk[];
  readonly follow: boolean;
  readonly reading: boolean;
}

function Log({ source, planId, stepId, chunks, follow, reading }: LogProps) {
  const [kind, setKind] = useState<string | null | undefined>(undefined);
  const [needle, setNeedle] = useState("");
  const [box, view] = useViewport<HTMLDivElement>();
  const reveal = useReveal();
  const refusal = useRefusal("payloads:reveal");
  const kinds = useMemo(() => kindsOf(chunks), [chunks]);
  const lines = useMemo(
    () => logLines(kind === undefined ? chunks : chunks.filter((chunk) => chunk.kind === kind)),
    [chunks, kind],
  );
  const wanted = needle.trim().toLowerCase();
  const shown = useMemo(
    () => (wanted === "" ? lines : lines.filter(({ text }) => text.toLowerCase().includes(wanted))),
    [lines, wanted],
  );
  const end = shown.length * LINE_PX;
  // Whoever follows stands at the end.
  useEffect(() => {
    if (follow) box.current?.scrollTo({ top: end });
  }, [box, follow, end]);
  const first = Math.max(0, Math.floor(view.y / LINE_PX));
  const last = Math.ceil((view.y + view.height) / LINE_PX);
  const masked = shown.find((line) => line.maskedId !== null);
  return (
    <div className="pl">
      <div className="pl-bar">
        <input
          type="search"
          className="field"
          aria-label="Search in the log"
          placeholder="Only lines with"
          value={needle}
          onChange={(event) => setNeedle(event.target.value)}
        />
        {kinds.length > 1 &&
          kinds.map(({ kind: each, count }) => (
            <button
              key={each ?? ""}
              type="button"
              className="chip"
              aria-pressed={kind === each}
              onClick={() => setKind(kind === each ? undefined : each)}
            >
              <bdi>{each ?? "no kind"}</bdi> <span className="of">{formatCount(count)}</span>
            </button>
          ))}
      </div>
      <section
        ref={box}
        className="pl-box mono log"
        aria-label="Log" // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        tabIndex={0}
      >
        <div className="pl-ground" style={{ height: end }}>
          {shown.slice(first, last).map((line, offset) => (
            <LogRow key={line.key} line={line} top={(first + offset) * LINE_PX} />
          ))}
        </div>
      </section>
      <div className="pl-foot small">
        <span className="t3 nowrap">
          {reading && "reading on, "}
          {wanted === ""
            ? plural(shown.length, "line")
            : `${formatCount(shown.length)} of ${plural(lines.length, "line")}`}
        </span>
        {masked !== undefined && masked.maskedId !== null && (
          <Tool
            refusal={refusal}
            onPress={() =>
              reveal.ask({
                part: { kind: "chunk", stepId, chunkId: masked.maskedId ?? 0 },
                name: `chunk ${masked.maskedId}`,
              })
            }
          >
            Reveal the first masked…
          </Tool>
        )}
        <span className="push pl-tools">
          <Tool onPress={() => saveFile(`${fileName(planId, stepId, "log")}.txt`, [logText(chunks)], "text/plain")}>
            Download
          </Tool>
        </span>
      </div>
      <Reveal reveal={reveal} source={source} planId={planId} />
    </div>
  );
}

function LogRow({ line, top }: { readonly line: LogLine; readonly top: number }) {
  return (
    <div className={`pl-row${line.note ? " t3" : ""}`} style={{ top }}>
      <span className="t3 log-at">
        <Instant at={parseInstant(line.timestamp)} form="ms" />
      </span>
      {line.kind !== null && <span className="t3 log-kind">{line.kind}</span>}
      <bdi>{line.text}</bdi>
    </div>
  );
}
