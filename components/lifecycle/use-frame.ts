"use client";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "#components/ui/preferences.tsx";
import { DIAGRAM_NODES_MAX, type Diagram, type DiagramMarks } from "./diagram.ts";
import { parseFromFrame, type ToFrame } from "./frame-protocol.ts";
import { toFrameMarks, toFrameWords } from "./frame-words.ts";

/** The frame has this long to load mermaid and to draw; then the table stands for the picture. */
const DRAW_TIMEOUT_MS = 10_000;

export type FrameState =
  | { readonly phase: "drawing" }
  | { readonly phase: "drawn"; readonly width: number; readonly height: number }
  | { readonly phase: "failed"; readonly message: string };

interface UsedFrame {
  readonly ref: React.RefObject<HTMLIFrameElement | null>;
  readonly state: FrameState;
  /** Where the marked present stands in the picture; `null` until the frame has said it. */
  readonly here: number | null;
}

/** Talks to the sandboxed frame: sends the drawing once and its marks as they change. */
export function useFrame(diagram: Diagram, marks: DiagramMarks): UsedFrame {
  const ref = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(false);
  const [state, setState] = useState<FrameState>({ phase: "drawing" });
  const [here, setHere] = useState<number | null>(null);
  const drawing = useRef(0);
  const { theme } = usePreferences();
  const frameMarks = useMemo(() => toFrameMarks(diagram, marks), [diagram, marks]);
  const latestMarks = useRef(frameMarks);
  const tooLarge = diagram.nodes.length > DIAGRAM_NODES_MAX;

  // Its origin is opaque, so no target origin can be named; what is sent is what this page shows anyway.
  const send = useCallback((message: ToFrame) => ref.current?.contentWindow?.postMessage(message, "*"), []);

  useEffect(() => {
    const hear = (event: MessageEvent<unknown>) => {
      if (ref.current === null || event.source !== ref.current.contentWindow) return;
      const message = parseFromFrame(event.data);
      if (message === null) return;
      if (message.type === "ready") setReady(true);
      else if (message.type === "here") setHere(message.x);
      else if (message.drawing !== drawing.current) return;
      else if (message.type === "failed") setState({ phase: "failed", message: message.message });
      else setState({ phase: "drawn", width: message.width, height: message.height });
    };
    window.addEventListener("message", hear);
    return () => window.removeEventListener("message", hear);
  }, []);

  useEffect(() => {
    if (ready) send({ type: "theme", theme });
  }, [ready, theme, send]);

  useEffect(() => {
    if (tooLarge) {
      setState({ phase: "failed", message: `It has ${diagram.nodes.length} nodes, too many to be drawn.` });
      return;
    }
    const late = setTimeout(() => {
      setState((now) => (now.phase === "drawn" ? now : { phase: "failed", message: "The picture took too long." }));
    }, DRAW_TIMEOUT_MS);
    if (ready) {
      drawing.current += 1;
      const words = toFrameWords(diagram);
      send({ type: "draw", drawing: drawing.current, source: diagram.source, words, marks: latestMarks.current });
    }
    return () => clearTimeout(late);
  }, [diagram, ready, tooLarge, send]);

  useEffect(() => {
    latestMarks.current = frameMarks;
    if (ready) send({ type: "mark", marks: frameMarks });
  }, [frameMarks, ready, send]);

  return { ref, state, here };
}
