/**
 * The page of a plan of 100,000 steps in a browser: how long until its first pixels and until all of it is there, and how
 * smoothly it scrolls beside a canvas of the same size that draws as many marks and nothing else, in the same page and run.
 */
import { type Browser, chromium, type Page } from "@playwright/test";
import { atLeast, atMost, type Figure, median, round } from "#bench/figure.ts";
import { findChromium } from "#scripts/testing/chromium.ts";

interface FlowPageOptions {
  /** Address of the plan's page. */
  readonly url: string;
  readonly rounds?: number;
}

const VIEWPORT = { width: 1440, height: 900 } as const;
const PAINT_TIMEOUT_MS = 30_000;
const ALL_READ_TIMEOUT_MS = 60_000;
const SCROLLED_MS = 2_000;
const ROUNDS = 5;
/** The head, the failing step and the flow are on the screen. */
const USEFUL_AIM_MS = 500;
const SMOOTH_AIM = 0.95;

/** Time until the page is useful, and frames of its scrolling over those of a bare canvas. */
export async function* flowPageFigures(options: FlowPageOptions): AsyncIterable<Figure> {
  const { url, rounds = ROUNDS } = options;
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    const opened = [];
    for (let at = 0; at < rounds; at += 1) opened.push(await openOnce(browser, url));
    const useful = opened.map(({ usefulMs, shellMs }) => usefulMs - shellMs);
    yield {
      figure: "plan.large.useful",
      ...atMost(USEFUL_AIM_MS, "ms after the shell").judge(median(useful)),
      beside: {
        rounds,
        shellMs: round(median(opened.map(({ shellMs }) => shellMs))),
        usefulMs: round(median(opened.map(({ usefulMs }) => usefulMs))),
        allReadMs: round(median(opened.map(({ allReadMs }) => allReadMs))),
        elements: Math.max(...opened.map(({ elements }) => elements)),
      },
    };
    const ratios = opened.map(({ flowFrames, bareFrames }) => flowFrames / bareFrames);
    yield {
      figure: "plan.large.scroll",
      ...atLeast(SMOOTH_AIM, "x bare canvas").judge(median(ratios)),
      beside: {
        rounds,
        flowFrames: median(opened.map(({ flowFrames }) => flowFrames)),
        bareFrames: median(opened.map(({ bareFrames }) => bareFrames)),
        scrolledMs: SCROLLED_MS,
      },
    };
  } finally {
    await browser.close();
  }
}

interface Opened {
  /** When the frame of the page was there, which it shares with every other. */
  readonly shellMs: number;
  /** When the flow was painted and the failing step's error was on the screen. */
  readonly usefulMs: number;
  /** When the last step had come. */
  readonly allReadMs: number;
  readonly elements: number;
  readonly flowFrames: number;
  readonly bareFrames: number;
}

async function openOnce(browser: Browser, url: string): Promise<Opened> {
  const page = await browser.newPage({ viewport: VIEWPORT });
  try {
    await page.addInitScript(watch);
    await page.goto(url);
    await page.waitForFunction(() => Reflect.get(globalThis, "flowSeen")?.usefulMs !== undefined, undefined, {
      timeout: PAINT_TIMEOUT_MS,
    });
    await page.waitForFunction(() => Reflect.get(globalThis, "flowSeen")?.allReadMs !== undefined, undefined, {
      timeout: ALL_READ_TIMEOUT_MS,
    });
    const seen: { shellMs: number; usefulMs: number; allReadMs: number } = await page.evaluate(() =>
      Reflect.get(globalThis, "flowSeen"),
    );
    const elements = await page.evaluate(() => document.querySelectorAll("*").length);
    const bareFrames = await scrollFrames(page, "bare");
    const flowFrames = await scrollFrames(page, "flow");
    return { ...seen, elements, flowFrames, bareFrames };
  } finally {
    await page.close();
  }
}

/** In the page: notes when what one waits for is on the screen. */
function watch(): void {
  const seen: { shellMs?: number; usefulMs?: number; allReadMs?: number } = {};
  Reflect.set(globalThis, "flowSeen", seen);
  const look = (): void => {
    const now = performance.now();
    if (seen.shellMs === undefined && document.querySelector("main") !== null) seen.shellMs = now;
    const drawn = document.querySelector(".flow-box canvas[data-painted], .flow-box svg") !== null;
    if (seen.usefulMs === undefined && drawn && document.querySelector(".head h1") !== null) seen.usefulMs = now;
    const counted = /of\s[\d\s]+\ssteps?/.test(document.querySelector(".prog")?.textContent ?? "");
    if (seen.allReadMs === undefined && seen.usefulMs !== undefined && counted) seen.allReadMs = now;
    if (seen.allReadMs === undefined) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/**
 * Frames that are painted while a box is scrolled there and back for two seconds. The bare one is a canvas of the same size
 * in a box of the same ground, which draws as many rectangles as the flow shows cells, and no words.
 */
function scrollFrames(page: Page, what: "flow" | "bare"): Promise<number> {
  return page.evaluate(
    async ({ kind, lastsMs }) => {
      const flow = document.querySelector<HTMLElement>(".flow-box");
      const ground = flow?.querySelector<HTMLElement>(".flow-ground") ?? null;
      if (flow === null || ground === null) throw new Error("there is no flow to scroll");
      let box = flow;
      let frames = 0;
      const marks = 150;
      if (kind === "bare") {
        box = document.createElement("div");
        box.style.cssText = `position:fixed;left:0;top:0;z-index:9;overflow:auto;width:${flow.clientWidth}px;height:${flow.clientHeight}px`;
        const inner = document.createElement("div");
        inner.style.cssText = `width:${ground.offsetWidth}px;height:${ground.offsetHeight}px`;
        const canvas = document.createElement("canvas");
        canvas.width = flow.clientWidth * devicePixelRatio;
        canvas.height = flow.clientHeight * devicePixelRatio;
        canvas.style.cssText = `position:sticky;left:0;top:0;display:block;width:${flow.clientWidth}px;height:${flow.clientHeight}px`;
        inner.append(canvas);
        box.append(inner);
        document.body.append(box);
        const pen = canvas.getContext("2d");
        let due = 0;
        box.addEventListener("scroll", () => {
          if (due !== 0 || pen === null) return;
          due = requestAnimationFrame(() => {
            due = 0;
            pen.clearRect(0, 0, canvas.width, canvas.height);
            for (let at = 0; at < marks; at += 1)
              pen.fillRect(((at * 106 - box.scrollLeft) % canvas.width) + 1, (at % 12) * 54, 90, 40);
            frames += 1;
          });
        });
      }
      const painted = (): number => Number(flow.querySelector("canvas")?.getAttribute("data-painted") ?? 0);
      const before = painted();
      const room = Math.max(1, box.scrollWidth - box.clientWidth);
      const startedAt = performance.now();
      await new Promise<void>((resolve) => {
        const step = (): void => {
          const share = (performance.now() - startedAt) / lastsMs;
          if (share >= 1) {
            resolve();
            return;
          }
          const there = share < 0.5 ? share * 2 : 2 - share * 2;
          box.scrollLeft = there * room;
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      });
      if (kind === "bare") box.remove();
      return kind === "bare" ? frames : painted() - before;
    },
    { kind: what, lastsMs: SCROLLED_MS },
  );
}
