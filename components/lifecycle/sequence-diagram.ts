import { unreachable } from "#server/kernel/errors.ts";
import { type Diagram, type DiagramEdge, type DiagramNode, escapeMermaid, placeholder } from "./diagram.ts";

export interface SequenceMessage {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** Drawn dashed: nobody wrote it down, it follows from what is known. */
  readonly inferred: boolean;
}

/** Who says what to whom, in order, as a mermaid sequence diagram; what was inferred is dashed and says so. */
export function toSequenceDiagram(input: {
  readonly title: string;
  readonly actors: readonly { readonly key: string; readonly label: string }[];
  readonly messages: readonly SequenceMessage[];
}): Diagram {
  return toScriptDiagram({
    title: input.title,
    parties: input.actors,
    items: input.messages.map((message) => ({
      ...message,
      kind: "message",
      label: message.inferred ? `${message.label} (inferred)` : message.label,
      arrow: message.inferred ? "-->>" : "->>",
      effect: null,
    })),
  });
}

/** Whoever takes part. Those that a message creates are not there before it. */
export interface ScriptParty {
  readonly key: string;
  readonly label: string;
  /** Key of the box it stands in; only neighbours can share one. */
  readonly box?: string | null;
}

export interface ScriptMessage {
  readonly kind: "message";
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly arrow: "->>" | "-->>" | "-x" | "--x";
  /** The receiver begins, or is over, with this message. */
  readonly effect: "creates" | "ends" | null;
  /** Signs kept free for the label, so that another number needs no new drawing. */
  readonly room?: number;
}

export interface ScriptNote {
  readonly kind: "note";
  readonly key: string;
  readonly over: string;
  readonly label: string;
  readonly room?: number;
}

/** What a stretch of the sequence is marked as. */
export type ScriptMark = "now" | "later" | "failed";

export type ScriptItem =
  | ScriptMessage
  | ScriptNote
  /** `title` is a fixed word of ours. */
  | {
      readonly kind: "block";
      readonly block: "opt" | "loop";
      readonly title: string;
      readonly items: readonly ScriptItem[];
    }
  | {
      readonly kind: "par";
      readonly branches: readonly { readonly title: string; readonly items: readonly ScriptItem[] }[];
    }
  | { readonly kind: "mark"; readonly mark: ScriptMark; readonly items: readonly ScriptItem[] };

export interface Script {
  readonly title: string;
  /** All of them; those that are there from the beginning stand first, the others as they are created. */
  readonly parties: readonly ScriptParty[];
  readonly items: readonly ScriptItem[];
  /** Titles by the key of the box: fixed words of ours. */
  readonly boxes?: Readonly<Record<string, string>>;
}

/**
 * Grounds of marked stretches: soft colours for whoever pastes the text; in the console `stage.css` knows them by this
 * very text and puts the tokens of the theme in their place.
 */
export const MARK_GROUNDS: Readonly<Record<ScriptMark, string>> = {
  now: "rgb(254, 233, 246)",
  later: "rgb(243, 243, 240)",
  failed: "rgb(255, 235, 232)",
};

/**
 * A sequence with boxes, notes, blocks, and lines that begin and end, as mermaid text. The caller sees to it that nobody
 * speaks before it was created or after its end, and that nobody is created twice: mermaid refuses the latter. A
 * message that creates or ends somebody is written in one piece with its directive, and what a box holds is declared
 * again at the end: this is how mermaid 12.3 puts the created into boxes.
 */
export function toScriptDiagram(script: Script): Diagram {
  const flat = flatten(script.items);
  const messages = flat.filter((item) => item.kind === "message");
  const notes = flat.filter((item) => item.kind === "note");
  const created = new Set(messages.filter(({ effect }) => effect === "creates").map(({ to }) => to));
  const known = new Map(script.parties.map((each) => [each.key, each]));
  const parties: readonly ScriptParty[] = [
    ...script.parties.filter(({ key }) => !created.has(key)),
    ...[...created].flatMap((key) => known.get(key) ?? []),
  ];
  const nodes: readonly DiagramNode[] = parties.map(({ key, label }, index) => ({ id: `n${index}`, key, label }));
  const ids = new Map(nodes.map(({ key, id }) => [key, id]));
  const idOf = (key: string): string => ids.get(key) ?? "n0";
  const edges: readonly DiagramEdge[] = [
    ...messages.map(({ key, from, to, label }, index) => ({ id: `m${index}`, key, from, to, label })),
    ...notes.map(({ key, over, label }, index) => ({ id: `k${index}`, key, from: over, to: over, label })),
  ];
  const write = (word: (label: string, room?: number) => string): string => {
    const party = ({ key, label }: ScriptParty) => `participant ${idOf(key)} as ${word(label)}`;
    const lines = ["sequenceDiagram"];
    for (const each of parties) if (!created.has(each.key)) lines.push(`  ${party(each)}`);
    const put = (items: readonly ScriptItem[], depth: number): void => {
      for (const item of items) putItem(item, depth);
    };
    const putItem = (item: ScriptItem, depth: number): void => {
      const indent = "  ".repeat(depth);
      switch (item.kind) {
        case "note":
          lines.push(`${indent}Note over ${idOf(item.over)}: ${word(item.label, item.room)}`);
          return;
        case "message": {
          const to = known.get(item.to);
          if (item.effect === "creates" && to !== undefined) lines.push(`${indent}create ${party(to)}`);
          if (item.effect === "ends") lines.push(`${indent}destroy ${idOf(item.to)}`);
          lines.push(`${indent}${idOf(item.from)}${item.arrow}${idOf(item.to)}: ${word(item.label, item.room)}`);
          return;
        }
        case "block":
          lines.push(`${indent}${item.block} ${item.title}`);
          put(item.items, depth + 1);
          lines.push(`${indent}end`);
          return;
        case "par":
          for (const [index, { title, items }] of item.branches.entries()) {
            lines.push(`${indent}${index === 0 ? "par" : "and"} ${title}`);
            put(items, depth + 1);
          }
          if (item.branches.length > 0) lines.push(`${indent}end`);
          return;
        case "mark":
          lines.push(`${indent}rect ${MARK_GROUNDS[item.mark]}`);
          put(item.items, depth + 1);
          lines.push(`${indent}end`);
          return;
      }
    };
    put(script.items, 1);
    for (const [key, title] of Object.entries(script.boxes ?? {})) {
      const members = parties.filter(({ box }) => box === key);
      if (members.length === 0 || !areNeighbours(parties, members)) continue;
      lines.push(`  box transparent ${title}`, ...members.map((each) => `    ${party(each)}`), "  end");
    }
    return [...lines, ""].join("\n");
  };
  return {
    title: script.title,
    nodes,
    edges,
    source: write((label, room) => (room === undefined ? placeholder(label) : "x".repeat(room))),
    text: write((label) => escapeMermaid(label)),
  };
}

/** Messages and notes in their order, whatever they stand in. */
export function flatten(items: readonly ScriptItem[]): readonly (ScriptMessage | ScriptNote)[] {
  return items.flatMap((item): readonly (ScriptMessage | ScriptNote)[] => {
    switch (item.kind) {
      case "message":
      case "note":
        return [item];
      case "par":
        return item.branches.flatMap(({ items: inner }) => flatten(inner));
      case "block":
      case "mark":
        return flatten(item.items);
      default:
        return unreachable(item);
    }
  });
}

/** Keys of what stands in stretches of this mark. */
export function markedKeys(items: readonly ScriptItem[], mark: ScriptMark): readonly string[] {
  return items.flatMap((item): readonly string[] => {
    switch (item.kind) {
      case "message":
      case "note":
        return [];
      case "par":
        return item.branches.flatMap(({ items: inner }) => markedKeys(inner, mark));
      case "block":
        return markedKeys(item.items, mark);
      case "mark":
        return item.mark === mark ? flatten(item.items).map(({ key }) => key) : markedKeys(item.items, mark);
      default:
        return unreachable(item);
    }
  });
}

/** A box is one rectangle: it may not hold who stands outside of it. */
function areNeighbours(parties: readonly ScriptParty[], members: readonly ScriptParty[]): boolean {
  const places = members.map((member) => parties.indexOf(member)).sort((a, b) => a - b);
  return (places.at(-1) ?? 0) - (places[0] ?? 0) === members.length - 1;
}
