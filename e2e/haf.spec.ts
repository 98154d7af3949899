/** A HAF stack on the screen: the recording step by step, its set-up drawn, its incident scrubbed. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, type Page } from "@playwright/test";
import { barriers, sidewaysOverflow } from "#e2e/fixtures/axe.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";
import { timeBarOf } from "#e2e/pages/time-bar.ts";

const test = servedBy({ configuration: "demo: { speed: 5 }" });
const SOURCE = "hive";
const STEPS = 24;

/** Phases at each step, as the page names them. */
const PHASES: readonly (readonly string[])[] = [
  ["haf starting"],
  ...Array.from({ length: 12 }, () => ["replay"]),
  ["app sync"],
  ["app sync"],
  ["app sync", "app live wait", "api serving"],
  ["app sync", "api serving"],
  ["app sync", "api serving"],
  ...Array.from({ length: 6 }, () => ["api serving"]),
];
/** A stretch that is marked as the present. */
const NOW = 'rect.rect[fill="rgb(254, 233, 246)"]';
const PLAN_OF_STACK = 3;
const PLAN_OF_APP = 4;
/** Apps that are set up by then, and are still there. */
const appsAt = (step: number): number => (step < 7 ? 0 : step < 9 ? step - 6 : step === STEPS ? 2 : 3);
/** From here on app1 has registered an index: somebody is meant to build it. */
const INDEXED_FROM = 10;

const planned = (step: number): number =>
  PLAN_OF_STACK + PLAN_OF_APP * Math.max(1, appsAt(step)) + (step >= INDEXED_FROM ? 1 : 0);

/** Holds the demo's stack at a step, and waits until the page shows it. */
async function holdAt(url: string, step: number): Promise<void> {
  await connectApi(url).demo.scenario.mutate({ scenario: "hafStep", source: SOURCE, step });
}

const phasesOf = (page: Page) => page.getByRole("list", { name: "Phases" }).getByRole("listitem");
const rowOf = (page: Page, app: string) =>
  page.getByRole("table", { name: "Apps", exact: true }).getByRole("row").filter({ hasText: app });

async function expectPhases(page: Page, step: number): Promise<void> {
  const words = PHASES[step - 1] ?? [];
  await expect(phasesOf(page)).toContainText([...words, "for"], { timeout: 30_000 });
}

/** The picture of a figure, drawn by mermaid in its frame. */
function pictureOf(page: Page, title: string) {
  const drawn = page.getByRole("figure", { name: title }).locator("iframe").contentFrame();
  return {
    drawn,
    participants: drawn.locator('svg [data-et="participant"]'),
    now: drawn.locator(`svg ${NOW}`),
  };
}

/** Texts of both diagrams at each step, as the unit tests have them from the recording. */
const GOLDENS = path.join(import.meta.dirname, "../components/lifecycle/__golden__/haf");
const DRAW_TIMEOUT_MS = 30_000;

/** The page's own frame for diagrams, beside the page: what is sent is drawn as the page would have it drawn. */
async function openFrame(page: Page) {
  await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.src = "/diagram";
    frame.id = "drawn-apart";
    frame.setAttribute("sandbox", "allow-scripts");
    const ready = new Promise<void>((resolve) => {
      addEventListener("message", ({ source, data }) => {
        if (source === frame.contentWindow && data?.type === "ready") resolve();
      });
    });
    document.body.append(frame);
    await ready;
  });
  const drawn = page.locator("#drawn-apart").contentFrame();
  return {
    drawn,
    /** What the frame answered, `drawn` or why not. */
    draw: (source: string, drawing: number): Promise<string> =>
      page.evaluate(
        ([text, number, withinMs]) => {
          const frame = document.querySelector<HTMLIFrameElement>("#drawn-apart");
          const marks = { now: [], passed: [], live: [], notes: {} };
          return new Promise<string>((resolve) => {
            setTimeout(() => resolve("too late"), withinMs);
            addEventListener("message", ({ source: from, data }) => {
              if (from !== frame?.contentWindow || data?.drawing !== number) return;
              resolve(data.type === "drawn" ? "drawn" : String(data.message));
            });
            const words = { nodes: {}, edges: {} };
            frame?.contentWindow?.postMessage({ type: "draw", drawing: number, source: text, words, marks }, "*");
          });
        },
        [source, drawing, DRAW_TIMEOUT_MS] as const,
      ),
  };
}

test("each of the 24 steps is drawn by mermaid, as it is meant and as it was seen, with its present marked", async ({
  browser,
  served,
}) => {
  test.setTimeout(240_000);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/haf");
  await shellOf(page).untilLive();
  const { drawn, draw } = await openFrame(page);
  for (let step = 1; step <= STEPS; step += 1)
    for (const view of ["plan", "actual"]) {
      const file = `${view}-${String(step).padStart(2, "0")}.words.mmd`;
      const text = await readFile(path.join(GOLDENS, file), "utf8");
      const participants = new Set(text.match(/participant n\d+/g)).size;
      const marked = text.split("rect rgb(254, 233, 246)").length - 1;
      expect(await draw(text, 2 * step + (view === "plan" ? 0 : 1)), file).toBe("drawn");
      expect(await drawn.locator('svg [data-et="participant"]').count(), file).toBe(participants);
      expect(await drawn.locator(`svg ${NOW}`).count(), file).toBe(marked);
      expect(marked, file).toBeGreaterThan(0);
      if (view === "actual") expect(marked, file).toBe(1);
      else expect(participants, file).toBe(planned(step));
    }
  await end();
});

test("the page follows the steps: phases, both pictures, and who takes part", async ({ browser, served }) => {
  test.setTimeout(240_000);
  await holdAt(served.url, 1);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/haf");
  const plan = pictureOf(page, "The set-up as it is meant");
  for (const step of [1, 6, 12, 19]) {
    await holdAt(served.url, step);
    await expectPhases(page, step);
    await expect(plan.participants, `plan of step ${step}`).toHaveCount(planned(step), { timeout: 30_000 });
    await expect(plan.now.first()).toBeAttached();
  }
  await page.getByRole("navigation", { name: "Set-up of the stack" }).getByRole("link", { name: "Actual" }).click();
  const actual = pictureOf(page, "What was observed");
  const roles = page.getByRole("table", { name: "Containers and roles" }).locator("tbody tr");
  await expect(async () => {
    const lives = (await roles.allTextContents()).filter((text) => !text.startsWith("planned")).length;
    expect(await actual.participants.count()).toBe(1 + lives);
  }).toPass({ timeout: 30_000 });
  await expect(actual.now).toHaveCount(1);
  await page.getByRole("figure", { name: "What was observed" }).getByRole("button", { name: "Table" }).click();
  await expect(page.getByRole("table", { name: "What was observed" })).toContainText("set up before HAF was live");
  await end();
});

test("a replay is told with its pace and how long it takes yet, and apps with their states", async ({
  browser,
  served,
}) => {
  const { page, end } = await visit(browser, served.url);
  await page.goto("/");
  await shellOf(page).untilLive();
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page).toHaveURL(/\/haf$/);
  await holdAt(served.url, 1);
  await holdAt(served.url, 4);
  await expectPhases(page, 4);
  await expect(page.getByRole("progressbar", { name: "Replay" })).toHaveAttribute("aria-valuenow", /^[1-9]\d?$/);
  await holdAt(served.url, 16);
  await expectPhases(page, 16);
  await expect(rowOf(page, "app1")).toContainText(/live.*MASSIVE_PROCESSING/);
  await expect(rowOf(page, "app2")).toContainText(/massive.*3\s000/);
  await expect(rowOf(page, "app3")).toContainText("installed");
  await end();
});

/** The demo goes on beside the incident: its other events lie between those of the stack. */
const PRESSES_MAX = 400;

interface Incident {
  readonly before: number;
  readonly after: number;
}

/** From the fork to the removal of an app: when it was well, and when all of it was over. */
async function incidentOf(url: string): Promise<Incident> {
  const api = connectApi(url);
  const now = async () => Date.parse((await api.session.get.query()).serverNow);
  const seen = (app: string, state: string, after: number) =>
    until(`${app} is ${state}`, async () => {
      const { events } = await api.journal.range.query({ subject: app, kinds: ["haf.app.state_changed"] });
      return events.find(
        (event) =>
          event.kind === "haf.app.state_changed" && event.body.app.state === state && event.observedAt >= after,
      );
    });
  const begun = await now();
  await holdAt(url, 1);
  await holdAt(url, 19);
  const live = await seen("app3", "live", begun);
  const before = live.observedAt + 500;
  await until("some time with all of it well", async () => (await now()) > before + 1_000);
  for (const step of [20, 21, 22, 23]) await holdAt(url, step);
  const detached = await seen("app1", "detached", before);
  await holdAt(url, STEPS);
  const removed = await seen("app3", "removed", detached.observedAt);
  const after = removed.observedAt + 1_000;
  await until("some time after it", async () => (await now()) > after + 1_000);
  return { before, after };
}

test("the incident is scrubbed: what the stack was before it, and what of it is not kept", async ({
  browser,
  served,
}) => {
  test.setTimeout(240_000);
  const { before, after } = await incidentOf(served.url);
  const { page, end } = await visit(browser, served.url);
  const bar = timeBarOf(page);
  await page.goto(`/haf?at=${new Date(before).toISOString()}`);
  await bar.settled();
  await expect(rowOf(page, "app1").getByRole("cell").first()).toHaveText("live");
  await expect(rowOf(page, "app3").getByRole("cell").first()).toHaveText("live");
  await expect(rowOf(page, "app1")).toContainText("not kept");
  const seen: string[] = [];
  await bar.slider.focus();
  for (let presses = 0; presses < PRESSES_MAX && (await bar.shown()) < after - 1_000; presses += 1) {
    const from = await bar.shown();
    await page.keyboard.press(".");
    // What lies beyond what is loaded is asked for first.
    await expect.poll(() => bar.shown()).toBeGreaterThan(from);
    await bar.settled();
    const state = (await rowOf(page, "app1").getByRole("cell").first().textContent()) ?? "";
    if (seen.at(-1) !== state) seen.push(state);
    if (seen.at(-1) === "detached" && (await rowOf(page, "app3").textContent())?.includes("removed") === true) break;
  }
  expect(seen).toEqual(["live", "detached"]);
  await expect(rowOf(page, "app3").getByRole("cell").first()).toHaveText("removed");
  await page.goto(`/haf?tab=actual&at=${new Date(before).toISOString()}`);
  await bar.settled();
  const { drawn, now } = pictureOf(page, "What was observed");
  await expect(now).toHaveCount(1);
  await expect(drawn.locator("svg text.messageText").filter({ hasText: "is detached" })).toHaveCount(0);
  await bar.backToLive();
  await expect(drawn.locator("svg text.messageText").filter({ hasText: "is detached" })).not.toHaveCount(0);
  await end();
});

test("an app opens and closes by keys alone, with its log; nothing of it is a barrier, in light and dark", async ({
  browser,
  served,
}) => {
  test.setTimeout(240_000);
  await holdAt(served.url, STEPS);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/haf");
  await shellOf(page).untilLive();
  await expectPhases(page, STEPS);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("complementary", { name: "app1" });
  await expect(drawer).toContainText("detached");
  await expect(drawer.getByRole("link", { name: "Its journal" })).toBeVisible();
  const found: string[] = [];
  for (const [width, address] of [
    [1440, "/haf?app=app1"],
    [1440, "/haf?tab=actual"],
    [360, "/haf"],
    [360, "/haf?app=app1"],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(address);
    await shellOf(page).untilLive();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0, { timeout: 30_000 });
    found.push(...(await barriers(page)).map((barrier) => `${address} ${width}: ${barrier}`));
    const overflow = await sidewaysOverflow(page);
    if (overflow > 0) found.push(`${address}: ${overflow} px wider than the window of ${width}`);
    await page.emulateMedia({ colorScheme: "dark" });
    found.push(...(await barriers(page, ["color-contrast"])).map((barrier) => `${address} dark: ${barrier}`));
  }
  expect(found).toEqual([]);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/haf?app=app1");
  await expect(drawer).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await end();
});
