/** World lines of the nodes of one cluster over a span of time, from what they are now and what changed. Pure. */
import { INCARNATION_STATES, type IncarnationState, type JournalEvent } from "#server/contract/event.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";

export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly state: IncarnationState;
}

export interface NodeLine {
  readonly incarnation: string;
  readonly node: NodeFold;
  /** In order of time, without gaps, from when it was first seen or from the start of the span. */
  readonly pieces: readonly Piece[];
  /** It is a new incarnation, created within the span; else the console only began to look at it. */
  readonly begins: boolean;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** First seen this soon after its own clock says that it was created, an incarnation is new, and not only new to us. */
const NEW_WITHIN_MS = 60_000;

type Judgement = Extract<JournalEvent, { kind: "dna.incarnation.state_changed" }>;

const parseState = (text: string | null): IncarnationState =>
  INCARNATION_STATES.find((state) => state === text) ?? "observing";

/**
 * Walks back from the present state of each node through the changes of the span.
 *
 * @param events newest first, of the node's stream; events of other kinds are passed over
 */
export function nodeLines(
  nodes: readonly (readonly [incarnation: string, node: NodeFold])[],
  events: readonly JournalEvent[],
  span: Span,
): readonly NodeLine[] {
  const changes = new Map<string, Judgement[]>();
  for (const event of events) {
    if (event.kind !== "dna.incarnation.state_changed" || event.observedAt < span.from) continue;
    const known = changes.get(event.subject);
    if (known === undefined) changes.set(event.subject, [event]);
    else known.push(event);
  }
  return nodes.map(([incarnation, node]) => {
    const start = Math.max(span.from, node.firstSeenAt);
    return {
      incarnation,
      node,
      pieces: piecesOf(node, changes.get(incarnation) ?? [], start, span.to),
      begins: node.firstSeenAt > span.from && node.firstSeenAt - node.createdAt < NEW_WITHIN_MS,
    };
  });
}

function piecesOf(node: NodeFold, newestFirst: readonly Judgement[], start: number, end: number): readonly Piece[] {
  const pieces: Piece[] = [];
  let to = Math.max(start, end);
  let state: IncarnationState = node.state;
  for (const change of newestFirst) {
    // A change that the fold has not taken in yet belongs to what comes after it.
    if (change.body.to !== state && pieces.length === 0 && change.observedAt > node.since) continue;
    const from = Math.min(to, Math.max(start, change.observedAt));
    pieces.push({ from, to, state });
    to = from;
    state = parseState(change.body.from);
  }
  pieces.push({ from: start, to, state });
  return pieces.filter((piece) => piece.to > piece.from).reverse();
}

/** Before this instant nothing is known of any of the nodes: the console did not look yet. */
export function lookedFrom(lines: readonly NodeLine[], knownFrom: number): number {
  const first = Math.min(...lines.map(({ node }) => node.firstSeenAt));
  return Number.isFinite(first) ? Math.max(knownFrom, first) : knownFrom;
}
