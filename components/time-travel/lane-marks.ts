/** What is drawn on the lanes of the time bar: ticks, triangles, gaps. Pure. */
import { CONSOLE_STREAM, type JournalEvent } from "#server/contract/event.ts";
import { LANES, type Lane, laneOf, laneOfStream } from "#server/contract/view/lanes.ts";
import { markOf } from "#server/contract/view/marks.ts";
import type { Mark } from "#server/contract/wire/journal.ts";
import { lookOf } from "#server/kernel/states.ts";
import type { Span, TimeScale } from "./bar-scale.ts";

export type Weight = "plain" | "attention" | "failed" | "operator";
export const WEIGHTS: readonly Weight[] = ["plain", "attention", "failed", "operator"];

export interface LaneGeometry {
  readonly top: number;
  readonly laneHeight: number;
}

/** An interval in which a source, or the whole console, was not there; `lane` `null` = every lane. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly lane: Lane | null;
  readonly words: string;
}

export const laneY = (lane: Lane, { top, laneHeight }: LaneGeometry): number =>
  top + (LANES.indexOf(lane) + 0.5) * laneHeight;

/** Red is what came to need a person, or a source that went away; amber a node that is late; a triangle somebody's act. */
function weightOf(event: JournalEvent): Weight {
  switch (markOf(event)) {
    case "operator":
      return "operator";
    case "gap":
      return "failed";
    case "need":
      return event.kind === "dna.incarnation.state_changed" && lookOf("node", event.body.to).tone === "attention"
        ? "attention"
        : "failed";
    default:
      return "plain";
  }
}

/** All ticks of one weight as one path: a thousand events cost a dozen elements, and many on one pixel cost one. */
export function tickPaths(
  events: readonly JournalEvent[],
  marks: readonly Mark[],
  scale: TimeScale,
  geometry: LaneGeometry,
): ReadonlyMap<Weight, string> {
  const paths = new Map<Weight, string[]>();
  const drawn = new Set<string>();
  const put = (weight: Weight, lane: Lane, at: number) => {
    if (at < scale.from || at > scale.to) return;
    const x = Math.round(scale.toX(at) * 2) / 2;
    const key = `${weight} ${lane} ${x}`;
    if (drawn.has(key)) return;
    drawn.add(key);
    const known = paths.get(weight) ?? [];
    paths.set(weight, known);
    known.push(shapeOf(weight, x, laneY(lane, geometry), geometry.laneHeight));
  };
  for (const event of events) {
    const lane = laneOf(event);
    if (lane !== null) put(weightOf(event), lane, event.observedAt);
  }
  for (const mark of marks) {
    const lane = laneOfMark(mark);
    if (lane === null || mark.what === "gap") continue;
    put(mark.what === "operator" ? "operator" : "failed", lane, Date.parse(mark.at));
  }
  return new Map([...paths].map(([weight, all]) => [weight, all.join("")]));
}

const laneOfMark = ({ stream, kind }: Mark): Lane | null =>
  kind.startsWith("op.") || kind.startsWith("job.") ? "operators" : laneOfStream(stream);

function shapeOf(weight: Weight, x: number, y: number, laneHeight: number): string {
  const half = laneHeight * 0.3;
  if (weight === "operator") return `M${x} ${y - half - 1}l${half + 1} ${half * 2 + 1}h${-2 * (half + 1)}z`;
  const width = weight === "failed" ? 3 : weight === "attention" ? 2 : 1;
  return `M${x - width / 2} ${(y - half).toFixed(1)}h${width}v${(half * 2).toFixed(1)}h${-width}z`;
}

/** How long a gap is drawn of which only the beginning is known. */
const OPEN_GAP_SHARE = 0.004;

/** The gaps within a span, from events where they are known and else from the marks of their beginnings. */
export function gapsOf(events: readonly JournalEvent[], marks: readonly Mark[], span: Span): readonly Gap[] {
  const gaps: Gap[] = [];
  const open = new Map<string, number>();
  let stoppedAt: number | null = null;
  for (const event of events) {
    if (event.kind === "source.state_changed") {
      const since = open.get(event.stream);
      if (event.body.to === "down") open.set(event.stream, since ?? event.observedAt);
      else if (event.body.to === "up" && since !== undefined) {
        gaps.push(gapOf(event.stream, since, event.observedAt));
        open.delete(event.stream);
      }
    } else if (event.kind === "console.stopped") stoppedAt = event.observedAt;
    else if (event.kind === "console.started") {
      if (stoppedAt !== null) gaps.push(gapOf(CONSOLE_STREAM, stoppedAt, event.observedAt));
      stoppedAt = null;
    }
  }
  for (const [stream, since] of open) gaps.push(gapOf(stream, since, span.to));
  const short = (span.to - span.from) * OPEN_GAP_SHARE;
  for (const { what, stream, at } of marks)
    if (what === "gap") gaps.push(gapOf(stream, Date.parse(at), Date.parse(at) + short));
  return gaps.filter(({ from, to }) => to >= span.from && from <= span.to);
}

function gapOf(stream: string, from: number, to: number): Gap {
  const lane = laneOfStream(stream);
  const words = lane === null ? "Worldline did not run" : `${stream.slice(stream.indexOf(":") + 1)} was not heard`;
  return { from, to, lane, words };
}
