import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PAGE_LINES_MAX = 40;

const sources = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.(test|test-kit)\.tsx?$/.test(path))
    .map((path) => ({ path: join(folder, path), text: readFileSync(join(ROOT, folder, path), "utf8") }));

/** Lines that the pattern finds, as `path:line`. */
const found = (pattern: RegExp, files: ReturnType<typeof sources>) =>
  files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  );

describe("what the browser gets", () => {
  const all = [...sources("app"), ...sources("components")];

  it("has no style attribute where the server may render: the policy of the pages forbids it", () => {
    // Windowed rows, flows and the map place themselves by style; they are drawn in a browser only, after data came.
    const map = ["components/topology/estate-map.tsx", "components/topology/map-twin.tsx"];
    const placed = ["components/journal/", "components/plan/", "components/plans/", ...map];
    const rendered = all.filter(({ path }) => !placed.some((folder) => path.startsWith(folder)));
    expect(rendered.length).toBeGreaterThan(50);
    expect(found(/\sstyle=/, rendered)).toEqual([]);
  });

  it("has no HTML made of text", () => {
    expect(found(/dangerouslySetInnerHTML|\.innerHTML|insertAdjacentHTML|document\.write/, all)).toEqual([]);
  });

  it("knows the wire by its types only: zod stays on the server", () => {
    const imports = all.flatMap(({ path, text }) =>
      [...text.matchAll(/import\s+(type\s+)?[^;]*?from\s+"([^"]+)"/g)].map(([, isType, from]) => ({
        path,
        isType,
        from,
      })),
    );
    const values = imports.filter(
      ({ isType, from }) =>
        isType === undefined && (from === "zod" || /#server\/(contract\/wire|trpc)\//.test(from ?? "")),
    );
    expect(imports.length).toBeGreaterThan(200);
    expect(values).toEqual([]);
  });

  it("is named by a frame of its own only: nothing but the diagram's stage imports mermaid", () => {
    const importers = all.filter(({ text }) => /(from|import\()\s*"mermaid"/.test(text)).map(({ path }) => path);
    expect(importers).toEqual(["components/lifecycle/stage.tsx"]);
  });
});

describe("pages", () => {
  it("are thin: at most 40 lines, and no logic worth a test", () => {
    const long = sources("app").filter(({ text }) => text.split("\n").length > PAGE_LINES_MAX);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});
