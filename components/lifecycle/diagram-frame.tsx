"use client";
import { useEffect, useId, useRef, useState } from "react";
import { fileName, saveFile } from "#components/plan/save-file.ts";
import { copyText } from "#components/ui/ident.tsx";
import { routes } from "#components/ui/routes.ts";
import type { Diagram, DiagramMarks } from "./diagram.ts";
import { useFrame } from "./use-frame.ts";
import "./lifecycle.css";

/** Room kept while it is drawn the first time, so that nothing below moves much. */
const FIRST_HEIGHT = 160;
/** How tall each picture was when it was last drawn: what is shown again keeps its room. */
const HEIGHTS_KEPT = 64;
const heights = new Map<string, number>();

function keepHeight(title: string, height: number): void {
  if (!heights.has(title) && heights.size >= HEIGHTS_KEPT) heights.clear();
  heights.set(title, height);
}

interface DiagramFrameProps {
  readonly diagram: Diagram;
  readonly marks: DiagramMarks;
  /** What the picture says, for those who do not see it: the twin that is always there. */
  readonly twin: React.ReactNode;
  readonly note?: React.ReactNode;
  /** How tall the picture is, in pixels, where that is known before it is drawn. */
  readonly room?: number;
}

/** A mermaid diagram in its sandboxed frame, with its table twin and its text to take along. */
export function DiagramFrame({ diagram, marks, twin, note, room = FIRST_HEIGHT }: DiagramFrameProps) {
  const { ref, state, here, save } = useFrame(diagram, marks);
  const box = useRef<HTMLDivElement>(null);
  const [table, setTable] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const twinId = useId();
  const failed = state.phase === "failed";
  const drawn = state.phase === "drawn";
  const height = drawn ? state.height : null;
  useEffect(() => {
    if (height !== null) keepHeight(diagram.title, height);
  }, [diagram.title, height]);
  useEffect(() => {
    const element = box.current;
    if (element === null || here === null || !drawn) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = element;
    const seen = here.x >= scrollLeft && here.x <= scrollLeft + clientWidth;
    const level = here.y >= scrollTop && here.y <= scrollTop + clientHeight;
    if (seen && level) return;
    element.scrollTo({
      ...(seen ? {} : { left: here.x - clientWidth / 2 }),
      ...(level ? {} : { top: here.y - clientHeight / 2 }),
    });
  }, [here, drawn]);
  const copy = async () => setSaid((await copyText(diagram.text)) ? "copied" : "could not copy");
  const download = async () => {
    const svg = await save();
    if (svg === null) return setSaid("could not be saved");
    saveFile(`${fileName(diagram.title)}.svg`, [svg], "image/svg+xml");
    setSaid("saved");
  };
  return (
    <figure className="diagram" aria-label={diagram.title}>
      <figcaption className="diagram-bar small t3">
        <span className="trunc">{note}</span>
        <button
          type="button"
          className="btn-plain push"
          aria-expanded={table || failed}
          aria-controls={twinId}
          onClick={() => setTable(!table)}
        >
          {table ? "Hide the table" : "Table"}
        </button>
        <button type="button" className="btn-plain" onClick={copy}>
          Copy as mermaid
        </button>
        {!failed && (
          <button type="button" className="btn-plain" disabled={!drawn} onClick={download}>
            Save as SVG
          </button>
        )}
        <span role="status">{said}</span>
      </figcaption>
      {failed ? (
        <p className="small t2">Shown as a table. {state.message}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <div ref={box} tabIndex={0} className="diagram-box" aria-busy={!drawn || undefined}>
          <iframe
            ref={ref}
            src={routes.diagram()}
            title={`${diagram.title}, as a picture; its table says the same`}
            sandbox="allow-scripts"
            referrerPolicy="no-referrer"
            tabIndex={-1}
            width={drawn ? state.width : "100%"}
            height={height ?? heights.get(diagram.title) ?? room}
            className={drawn ? "drawn" : "drawing"}
          />
        </div>
      )}
      <div id={twinId} className={table || failed ? "diagram-twin" : "vh"}>
        {twin}
      </div>
    </figure>
  );
}
