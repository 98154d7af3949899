import { type Browser, chromium } from "@playwright/test";
import { atMost, type Figure, median, round } from "#bench/figure.ts";
import { findChromium } from "#scripts/testing/chromium.ts";

const ROUNDS = 5;
const VIEWPORT = { width: 1440, height: 900 };
const SHOWN_TIMEOUT_MS = 30_000;
/** What people take for at once, and then some: nobody waits for a page that is there within it. */
const PIXELS_AIM_MS = 1_000;

export interface PixelPage {
  readonly name: string;
  readonly path: string;
  /** What has to be on the screen. */
  readonly shown: string;
}

/** From the frame that every page shares to the first painting of what the page is opened for, in a fresh browser page. */
export async function* pixelFigures(consoleUrl: string, pages: readonly PixelPage[]): AsyncIterable<Figure> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    for (const { name, path, shown } of pages) {
      const opened = [];
      for (let at = 0; at < ROUNDS; at += 1) opened.push(await openOnce(browser, `${consoleUrl}${path}`, shown));
      yield {
        figure: `${name}.pixels`,
        ...atMost(PIXELS_AIM_MS, "ms after the shell").judge(
          median(opened.map((times) => times.shownMs - times.shellMs)),
        ),
        beside: {
          rounds: ROUNDS,
          shellMs: round(median(opened.map(({ shellMs }) => shellMs))),
          shownMs: round(median(opened.map(({ shownMs }) => shownMs))),
        },
      };
    }
  } finally {
    await browser.close();
  }
}

/** Milliseconds since the page was asked for. */
async function openOnce(browser: Browser, url: string, shown: string) {
  const page = await browser.newPage({ viewport: VIEWPORT });
  try {
    await page.addInitScript(watch, shown);
    await page.goto(url);
    await page.waitForFunction(() => Reflect.get(globalThis, "pixelsSeen")?.shownMs !== undefined, undefined, {
      timeout: SHOWN_TIMEOUT_MS,
    });
    const seen: { shellMs: number; shownMs: number } = await page.evaluate(() => Reflect.get(globalThis, "pixelsSeen"));
    return seen;
  } finally {
    await page.close();
  }
}

/** In the page: looks once a frame. */
function watch(selector: string): void {
  const seen: { shellMs?: number; shownMs?: number } = {};
  Reflect.set(globalThis, "pixelsSeen", seen);
  const look = (): void => {
    if (seen.shellMs === undefined && document.querySelector("main") !== null) seen.shellMs = performance.now();
    if (seen.shownMs === undefined && document.querySelector(selector) !== null) seen.shownMs = performance.now();
    if (seen.shownMs === undefined) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
