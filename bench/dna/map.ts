import { chromium, type Page } from "@playwright/test";
import { atLeast, atMost, type Figure, median, round } from "#bench/figure.ts";
import { untilLive } from "#bench/live-page.ts";
import { findChromium } from "#scripts/testing/chromium.ts";
import type { BesidePlan } from "./beside.ts";
import { startWatched } from "./watched.ts";

const NODES = 1_000;
/** The whole estate: all layers are on. */
const BESIDE: BesidePlan = { agents: 500, stacks: 3, worlds: 50 };
/** A node that beats every 12 s is late 10 s after each beat: two changes of its state in 12 s, 10,000 a minute of 1,000. */
const BEAT_MS = 12_000;
const SETTLE_MS = 20_000;
const WATCHED_MS = 15_000;
const PANNED_MS = 4_000;
const ROUNDS = 3;
const VIEW = { width: 1_440, height: 900 };
const MINUTE_MS = 60_000;
const MB = 1_000_000;
const HEAP_MAX_MB = 64;

/** The map of 1,000 nodes while 10,000 states change a minute: frames beside a bare canvas, and what it costs the page. */
export async function* mapFigures(): AsyncIterable<Figure> {
  yield* figuresOf("dna.map");
}

/** The same with every layer on: 500 agents, three stacks and 50 worlds beside them, some of which change every second. */
export async function* wholeMapFigures(): AsyncIterable<Figure> {
  yield* figuresOf("dna.map.whole", BESIDE);
}

async function* figuresOf(name: string, beside?: BesidePlan): AsyncIterable<Figure> {
  const console = await startWatched({
    ...{ sources: 1, nodes: NODES, beatMs: BEAT_MS },
    ...(beside === undefined ? {} : { beside }),
  });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    const page = await browser.newPage({ viewport: VIEW });
    await page.goto(`${console.url}/topology`);
    await untilLive(page);
    await page.locator(".map-canvas[data-painted]").waitFor();
    await page.waitForTimeout(SETTLE_MS);
    const drawn = await page.getByRole("group", { name: /^Map of / }).getAttribute("aria-label");
    const idle = await mainThread(page);
    const changesPerMinute = await changes(page);
    const runs: { readonly map: number; readonly bare: number }[] = [];
    for (let run = 0; run < ROUNDS; run += 1)
      runs.push({ bare: await panFrames(page, "bare"), map: await panFrames(page, "map") });
    yield {
      figure: `${name}.frames`,
      ...atLeast(0.95, "x a bare canvas").judge(median(runs.map(({ map, bare }) => map / bare))),
      beside: { drawn: drawn?.split(";")[0], changesPerMinute, runs, seconds: PANNED_MS / 1_000 },
    };
    yield {
      figure: `${name}.main-thread`,
      ...atMost(250, "ms a second").judge(idle.busyMsPerSecond),
      beside: { nodes: NODES, changesPerMinute, longestTaskMs: round(idle.longestTaskMs), paints: idle.paints },
    };
    yield {
      figure: `${name}.memory`,
      ...atMost(HEAP_MAX_MB, "MB of the page's heap").judge((await heapBytes(page)) / MB),
      beside: { drawn: drawn?.split(";")[0] },
    };
  } finally {
    await browser.close();
    await console.close();
  }
}

/** What scripts of the page hold on to, once what they do not need is collected. */
async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

/** What the page's main thread is busy with while states change and nobody touches it. */
async function mainThread(page: Page) {
  const session = await page.context().newCDPSession(page);
  // In the time of the thread itself: what else runs on the machine is not counted.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
  };
  const painted = () => page.locator(".map-canvas").getAttribute("data-painted").then(Number);
  await page.evaluate(() => {
    Reflect.set(globalThis, "longest", 0);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        Reflect.set(globalThis, "longest", Math.max(Number(Reflect.get(globalThis, "longest")), entry.duration));
    }).observe({ type: "longtask" });
  });
  const before = { busy: await read(), painted: await painted(), at: performance.now() };
  await page.waitForTimeout(WATCHED_MS);
  const seconds = (performance.now() - before.at) / 1_000;
  const busyMsPerSecond = (((await read()) - before.busy) * 1_000) / seconds;
  const paints = (await painted()) - before.painted;
  const longestTaskMs = await page.evaluate(() => Number(Reflect.get(globalThis, "longest")));
  await session.detach();
  return { busyMsPerSecond, longestTaskMs, paints };
}

/** Changes of state that the page is told of, counted on a feed of its own. */
function changes(page: Page): Promise<number> {
  return page.evaluate(
    ({ lastsMs, minuteMs }) =>
      new Promise<number>((resolve) => {
        let count = 0;
        const source = new EventSource("/api/live");
        source.onmessage = ({ data }) => {
          const message = JSON.parse(String(data));
          if (message.type !== "batch") return;
          for (const { kind } of message.events) if (/state_changed$|world\.changed$/.test(kind)) count += 1;
        };
        setTimeout(() => {
          source.close();
          resolve(Math.round((count * minuteMs) / lastsMs));
        }, lastsMs);
      }),
    { lastsMs: 12_000, minuteMs: MINUTE_MS },
  );
}

/**
 * Frames that are painted while the view is dragged to and fro. The bare one is a canvas of the same size over it, which
 * paints as many rectangles as there are nodes with each move, and nothing else; the page goes on living under both.
 */
function panFrames(page: Page, what: "map" | "bare"): Promise<number> {
  return page.evaluate(
    async ({ kind, lastsMs, nodes }) => {
      const box = document.querySelector<HTMLElement>(".map-box");
      if (box === null) throw new Error("there is no map");
      const canvas = box.querySelector("canvas");
      // These pointers are made here: there is none to capture.
      box.setPointerCapture = () => undefined;
      const painted = (): number => Number(canvas?.getAttribute("data-painted") ?? 0);
      const rect = box.getBoundingClientRect();
      let bare: HTMLCanvasElement | null = null;
      let frames = 0;
      let due = 0;
      const target: HTMLElement = kind === "map" ? box : document.createElement("div");
      if (kind === "bare") {
        target.style.cssText = `position:fixed;left:${rect.left}px;top:${rect.top}px;width:${rect.width}px;height:${rect.height}px;z-index:9`;
        bare = document.createElement("canvas");
        bare.width = rect.width * devicePixelRatio;
        bare.height = rect.height * devicePixelRatio;
        bare.style.cssText = `width:${rect.width}px;height:${rect.height}px`;
        target.append(bare);
        document.body.append(target);
        const pen = bare.getContext("2d");
        target.addEventListener("pointermove", (event) => {
          if (due !== 0 || pen === null) return;
          due = requestAnimationFrame(() => {
            due = 0;
            pen.clearRect(0, 0, rect.width, rect.height);
            for (let at = 0; at < nodes; at += 1)
              pen.fillRect(((at % 44) * 21 + event.clientX) % rect.width, Math.floor(at / 44) * 18, 19, 16);
            frames += 1;
          });
        });
      }
      const at = (share: number) => rect.left + rect.width / 2 + Math.sin(share * 12) * 80;
      const send = (type: string, x: number) =>
        target.dispatchEvent(
          new PointerEvent(type, { bubbles: true, clientX: x, clientY: rect.top + 200, button: 0, buttons: 1 }),
        );
      const before = painted();
      send("pointerdown", at(0));
      const startedAt = performance.now();
      await new Promise<void>((resolve) => {
        const step = (): void => {
          const share = (performance.now() - startedAt) / lastsMs;
          if (share >= 1) {
            resolve();
            return;
          }
          send("pointermove", at(share));
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      });
      window.dispatchEvent(new PointerEvent("pointerup"));
      if (kind === "bare") target.remove();
      return kind === "bare" ? frames : painted() - before;
    },
    { kind: what, lastsMs: PANNED_MS, nodes: NODES },
  );
}
