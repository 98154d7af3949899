import { chromium } from "@playwright/test";
import { atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { untilLive } from "#bench/live-page.ts";
import { startConsole } from "#e2e/fixtures/console.ts";
import { seekTimes } from "#e2e/fixtures/seek.ts";
import { timeBarOf } from "#e2e/pages/time-bar.ts";
import { findChromium } from "#scripts/testing/chromium.ts";

/** As fast as leaves the machine to the browser: it is the seek that is measured, not the simulator. */
const SPEED = 5;
/** Five minutes of the demo; the bar spans a quarter of an hour. */
const RECORDED_MS = 60_000;
const SEEKS = 100;
const SEED = 20_261_122;

/** Over five minutes of the demo, dragged to and fro on the topology: from the pointer's movement to the paint. */
export async function seekFigure(): Promise<Figure> {
  const console = await startConsole({ configuration: `demo: { speed: ${SPEED} }` });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"],
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, RECORDED_MS));
    const page = await browser.newPage();
    await page.goto(`${console.url}/topology`);
    await untilLive(page);
    await timeBarOf(page).span("15 min");
    const times = await seekTimes(page, { count: SEEKS, seed: SEED, from: 0.7, to: 0.95 });
    return {
      figure: "time-bar.seek.p95",
      ...atMost(100, "ms").judge(percentile(times, 95)),
      beside: { seeks: SEEKS, seed: SEED, medianMs: round(median(times)), page: "topology", demoSpeed: SPEED },
    };
  } finally {
    await browser.close();
    await console.close();
  }
}
