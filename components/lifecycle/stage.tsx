"use client";
import { useEffect, useRef } from "react";
import { type FromFrame, parseToFrame, type ToFrame } from "./frame-protocol.ts";
import theme from "./mermaid-theme.json" with { type: "json" };
import { placeOfNow, setMarks, setWords, tidySequence } from "./stage-svg.ts";
import { svgFileOf } from "./svg-file.ts";
import "./stage.css";

/** Boxes are measured in this font: it has to be there first, but not for ever. */
const FONT_TIMEOUT_MS = 2_000;
const TEXT_MAX = 80_000;
const EDGES_MAX = 200;
/** Room for a second line on an arrow. */
const RANK_SPACING = 24;
/** Lines of a sequence close together: there can be many. */
const SEQUENCE = {
  actorFontSize: 12,
  messageFontSize: 12,
  noteFontSize: 11,
  width: 96,
  height: 32,
  actorMargin: 28,
  messageMargin: 22,
  noteMargin: 6,
  boxTextMargin: 4,
};
const FONT = "12px 'IBM Plex Sans Variable'";

type Draw = Extract<ToFrame, { type: "draw" }>;

/**
 * The page inside the sandboxed frame: it draws what the embedding page sends and nothing else. It has no cookie, no
 * storage and no network (`server/http/security-headers.ts`).
 */
export function Stage() {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { parent } = window;
    const box = ref.current;
    if (box === null || parent === window) return;
    // The embedding page's origin is not known here; whoever embeds us is allowed to by `frame-ancestors` alone.
    const say = (message: FromFrame) => parent.postMessage(message, "*");
    const stage = createStage(box, say);
    const hear = (event: MessageEvent<unknown>) => {
      if (event.source !== parent) return;
      const message = parseToFrame(event.data);
      if (message !== null) stage.hear(message);
    };
    window.addEventListener("message", hear);
    say({ type: "ready" });
    return () => window.removeEventListener("message", hear);
  }, []);
  return <div ref={ref} className="stage" />;
}

function createStage(box: HTMLElement, say: (message: FromFrame) => void) {
  let drawn: { readonly svg: SVGSVGElement; readonly edges: readonly string[] } | null = null;
  let marks: Draw["marks"] | null = null;
  /** One drawing at a time, in order. */
  let queue: Promise<void> = Promise.resolve();

  function sayHere(): void {
    const here = drawn === null ? null : placeOfNow(drawn.svg);
    if (here !== null) say({ type: "here", ...here });
  }

  async function draw(message: Draw): Promise<void> {
    try {
      const svg = await render(message, box);
      const edges = Object.keys(message.words.edges);
      drawn = { svg, edges };
      if (message.source.startsWith("sequenceDiagram")) tidySequence(svg);
      setWords(svg, message.words);
      setMarks(svg, edges, marks ?? message.marks);
      const { width, height } = sizeOf(svg);
      say({ type: "drawn", drawing: message.drawing, width, height });
      sayHere();
    } catch (error) {
      box.replaceChildren();
      drawn = null;
      const text = error instanceof Error ? error.message : String(error);
      say({ type: "failed", drawing: message.drawing, message: text });
    }
  }

  return {
    hear(message: ToFrame): void {
      switch (message.type) {
        case "theme":
          if (message.theme === "system") delete document.documentElement.dataset.theme;
          else document.documentElement.dataset.theme = message.theme;
          return;
        case "mark":
          marks = message.marks;
          if (drawn === null) return;
          setMarks(drawn.svg, drawn.edges, marks);
          sayHere();
          return;
        case "words":
          // Behind a drawing that is on its way: they are meant for it.
          queue = queue.then(() => {
            if (drawn !== null) setWords(drawn.svg, message.words);
          });
          return;
        case "save":
          queue = queue.then(() => say({ type: "saved", svg: drawn === null ? null : fileOf(drawn.svg) }));
          return;
        case "draw":
          marks = null;
          queue = queue.then(() => draw(message));
          return;
      }
    },
  };
}

async function render({ source, drawing }: Draw, box: HTMLElement): Promise<SVGSVGElement> {
  const [{ default: mermaid }] = await Promise.all([import("mermaid"), fontReady()]);
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  mermaid.initialize({
    ...theme.common,
    theme: "base",
    look: "classic",
    securityLevel: "strict",
    flowchart: { ...theme.common.flowchart, curve: "linear", rankSpacing: RANK_SPACING },
    sequence: { ...theme.common.sequence, ...SEQUENCE },
    themeVariables: dark ? theme.themeVariables.dark : theme.themeVariables.light,
    themeCSS: theme.themeCSS,
    maxTextSize: TEXT_MAX,
    maxEdges: EDGES_MAX,
    suppressErrorRendering: true,
    deterministicIds: true,
  });
  // Each drawing has an id of its own: drawing again under the same one would take the shown one away.
  const { svg: text } = await mermaid.render(`d${drawing}`, source);
  const parsed = new DOMParser().parseFromString(text, "text/html").querySelector("svg");
  if (parsed === null) throw new Error("mermaid drew nothing");
  box.replaceChildren(parsed);
  return parsed;
}

async function fontReady(): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, FONT_TIMEOUT_MS));
  // A font that cannot be had is no reason not to draw: the fallback is measured then.
  await Promise.race([document.fonts.load(FONT).catch(() => []), late]);
}

function sizeOf(svg: SVGSVGElement): { readonly width: number; readonly height: number } {
  const { width, height } = svg.viewBox.baseVal;
  return { width, height };
}

/** `null` when it cannot be made: the picture on screen stays as it is. */
function fileOf(svg: SVGSVGElement): string | null {
  try {
    return svgFileOf(svg, getComputedStyle(document.body).backgroundColor);
  } catch {
    // The page says so, beside the button.
    return null;
  }
}
