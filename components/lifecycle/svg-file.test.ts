// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { cleanSvg, SVG_CHARS_MAX } from "./svg-file.ts";

const svg = (inside: string, more = "") => `<svg xmlns="http://www.w3.org/2000/svg" ${more}>${inside}</svg>`;

describe("a picture as a file", () => {
  it("keeps what is drawn: shapes, words, their places and their look", () => {
    const drawn = svg(
      `<g transform="translate(1, 2)" class="node"><rect x="1" y="2" width="3" height="4" style="fill: red; stroke: url(#g)"/>` +
        `<path d="M0 0" marker-end="url(#arrow)"/><text><tspan dy="1em">a &lt;b&gt; &amp; c</tspan></text></g>`,
      `viewBox="0 0 10 10" width="10" height="10"`,
    );
    expect(cleanSvg(drawn)?.replaceAll(/\s+/g, " ")).toBe(drawn.replaceAll(/\s+/g, " "));
  });

  it.each([
    ["a script", `<script>alert(1)</script>`],
    ["what is foreign", `<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">x-evil</body></foreignObject>`],
    ["a picture from elsewhere", `<image href="https://x-evil.example/a.png"></image>`],
    ["a link", `<a href="javascript:alert(1)"><text>x-evil</text></a>`],
    ["what moves", `<animate attributeName="href" to="javascript:alert(1)"></animate>`],
    ["a style sheet", `<style>@import url(https://x-evil.example);</style>`],
    ["a use of what is elsewhere", `<use href="https://x-evil.example/#a"></use>`],
    ["what listens", `<rect onclick="alert(1)" onload="alert(1)"></rect>`],
    ["a look that is loaded", `<rect style="fill: url(https://x-evil.example)"></rect>`],
    ["a look behind escapes", `<rect style="fill: u\\72l(https://x-evil.example)"></rect>`],
    ["a marker from elsewhere", `<path marker-end="url(https://x-evil.example#a)"></path>`],
    ["a filter from elsewhere", `<g filter="url(https://x-evil.example#a)"></g>`],
  ])("leaves out %s", (_, inside) => {
    const cleaned = cleanSvg(svg(`<g>${inside}</g><text>kept</text>`));
    expect(cleaned).toContain("<text>kept</text>");
    expect(cleaned).not.toMatch(/alert|evil|script|import|href|on\w+=|style=/i);
  });

  it("is nothing where there is no picture, or one beyond every size", () => {
    expect(cleanSvg("<html></html>")).toBeNull();
    expect(cleanSvg("no picture")).toBeNull();
    expect(cleanSvg(svg("x".repeat(SVG_CHARS_MAX)))).toBeNull();
  });
});
