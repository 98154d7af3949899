import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { routes, safeNext } from "./routes.ts";

const ROOT = join(import.meta.dirname, "../..");
const HAND_WRITTEN = [
  /\bhref=\{?["'`](?!#)/,
  /\bhref:\s*["'`]/,
  /\b(?:push|replace|prefetch)\(\s*["'`]\//,
  /\b(?:pushState|replaceState)\([^)]*["'`]\//,
  /\blocation\.(?:href\s*=|assign\(|replace\()/,
  /\baction=["'`]/,
  /\bsrc=\{?["'`]\//,
];

const sources = ["app", "components"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path) && !path.endsWith("ui/routes.ts"))
    .map((path) => join(folder, path)),
);

describe("addresses", () => {
  it("are written nowhere but in routes.ts", () => {
    const found = sources.flatMap((path) =>
      readFileSync(join(ROOT, path), "utf8")
        .split("\n")
        .map((line, index) => ({ where: `${path}:${index + 1}`, line }))
        .filter(({ line }) => HAND_WRITTEN.some((pattern) => pattern.test(line)))
        .map(({ where, line }) => `${where}: ${line.trim()}`),
    );
    expect(sources.length).toBeGreaterThan(10);
    expect(found).toEqual([]);
  });

  it("carry hostile names as parameters only", () => {
    expect(routes.plan("a/../b", "javascript:alert(1)")).toBe("/plans/a%2F..%2Fb/javascript%3Aalert(1)");
    const link = routes.actors({ source: "eu-1", namespace: '"><img src=x>', moduleId: 0, name: "a&b=c#d" });
    const back = new URL(link, "http://console").searchParams;
    expect(back.get("ns")).toBe('"><img src=x>');
    expect(back.get("name")).toBe("a&b=c#d");
  });

  it("drop what is not set", () => {
    expect(routes.topology({ region: null, source: "eu-1" })).toBe("/topology?source=eu-1");
    expect(routes.actors({ source: "s", namespace: "n", moduleId: 0, prefix: "" })).toBe(
      "/actors?source=s&ns=n&module=0",
    );
  });

  it("tell an empty namespace or name from none", () => {
    expect(routes.actors({ source: "s", namespace: "", moduleId: 0, name: "" })).toBe(
      "/actors?source=s&ns=&module=0&name=",
    );
  });
});

describe("safeNext", () => {
  it.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "/a\nb", null])(
    "does not leave the console for %j",
    (next) => expect(safeNext(next)).toBe("/"),
  );
  it("keeps a page of the console", () => expect(safeNext("/plans?source=foreman")).toBe("/plans?source=foreman"));
});
