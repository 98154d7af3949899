"use client";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "#components/ui/preferences.tsx";
import { DIAGRAM_NODES_MAX, type Diagram, type DiagramMarks, SEQUENCE_PARTIES_MAX } from "./diagram.ts";
import { parseFromFrame, type ToFrame } from "./frame-protocol.ts";
import { toFrameMarks, toFrameWords } from "./frame-words.ts";
import { cleanSvg } from "./svg-file.ts";

/** The frame has this long to load mermaid and to draw; then the table stands for the picture. */
const DRAW_TIMEOUT_MS = 10_000;
const SAVE_TIMEOUT_MS = 10_000;

export type FrameState =
  | { readonly phase: "drawing" }
  | { readonly phase: "drawn"; readonly width: number; readonly height: number }
  | { readonly phase: "failed"; readonly message: string };

interface UsedFrame {
  readonly ref: React.RefObject<HTMLIFrameElement | null>;
  readonly state: FrameState;
  /** Where the marked present stands in the picture; `null` until the frame has said it. */
  readonly here: { readonly x: number; readonly y: number } | null;
  /** The picture as it is shown, as text of an SVG file; `null` when it cannot be had. */
  readonly save: () => Promise<string | null>;
}

/**
 * Talks to the sandboxed frame: sends the drawing once, and its marks and words as they change. Only another source is
 * drawn anew: words of the same length need no new drawing.
 */
export function useFrame(diagram: Diagram, marks: DiagramMarks): UsedFrame {
  const ref = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(false);
  const [state, setState] = useState<FrameState>({ phase: "drawing" });
  const [here, setHere] = useState<UsedFrame["here"]>(null);
  const drawing = useRef(0);
  /** Who waits for the picture as a file. */
  const asking = useRef<((svg: string | null) => void) | null>(null);
  const { theme } = usePreferences();
  const frameMarks = useMemo(() => toFrameMarks(diagram, marks), [diagram, marks]);
  const words = useMemo(() => toFrameWords(diagram), [diagram]);
  const { source } = diagram;
  const latest = useRef({ marks: frameMarks, words });
  /** The words that the frame has. */
  const sent = useRef<typeof words | null>(null);
  const count = diagram.nodes.length;
  const tooLarge = count > (source.startsWith("sequenceDiagram") ? SEQUENCE_PARTIES_MAX : DIAGRAM_NODES_MAX);

  // Its origin is opaque, so no target origin can be named; what is sent is what this page shows anyway.
  const send = useCallback((message: ToFrame) => ref.current?.contentWindow?.postMessage(message, "*"), []);

  useEffect(() => {
    const hear = (event: MessageEvent<unknown>) => {
      if (ref.current === null || event.source !== ref.current.contentWindow) return;
      const message = parseFromFrame(event.data);
      if (message === null) return;
      if (message.type === "ready") setReady(true);
      else if (message.type === "here") setHere({ x: message.x, y: message.y });
      else if (message.type === "saved") asking.current?.(message.svg === null ? null : cleanSvg(message.svg));
      else if (message.drawing !== drawing.current) return;
      else if (message.type === "failed") setState({ phase: "failed", message: message.message });
      else setState({ phase: "drawn", width: message.width, height: message.height });
    };
    window.addEventListener("message", hear);
    return () => window.removeEventListener("message", hear);
  }, []);

  const save = useCallback(
    () =>
      new Promise<string | null>((resolve) => {
        asking.current?.(null);
        const late = setTimeout(() => asking.current?.(null), SAVE_TIMEOUT_MS);
        asking.current = (svg) => {
          clearTimeout(late);
          asking.current = null;
          resolve(svg);
        };
        send({ type: "save" });
      }),
    [send],
  );

  useEffect(() => {
    latest.current = { marks: frameMarks, words };
  }, [frameMarks, words]);

  useEffect(() => {
    if (ready) send({ type: "theme", theme });
  }, [ready, theme, send]);

  useEffect(() => {
    if (tooLarge) {
      setState({ phase: "failed", message: `It has ${count} nodes, too many to be drawn.` });
      return;
    }
    const late = setTimeout(() => {
      setState((now) => (now.phase === "drawn" ? now : { phase: "failed", message: "The picture took too long." }));
    }, DRAW_TIMEOUT_MS);
    if (ready) {
      drawing.current += 1;
      sent.current = latest.current.words;
      send({ type: "draw", drawing: drawing.current, source, ...latest.current });
    }
    return () => clearTimeout(late);
  }, [source, count, ready, tooLarge, send]);

  useEffect(() => {
    if (!ready || sent.current === words) return;
    sent.current = words;
    send({ type: "words", words });
  }, [words, ready, send]);

  useEffect(() => {
    if (ready) send({ type: "mark", marks: frameMarks });
  }, [frameMarks, ready, send]);

  return { ref, state, here, save };
}
