"use client";
import { useRef } from "react";
import { formatCount } from "#components/ui/format.ts";
import { Icon } from "#components/ui/icons.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { clampScale } from "./flow-moves.ts";
import type { FlowTools } from "./use-flow-tools.ts";

const ZOOM = 1.5;
const PERCENT = 100;

interface FlowBarProps {
  readonly tools: FlowTools;
  /** What the critical path comes to; `null` = it is not shown. */
  readonly criticalWords: string | null;
  /** Folds that are open, by what they hold. */
  readonly unfolded: readonly { readonly key: number; readonly name: string }[];
  readonly onFit: () => void;
}

/** What one does with a flow: find in it, see its critical path, fold, zoom, take it as mermaid. */
export function FlowBar({ tools, criticalWords, unfolded, onFit }: FlowBarProps) {
  const { find, setFind, hits, hitAt, nextHit, critical, setCritical, as, setAs, scale, setScale, fold } = tools;
  const input = useRef<HTMLInputElement>(null);
  useKeys(
    [
      {
        keys: "/",
        does: "find a step in the flow",
        run: () => {
          input.current?.focus();
          return true;
        },
      },
    ],
    { group: "Plan", enabled: as === "drawing" },
  );
  return (
    <div className="flow-bar">
      {as === "drawing" && (
        // biome-ignore lint/a11y/useSemanticElements: the element `search` is not known to every browser this runs in
        <div className="flow-find" role="search">
          <label className="field">
            <Icon name="search" size={14} />
            <input
              ref={input}
              value={find}
              placeholder="Find by id, class or state"
              aria-label="Find a step"
              onChange={(event) => setFind(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter") nextHit(event.shiftKey ? -1 : 1);
                else if (event.key === "Escape") setFind("");
                else return;
                event.preventDefault();
              }}
            />
          </label>
          {find.trim() !== "" && (
            <>
              <span className="small t2 num" role="status">
                {hits.length === 0
                  ? "none"
                  : `${hitAt === null ? "" : `${formatCount(hitAt + 1)} of `}${formatCount(hits.length)}`}
              </span>
              <span className="seg">
                <button
                  type="button"
                  aria-label="Previous hit"
                  disabled={hits.length === 0}
                  onClick={() => nextHit(-1)}
                >
                  ‹
                </button>
                <button type="button" aria-label="Next hit" disabled={hits.length === 0} onClick={() => nextHit(1)}>
                  ›
                </button>
              </span>
            </>
          )}
        </div>
      )}
      <button type="button" className="chip" aria-pressed={critical} onClick={() => setCritical(!critical)}>
        <span className="crit-key" aria-hidden="true" />
        Critical path
        {criticalWords !== null && <span className="of">{criticalWords}</span>}
      </button>
      {unfolded.map(({ key, name }) => (
        <button
          key={key}
          type="button"
          className="chip"
          aria-pressed="true"
          onClick={() => fold(key)}
          title="Fold again"
        >
          <span className="trunc">{name}</span>
          <span className="of">fold</span>
        </button>
      ))}
      <span className="push flow-bar-end">
        {as === "drawing" && (
          // biome-ignore lint/a11y/useSemanticElements: buttons that belong together, not a set of fields
          <span className="seg" role="group" aria-label="Zoom">
            <button type="button" aria-label="Zoom out" onClick={() => setScale(clampScale(scale / ZOOM))}>
              −
            </button>
            <button type="button" title="Natural size" onClick={() => setScale(1)} className="num">
              {percent(scale)}
            </button>
            <button type="button" aria-label="Zoom in" onClick={() => setScale(clampScale(scale * ZOOM))}>
              +
            </button>
            <button type="button" onClick={onFit}>
              Fit
            </button>
          </span>
        )}
        {/* biome-ignore lint/a11y/useSemanticElements: buttons that belong together, not a set of fields */}
        <span className="seg" role="group" aria-label="Drawn as">
          <button type="button" aria-pressed={as === "drawing"} onClick={() => setAs("drawing")}>
            Drawing
          </button>
          <button type="button" aria-pressed={as === "mermaid"} onClick={() => setAs("mermaid")}>
            Mermaid
          </button>
        </span>
      </span>
    </div>
  );
}

const percent = (scale: number): string => {
  const of = scale * PERCENT;
  return `${of >= 10 ? Math.round(of) : of.toFixed(1)} %`;
};
