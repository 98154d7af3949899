import { createServer, request, type Server } from "node:http";
import { gzipSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { atMost, type Figure } from "#bench/figure.ts";
import { untilLive } from "#bench/live-page.ts";
import { findChromium } from "#scripts/testing/chromium.ts";

const KILOBYTE = 1000;
/** Nobody touches the page meanwhile: what is fetched only when it is used is not of the first load. */
const UNTOUCHED_MS = 2_000;
const WINDOW = { width: 1280, height: 720 } as const;
/** Text that only the code of diagrams has. */
const DIAGRAM_CODE = /mermaid|stateDiagram/;

/**
 * JavaScript that a browser takes until the overview shows live data, gzipped; each file once, whoever asked for it.
 * Counted on the wire, as a page does not see what its shared worker fetches.
 *
 * @param height of the window in pixels: parts of the page that are out of view are not fetched
 */
export async function firstLoadFigure(consoleUrl: string, height: number = WINDOW.height): Promise<Figure> {
  const wire = await countScripts(consoleUrl);
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    const page = await browser.newPage({ viewport: { ...WINDOW, height } });
    const byPage = new Set<string>();
    page.on("response", (response) => {
      if (response.request().resourceType() === "script") byPage.add(new URL(response.url()).pathname);
    });
    await page.goto(wire.url);
    await untilLive(page);
    await page.waitForTimeout(UNTOUCHED_MS);
    return figureOf(wire.scripts, byPage);
  } finally {
    await browser.close();
    wire.close();
  }
}

function figureOf(scripts: ReadonlyMap<string, Buffer>, byPage: ReadonlySet<string>): Figure {
  const kilobytes = (wanted: (path: string) => boolean): number =>
    [...scripts].reduce((sum, [path, body]) => (wanted(path) ? sum + gzipSync(body).length : sum), 0) / KILOBYTE;
  const diagramFiles = [...scripts.values()].filter((body) => DIAGRAM_CODE.test(body.toString("utf8"))).length;
  const judged = atMost(180, "kB gzipped").judge(kilobytes(() => true));
  return {
    figure: "overview.first-load",
    ...judged,
    holds: judged.holds && diagramFiles === 0,
    beside: {
      files: scripts.size,
      pageKb: Number(kilobytes((path) => byPage.has(path)).toFixed(1)),
      sharedWorkerKb: Number(kilobytes((path) => !byPage.has(path)).toFixed(1)),
      diagramFiles,
    },
  };
}

/** Stands between browser and console and keeps every script that passes. */
async function countScripts(consoleUrl: string): Promise<{
  readonly url: string;
  readonly scripts: ReadonlyMap<string, Buffer>;
  close(): void;
}> {
  const target = new URL(consoleUrl);
  const scripts = new Map<string, Buffer>();
  const server: Server = createServer((asked, answer) => {
    const headers = { ...asked.headers, host: target.host, "accept-encoding": "identity" };
    const forward = request(new URL(asked.url ?? "/", target), { method: asked.method, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
      if (!/javascript/.test(given.headers["content-type"] ?? "")) return;
      const parts: Buffer[] = [];
      given.on("data", (part: Buffer) => parts.push(part));
      given.on("end", () => scripts.set(new URL(asked.url ?? "/", target).pathname, Buffer.concat(parts)));
    });
    forward.on("error", () => answer.destroy());
    answer.on("close", () => forward.destroy());
    asked.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, target.hostname, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to count at");
  return {
    url: `http://${target.hostname}:${address.port}`,
    scripts,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
