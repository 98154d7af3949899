"use client";
import { memo } from "react";
import { formatAgeMs, shortNode } from "#components/ui/format.ts";
import { GlyphAt } from "#components/ui/glyph.tsx";
import { lookOf } from "#server/kernel/states.ts";
import type { CellSize } from "./cell-layout.ts";

interface NodeCellProps {
  readonly index: number;
  readonly name: string;
  /** Word of the state language. */
  readonly word: string;
  readonly x: number;
  readonly y: number;
  readonly size: CellSize;
  /** Silence in milliseconds as last sampled; `null` = no sample. */
  readonly silentMs: number | null;
  /** Said where there is no sample. */
  readonly unsampled: string;
  /** 0..1 of what the bar shows; `null` = not known: hatched. */
  readonly bar: number | null;
  readonly barText: string;
  /** Other incarnations of the name. */
  readonly others: number;
  readonly selected: boolean;
  /** It differs from the instant that is compared with. */
  readonly changed: boolean;
  /** The one cell that Tab reaches. */
  readonly tabbable: boolean;
  /** The source is not heard. */
  readonly old: boolean;
  readonly href: string;
}

/** One node on the map: a link with glyph, name, heartbeat age and a bar. */
export const NodeCell = memo(function NodeCell(props: NodeCellProps) {
  const {
    index,
    name,
    word,
    x,
    y,
    size,
    silentMs,
    unsampled,
    bar,
    barText,
    others,
    selected,
    changed,
    tabbable,
    old,
    href,
  } = props;
  const { tone, shape } = lookOf("node", word);
  const { width, height, detail } = size;
  const quiet = word === "alive";
  const hatched = old || word === "gone" || word === "observing";
  const age = silentMs === null ? unsampled : `no change for ${formatAgeMs(silentMs)}`;
  const label = `${name}, ${word}, ${age}${barText === "" ? "" : `, ${barText}`}${others > 0 ? `, ${others} more of this name` : ""}${changed ? ", differs" : ""}`;
  return (
    <a
      className={`cell ${detail} t-${tone}${quiet ? " quiet" : ""}${selected ? " sel" : ""}${hatched ? " hatched" : ""}${word === "late" || tone === "failed" ? " loud" : ""}`}
      href={href}
      data-cell={index}
      tabIndex={tabbable ? 0 : -1}
      aria-current={selected || undefined}
    >
      <title>{label}</title>
      {changed && <rect className="changed" x={x - 1} y={y - 1} width={width + 2} height={height + 2} rx="3" />}
      {selected && <rect className="ring" x={x - 2.5} y={y - 2.5} width={width + 5} height={height + 5} rx="3" />}
      <rect
        className="box"
        x={x + 0.5}
        y={y + 0.5}
        width={width - 1}
        height={height - 1}
        rx={detail === "mark" ? 0 : 2}
      />
      {hatched && detail !== "mark" && (
        <rect className="over" x={x + 1} y={y + 1} width={width - 2} height={height - 2} fill="url(#hatch)" />
      )}
      {detail === "full" && (
        // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a group takes no focus; the link around it has the whole name
        <g aria-hidden="true">
          <GlyphAt tone={tone} shape={shape} x={x + 10} y={y + 12} size={9} />
          <text className="m nm" x={x + 18} y={y + 15.5}>
            {shortNode(name).slice(0, width > 50 ? 6 : 4)}
          </text>
          <text className="ag" x={x + width - 5} y={y + 30} textAnchor="end">
            {silentMs === null ? "–" : formatAgeMs(silentMs)}
          </text>
          {others > 0 && (
            <text className="more" x={x + 5} y={y + 30}>
              +{others}
            </text>
          )}
        </g>
      )}
      {detail === "glyph" && <GlyphAt tone={tone} shape={shape} x={x + width / 2} y={y + 8} size={quiet ? 7 : 11} />}
      {detail !== "mark" && (
        <>
          <rect
            className="bar-ground"
            x={x + 1}
            y={y + height - 4}
            width={width - 2}
            height="3"
            fill={bar === null ? "url(#hatch)" : undefined}
          />
          {bar !== null && (
            <rect className="bar-fill" x={x + 1} y={y + height - 4} width={bar * (width - 2)} height="3" />
          )}
        </>
      )}
    </a>
  );
});
