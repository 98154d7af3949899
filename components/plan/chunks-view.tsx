"use client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import { kindsOf, type LogChunk, type LogLine, logLines, logText } from "./chunk-log.ts";
import { Tool } from "./payload-tool.tsx";
import { Reveal } from "./reveal.tsx";
import { fileName, saveFile } from "./save-file.ts";
import { useReveal } from "./use-reveal.ts";
import { useViewport } from "./use-viewport.ts";

const LINE_PX = 16;
const FOLLOW_EVERY_MS = 2_000;
/** Pages read without asking: a log of 10,000 chunks is there at once, a longer one by a press. */
const PAGES_AT_ONCE = 50;

interface ChunksViewProps {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
  /** While the step goes on, more may come. */
  readonly running: boolean;
}

/** Output chunks of a step as the log that they make. */
export function ChunksView({ source, planId, stepId, running }: ChunksViewProps) {
  const trpc = useTRPC();
  const [follow, setFollow] = useState(running);
  const input = { source, planId, stepId };
  const first = trpc.dynflow.plans.chunks.queryOptions(input);
  const query = useInfiniteQuery({
    queryKey: [...first.queryKey, "all"],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal, client }) =>
      client.fetchQuery({
        ...trpc.dynflow.plans.chunks.queryOptions({ ...input, after: pageParam }),
        staleTime: 0,
        gcTime: 0,
        meta: { signal },
      }),
    getNextPageParam: (page) => page.next,
    refetchInterval: follow && running ? FOLLOW_EVERY_MS : false,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const pages = data?.pages.length ?? 0;
  if (hasNextPage && !isFetchingNextPage && pages < PAGES_AT_ONCE) void fetchNextPage();
  return (
    <QueryWidget query={query} what="the output chunks" rows={6} columns={1}>
      {({ pages: read }) => {
        const chunks = read.flatMap((page) => (isMasked(page.chunks) ? [] : page.chunks));
        if (read.some((page) => isMasked(page.chunks))) return <p className="unk">hidden from viewers</p>;
        return (
          <>
            <Log {...input} chunks={chunks} follow={follow && running} />
            {(running || hasNextPage) && (
              <p className="row small">
                {running && (
                  <Button small pressed={follow} onPress={() => setFollow(!follow)}>
                    Follow
                  </Button>
                )}
                {hasNextPage && pages >= PAGES_AT_ONCE && (
                  <Button small onPress={() => void fetchNextPage()}>
                    Read more
                  </Button>
                )}
              </p>
            )}
          </>
        );
      }}
    </QueryWidget>
  );
}

interface LogProps {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
  readonly chunks: readonly LogChunk[];
  readonly follow: boolean;
}

function Log({ source, planId, stepId, chunks, follow }: LogProps) {
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
  // Whoever follows stands at the end.
  const end = shown.length * LINE_PX;
  const element = box.current;
  if (follow && element !== null) queueMicrotask(() => element.scrollTo({ top: end }));
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
