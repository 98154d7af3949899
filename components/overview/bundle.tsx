import { shortNode } from "#components/ui/format.ts";
import { GlyphAt } from "#components/ui/glyph.tsx";
import { lookOf } from "#server/kernel/states.ts";
import type { NodeLine } from "./node-lines.ts";

interface BundleProps {
  readonly width: number;
  readonly lines: readonly NodeLine[];
  readonly span: { readonly from: number; readonly to: number };
  /** Before it nothing was read. */
  readonly knownFrom: number;
  /** The source has not been heard since; `null` = it is. */
  readonly heardTo: number | null;
  readonly label: string;
}

const PITCH_MAX = 8;
const HEIGHT_MAX = 112;
const LABELS_PX = 52;
const LABEL_PITCH = 11;

/** Lines closer than this are not told apart: then those that were well all the time are one band. */
const TOLD_APART_PX = 2;

/** Pixels between two lines: fewer for many nodes, so that every cluster has the same height at most. */
export const pitchOf = (count: number): number => Math.min(PITCH_MAX, HEIGHT_MAX / Math.max(1, count));

/** Something happened to it within the span, or it is not simply well. */
const isEventful = ({ pieces, begins, node }: NodeLine): boolean =>
  begins || pieces.length > 1 || node.state !== "alive";

/** Nodes that are not simply well, with the place of their label: lines keep theirs, labels do not overlap. */
export function labelPlaces(ys: readonly number[], height: number): readonly number[] {
  const places: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const y of ys) {
    last = Math.max(y, last + LABEL_PITCH);
    places.push(last);
  }
  const over = Math.max(0, (places.at(-1) ?? 0) - (height - 4));
  return places.map((place, index) => Math.max(place - over, 5 + index * LABEL_PITCH));
}

/** World lines side by side: solid = there, thick = it matters, dashed = row deleted, hatched = not known, ring = begins. */
export function Bundle({ width, lines, span, knownFrom, heardTo, label }: BundleProps) {
  const pitch = pitchOf(lines.length);
  const height = Math.max(3 * PITCH_MAX, Math.ceil(lines.length * pitch) + 6);
  const right = Math.max(40, width - LABELS_PX);
  const toX = (at: number) => Math.min(1, Math.max(0, (at - span.from) / (span.to - span.from))) * right;
  const yOf = (index: number) => 4.5 + Math.floor(index * pitch);
  const odd = lines
    .map((line, index) => ({ line, index }))
    .filter(({ line }) => line.node.state !== "alive" || hasConflict(line));
  const labelled = odd.slice(0, Math.floor((height - 4) / LABEL_PITCH));
  const places = labelPlaces(
    labelled.map(({ index }) => yOf(index)),
    height,
  );
  const unread = toX(knownFrom);
  const band = pitch < TOLD_APART_PX;
  return (
    <svg width={width} height={height} role="img" aria-label={label} className="bundle-svg">
      {[0.25, 0.5, 0.75].map((share) => (
        <line key={share} className="gr" x1={share * right} x2={share * right} y1="0" y2={height} />
      ))}
      {unread > 1 && <rect x="0" y="0" width={unread} height={height} fill="url(#hatch)" />}
      {band && <rect className="band" x={unread} y="0" width={Math.max(0, right - unread)} height={height} />}
      {lines.map((line, index) =>
        band && !isEventful(line) ? null : (
          <Line key={line.incarnation} line={line} y={yOf(index)} toX={toX} from={unread} />
        ),
      )}
      {heardTo !== null && (
        <rect x={toX(heardTo)} y="0" width={right - toX(heardTo)} height={height} fill="url(#hatch)" />
      )}
      {labelled.map(({ line, index }, place) => (
        <OddLabel key={line.incarnation} line={line} x={right} fromY={yOf(index)} y={places[place] ?? yOf(index)} />
      ))}
      {odd.length > labelled.length && (
        <text x={right + 8} y={height - 1}>
          +{odd.length - labelled.length}
        </text>
      )}
    </svg>
  );
}

const hasConflict = ({ node }: NodeLine): boolean => node.flags.name_conflict !== undefined;

function Line({ line, y, toX, from }: { line: NodeLine; y: number; toX: (at: number) => number; from: number }) {
  return (
    <>
      {line.pieces.map((piece) => {
        const [x1, x2] = [Math.max(from, toX(piece.from)), toX(piece.to)];
        if (x2 <= x1) return null;
        const { tone } = lookOf("node", piece.state);
        return (
          <line
            key={piece.from}
            className={`wl ${piece.state} t-${tone}`}
            x1={x1}
            x2={Math.max(x2, x1 + 1)}
            y1={y}
            y2={y}
          />
        );
      })}
      {line.begins && <circle className="begin" cx={toX(line.pieces[0]?.from ?? 0)} cy={y} r="2.2" />}
    </>
  );
}

function OddLabel({ line, x, fromY, y }: { line: NodeLine; x: number; fromY: number; y: number }) {
  const { tone, shape } = lookOf("node", hasConflict(line) ? "name_conflict" : line.node.state);
  return (
    <g className={`odd t-${tone}`}>
      <title>{`${line.node.node} ${line.node.state}`}</title>
      {Math.abs(fromY - y) > 2 && <path className="lead" d={`M${x} ${fromY}L${x + 6} ${y}`} />}
      <GlyphAt tone={tone} shape={shape} x={x + 12} y={y} size={10} />
      <text x={x + 20} y={y + 3.5}>
        {shortNode(line.node.node).slice(0, 7)}
      </text>
    </g>
  );
}
