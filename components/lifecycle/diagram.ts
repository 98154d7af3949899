/**
 * A diagram as mermaid text that holds nothing but our own ids: `n0 …` for nodes, neutral placeholders of the same
 * length for words. The words are set afterwards, as text, in the drawn picture; so no text from outside is ever parsed.
 */

import type { Tone } from "#server/kernel/states.ts";

export interface DiagramNode {
  /** In the source: `n0`. */
  readonly id: string;
  /** What it stands for: a state, a node of the path. */
  readonly key: string;
  readonly label: string;
}

export interface DiagramEdge {
  /** As mermaid marks its drawing (`data-id`). */
  readonly id: string;
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

export interface Diagram {
  readonly title: string;
  /** What is drawn: safe by construction. */
  readonly source: string;
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly DiagramEdge[];
  /** The same with its words, escaped, for pasting elsewhere. */
  readonly text: string;
}

/** What is marked in the picture, by key; changes without a new drawing. */
export interface DiagramMarks {
  /** Where it is now. */
  readonly now: readonly string[];
  /** Nodes that were passed on the way. */
  readonly passed: readonly string[];
  /** Edges that were passed, or would be. */
  readonly live: readonly string[];
  /** A second line under the label of an edge: numbers of this very moment. */
  readonly notes: Readonly<Record<string, string>>;
  /** Nodes whose lines are dashed: nobody saw them, they follow from what is known. */
  readonly dashed?: readonly string[];
  /** Nodes that failed. */
  readonly failed?: readonly string[];
  /** Edges that are not as they are meant to be. */
  readonly odd?: readonly string[];
  /** How nodes of a flowchart fare, by key: drawn in the colour of the tone. */
  readonly tones?: Readonly<Record<string, Tone>>;
}

export const NO_MARKS: DiagramMarks = { now: [], passed: [], live: [], notes: {} };

/** Mermaid blocks the page it draws in: more nodes than this are shown as a table only. */
export const DIAGRAM_NODES_MAX = 100;
/** The same for sequences, which need no layout. */
export const SEQUENCE_PARTIES_MAX = 260;
/** No label is wider; more would be cut by the box that was measured for it. */
export const LABEL_MAX = 40;

/** A word of the same length that means nothing to mermaid. */
export const placeholder = (label: string): string => "x".repeat(Math.max(1, [...label].length));

/** Text as mermaid shows it and never reads it: everything but letters, digits and harmless marks as its number. */
export const escapeMermaid = (text: string): string =>
  [...text].map((sign) => (/[A-Za-z0-9 .,?']/.test(sign) ? sign : `#${sign.codePointAt(0)};`)).join("");

export const cutLabel = (text: string, max = LABEL_MAX): string => {
  const signs = [...text.replace(/\s+/g, " ").trim()];
  return signs.length > max ? `${signs.slice(0, max - 1).join("")}…` : signs.join("");
};
