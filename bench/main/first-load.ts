import { gzipSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { atMost, type Figure } from "#bench/figure.ts";
import { findChromium } from "#scripts/testing/chromium.ts";

const KILOBYTE = 1000;
/** Text that only the code of diagrams has. */
const DIAGRAM_CODE = /mermaid|stateDiagram/;

/** JavaScript that a browser takes before the overview stands, gzipped; counted by a browser, not by file names. */
export async function firstLoadFigure(consoleUrl: string): Promise<Figure> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    const page = await browser.newPage();
    const scripts = new Map<string, Promise<Buffer>>();
    page.on("response", (response) => {
      if (response.request().resourceType() === "script") scripts.set(response.url(), response.body());
    });
    await page.goto(consoleUrl);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForLoadState("load");
    const bodies = await Promise.all(scripts.values());
    const bytes = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
    const diagramFiles = bodies.filter((body) => DIAGRAM_CODE.test(body.toString("utf8"))).length;
    const judged = atMost(180, "kB gzipped").judge(bytes / KILOBYTE);
    return {
      figure: "overview.first-load",
      ...judged,
      holds: judged.holds && diagramFiles === 0,
      beside: { files: bodies.length, diagramFiles },
    };
  } finally {
    await browser.close();
  }
}
