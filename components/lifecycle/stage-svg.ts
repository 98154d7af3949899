/**
 * Words and marks on a drawn diagram: the only code that knows how mermaid 12.3 builds its SVG. Words go in by
 * `textContent` alone; marks are classes, so the present moves without a new drawing.
 */
import { TONES } from "#server/kernel/states.ts";
import type { FrameMarks, FrameWords } from "./frame-protocol.ts";
import { MARK_GROUNDS } from "./sequence-diagram.ts";

const NODE_ID = /-(?:flowchart|state)-(n\d+)-\d+$/;
const ROW_EM = 1.1;
/** Half a row: two lines stand around the place of one. */
const HALF_ROW = 8;

/** Drawn nodes by the id of the source. */
function nodesOf(svg: SVGSVGElement): ReadonlyMap<string, Element> {
  const nodes = new Map<string, Element>();
  for (const node of svg.querySelectorAll("g.node")) {
    const id = NODE_ID.exec(node.id)?.[1];
    if (id !== undefined) nodes.set(id, node);
  }
  return nodes;
}

interface DrawnEdge {
  readonly path: Element | null;
  readonly label: Element | null;
}

function edgeOf(svg: SVGSVGElement, id: string): DrawnEdge {
  const found = (selector: string) => svg.querySelector(`${selector}[data-id="${CSS.escape(id)}"]`);
  return { path: found("path"), label: found("g.edgeLabel > g.label") };
}

/** Sets the text of the inner `tspan`: the outer `text` would lose its place. */
function setWord(label: Element, word: string): void {
  const [first, ...others] = label.querySelectorAll("tspan.text-inner-tspan");
  if (first === undefined) return;
  first.textContent = word;
  for (const other of others) other.textContent = "";
}

/** Sets a word and moves it so that its middle stays where it was: boxes were measured for the placeholder. */
function setCentred(node: Element, word: string): void {
  const label = node.querySelector("g.label");
  const text = label?.querySelector("text");
  if (!(label instanceof SVGGElement) || !(text instanceof SVGGraphicsElement)) {
    setWord(node, word);
    return;
  }
  const before = text.getBBox();
  setWord(node, word);
  const after = text.getBBox();
  const move = before.x + before.width / 2 - after.x - after.width / 2;
  const at = label.transform.baseVal.consolidate()?.matrix;
  if (at !== undefined) label.setAttribute("transform", `translate(${at.e + move}, ${at.f})`);
}

/** Whoever takes part in a sequence diagram, by the id of the source. */
const participantOf = (svg: SVGSVGElement, id: string): Element | null =>
  svg.querySelector(`g[data-et="participant"][data-id="${CSS.escape(id)}"]`);

/** The notes of a sequence, in the order of the source. */
function noteOf(svg: SVGSVGElement, id: string): Element | null {
  const index = /^k\d+$/.test(id) ? Number(id.slice(1)) : -1;
  return svg.querySelectorAll('[data-et="note"]')[index] ?? null;
}

/** The words of a message are no part of its arrow: both stand in the order of the source. */
function messageOf(svg: SVGSVGElement, id: string): { readonly line: Element | null; readonly text: Element | null } {
  const index = /^m\d+$/.test(id) ? Number(id.slice(1)) : -1;
  const at = (selector: string) => svg.querySelectorAll(selector)[index] ?? null;
  return { line: at('[data-et="message"]'), text: at("text.messageText") };
}

function setSequenceWords(svg: SVGSVGElement, words: FrameWords): void {
  for (const [id, word] of Object.entries(words.nodes)) {
    const [first, ...others] = participantOf(svg, id)?.querySelectorAll("text tspan") ?? [];
    if (first !== undefined) first.textContent = word;
    for (const other of others) other.textContent = "";
  }
  for (const [id, word] of Object.entries(words.edges)) {
    const { text } = messageOf(svg, id);
    if (text !== null) text.textContent = word;
    const [first, ...others] = noteOf(svg, id)?.querySelectorAll("text tspan") ?? [];
    if (first !== undefined) first.textContent = word;
    for (const other of others) other.textContent = "";
  }
}

/** Puts the words into the picture. A word whose place is not found stays out: the table twin has it. */
export function setWords(svg: SVGSVGElement, words: FrameWords): void {
  setSequenceWords(svg, words);
  const nodes = nodesOf(svg);
  for (const [id, word] of Object.entries(words.nodes)) {
    const node = nodes.get(id);
    if (node !== undefined) setCentred(node, word);
  }
  for (const [id, word] of Object.entries(words.edges)) {
    const { label } = edgeOf(svg, id);
    if (label === null || word === "") continue;
    setWord(label, word);
    fitGround(label);
  }
}

/** Toggles the marks; what is not marked any more is as it was drawn. */
export function setMarks(svg: SVGSVGElement, edgeIds: readonly string[], marks: FrameMarks): void {
  for (const [id, node] of nodesOf(svg)) {
    node.classList.toggle("now", marks.now.includes(id));
    node.classList.toggle("live", marks.passed.includes(id));
    for (const tone of TONES) node.classList.toggle(`t-${tone}`, marks.tones?.[id] === tone);
  }
  markLives(svg, marks);
  for (const id of edgeIds) {
    const message = messageOf(svg, id);
    for (const part of [message.line, message.text, noteOf(svg, id)]) {
      part?.classList.toggle("live", marks.live.includes(id));
      part?.classList.toggle("odd", marks.odd?.includes(id) === true);
    }
    const { path, label } = edgeOf(svg, id);
    const live = marks.live.includes(id);
    path?.classList.toggle("live", live);
    label?.closest("g.edgeLabel")?.classList.toggle("live", live);
    if (label !== null) setNote(label, marks.notes[id] ?? null);
  }
}

/** The lines of a sequence: those that nobody saw, and those that failed. */
function markLives(svg: SVGSVGElement, { dashed = [], failed = [] }: FrameMarks): void {
  for (const line of svg.querySelectorAll('[data-et="life-line"]')) {
    const id = line.getAttribute("data-id") ?? "";
    line.classList.toggle("dashed", dashed.includes(id));
    line.classList.toggle("failed", failed.includes(id));
    participantOf(svg, id)?.classList.toggle("dashed", dashed.includes(id));
    participantOf(svg, id)?.classList.toggle("failed", failed.includes(id));
  }
}

/** Where mermaid lets the line of whoever stays end, however tall the picture is. */
const LINE_END = "2000";

/** Titles of boxes and blocks, which mermaid draws larger than everything else. */
const TITLES = "g > text.text, text.loopText, text.sectionTitle, text.labelText";
const TITLE_PX = 12;

/** Lets the lines of those who stay end at the end of the picture, and puts titles in the size of all words. */
export function tidySequence(svg: SVGSVGElement): void {
  for (const title of svg.querySelectorAll(TITLES))
    if (title instanceof SVGElement) title.style.fontSize = `${TITLE_PX}px`;
  const { y, height } = svg.viewBox.baseVal;
  for (const line of svg.querySelectorAll(`[data-et="life-line"][y2="${LINE_END}"]`))
    line.setAttribute("y2", String(y + height));
}

/** A stretch of a sequence that is marked as the present, by its ground. */
const STRETCH_NOW = `rect.rect[fill="${MARK_GROUNDS.now}"]`;

/** The middle of the marked present, in pixels from the top left corner; `null` when nothing is marked. */
export function placeOfNow(svg: SVGSVGElement): { readonly x: number; readonly y: number } | null {
  const node = svg.querySelector("g.node.now") ?? svg.querySelector(STRETCH_NOW);
  if (node === null) return null;
  const { left, top, width, height } = node.getBoundingClientRect();
  const picture = svg.getBoundingClientRect();
  return { x: left + width / 2 - picture.left, y: top + height / 2 - picture.top };
}

/** A second line under the label of an edge. */
function setNote(label: Element, note: string | null): void {
  const text = label.querySelector("text");
  const row = text?.querySelector("tspan.row");
  if (text === null || text === undefined || row === null || row === undefined) return;
  const known = text.querySelector("tspan.note-row");
  const ground = label.querySelector("rect.background");
  for (const part of [text, ground])
    if (note === null) part?.removeAttribute("transform");
    else part?.setAttribute("transform", `translate(0, ${-HALF_ROW})`);
  if (note === null) {
    if (known === null) return;
    known.remove();
  } else if (known === null) {
    const added = document.createElementNS("http://www.w3.org/2000/svg", "tspan");
    added.setAttribute("class", "note-row");
    added.setAttribute("x", "0");
    added.setAttribute("dy", `${ROW_EM}em`);
    added.textContent = note;
    text.append(added);
  } else known.textContent = note;
  fitGround(label);
}

/** The ground behind a label as large as its text is now. */
function fitGround(label: Element): void {
  const ground = label.querySelector("rect.background");
  const text = label.querySelector("text");
  if (ground === null || text === null) return;
  const { x, y, width, height } = text.getBBox();
  if (width === 0) return;
  ground.setAttribute("x", String(x - 2));
  ground.setAttribute("y", String(y - 1));
  ground.setAttribute("width", String(width + 4));
  ground.setAttribute("height", String(height + 2));
}
