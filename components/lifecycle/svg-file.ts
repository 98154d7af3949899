/**
 * A drawn diagram as a file of its own: what is on screen with its look in each element, and nothing that runs, loads or
 * leads anywhere. Made inside the sandboxed frame, and looked through once more by the page, which trusts the frame no
 * further than to show a picture.
 */

/** What a picture is made of. */
const ELEMENTS: ReadonlySet<string> = new Set(
  "svg g path rect circle ellipse line polyline polygon text tspan defs marker title desc".split(" "),
);
/** Of the computed look that by which it is drawn. */
const LOOK = [
  ...["display", "visibility", "opacity", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray"],
  ...["stroke-opacity", "stroke-linecap", "stroke-linejoin", "font-family", "font-size", "font-weight", "font-style"],
  ...["text-anchor", "dominant-baseline", "alignment-baseline", "paint-order", "rx", "ry"],
] as const;
/** Places, sizes and names of parts; everything else stays out. */
const ATTRIBUTES: ReadonlySet<string> = new Set(
  [
    "id class x y x1 y1 x2 y2 cx cy r rx ry dx dy d points width height viewBox transform style",
    "refX refY markerWidth markerHeight markerUnits orient preserveAspectRatio",
    "marker-start marker-mid marker-end role aria-label",
  ]
    .join(" ")
    .split(" "),
);
/** The one way to point anywhere: at a part of the picture itself. */
const OWN_PART = /url\(["']?#[\w:.-]+["']?\)/g;
const SVG = "http://www.w3.org/2000/svg";
export const SVG_CHARS_MAX = 8_000_000;

/** The picture with its look written into it, on the ground that it stands on. */
export function svgFileOf(drawn: SVGSVGElement, ground: string): string {
  const copy = drawn.cloneNode(true);
  if (!(copy instanceof SVGElement)) throw new Error("a picture is copied as a picture");
  const [from, to] = [
    [drawn, ...drawn.querySelectorAll("*")],
    [copy, ...copy.querySelectorAll("*")],
  ];
  for (const [index, element] of to.entries()) {
    const shown = from[index];
    if (shown !== undefined) element.setAttribute("style", lookOf(getComputedStyle(shown)));
  }
  const [x = 0, y = 0, width = 0, height = 0] = (drawn.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const behind = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x, y, width, height })) behind.setAttribute(name, String(value));
  behind.setAttribute("style", `fill: ${ground}; stroke: none`);
  copy.prepend(behind);
  return new XMLSerializer().serializeToString(copy);
}

const lookOf = (style: CSSStyleDeclaration): string =>
  LOOK.map((name) => `${name}: ${style.getPropertyValue(name)}`).join("; ");

/** The same text without anything that does not belong into a picture; `null` when it is none. */
export function cleanSvg(text: string): string | null {
  if (text.length > SVG_CHARS_MAX) return null;
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
  const svg = parsed.documentElement;
  if (svg.localName !== "svg" || svg.namespaceURI !== SVG || parsed.querySelector("parsererror") !== null) return null;
  clean(svg);
  return new XMLSerializer().serializeToString(svg);
}

function clean(element: Element): void {
  for (const { name, value } of [...element.attributes]) if (!isPlain(name, value)) element.removeAttribute(name);
  for (const child of [...element.childNodes]) {
    if (child.nodeType === Node.TEXT_NODE) continue;
    if (child instanceof Element && child.namespaceURI === SVG && ELEMENTS.has(child.localName)) clean(child);
    else child.remove();
  }
}

function isPlain(name: string, value: string): boolean {
  if (name === "xmlns") return value === SVG;
  if (!ATTRIBUTES.has(name)) return false;
  const elsewhere = value.replaceAll(OWN_PART, "");
  if (name.startsWith("marker-")) return elsewhere.trim() === "";
  // A look that would be loaded from anywhere; escapes could hide one.
  return name !== "style" || !/url|@|\\|expression/i.test(elsewhere);
}
