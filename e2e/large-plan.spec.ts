/** A plan of 100,000 steps in the browser: opened on the step that failed, scrolled, zoomed, searched; few elements, ever. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { largePlan } from "#bench/dynflow/large-plan.ts";
import { seedLargeSqlite } from "#bench/dynflow/seed-large.ts";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { planOf } from "#e2e/pages/plan.ts";

const PLAN = { id: "00000000-0000-4000-8000-0000000a0001", steps: 100_000, shape: "mixed", failed: 3 } as const;
/** Of the whole page, whatever is shown of the plan. */
const ELEMENTS_MAX = 900;
const ALL_READ_TIMEOUT_MS = 120_000;
const directory = mkdtempSync(join(tmpdir(), "worldline-large-"));
let served: RunningConsole;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  const path = join(directory, "dynflow.sqlite");
  seedLargeSqlite(path, { ...PLAN, create: true });
  served = await startConsole({ configuration: `dynflow: [ { id: foreman, url: "sqlite://${path}" } ]` });
});
test.afterAll(async () => {
  await served?.close();
  rmSync(directory, { recursive: true, force: true });
});

const elements = (page: Page) => page.evaluate(() => document.querySelectorAll("*").length);

/** How many frames a canvas has painted. */
const painted = async (page: Page, box: string): Promise<number> =>
  Number(await page.locator(`${box} canvas`).getAttribute("data-painted"));

test("opens on the step that failed, scrolls, zooms and finds, and never has many elements", async ({ browser }) => {
  const failed = largePlan(PLAN).steps.filter((step) => step.state === "error");
  const { page, end } = await visit(browser, served.url);
  await page.goto(`/plans/foreman/${PLAN.id}`);
  const plan = planOf(page);
  await expect(plan.step.getByRole("heading", { level: 2 })).toContainText(`Step ${failed[0]?.id}`);
  await expect(plan.step).toContainText("No space left on device");
  const flow = page.getByRole("group", { name: /^Run flow: 49999 steps/ });
  await expect(flow).toBeVisible();
  // All of them have come once the head counts them.
  await expect(page.getByRole("main")).toContainText(/of\s49\s999\ssteps/, { timeout: ALL_READ_TIMEOUT_MS });
  expect(await elements(page)).toBeLessThan(ELEMENTS_MAX);

  const before = await painted(page, ".flow-box");
  await flow.hover();
  await page.mouse.wheel(4_000, 120);
  await expect.poll(() => painted(page, ".flow-box")).toBeGreaterThan(before);
  await page.getByRole("button", { name: "Fit" }).click();
  await expect.poll(() => flow.evaluate((box) => box.scrollWidth <= box.clientWidth + 8)).toBe(true);
  await flow.focus();
  await page.keyboard.press("0");
  await expect(page.getByTitle("Natural size")).toHaveText("100 %");

  const find = page.getByLabel("Find a step");
  await find.fill("error");
  await expect(page.locator(".flow-find [role=status]")).toHaveText("1 of 3");
  await find.press("Enter");
  await expect(page).toHaveURL(new RegExp(`step=${failed[1]?.id}(&|$)`));
  await find.fill("90001");
  await find.press("Enter");
  await expect(page).toHaveURL(/step=90001(&|$)/);
  await expect(plan.step.getByRole("heading", { level: 2 })).toContainText("Step 90001");
  await expect(page.locator(".flow-box + [role=status]")).toContainText("Step 90001");
  await page.getByRole("button", { name: /^Critical path/ }).click();
  await expect(page.getByRole("button", { name: /^Critical path/ })).toContainText(/in\s[\d\s]+\ssteps/);
  expect(await elements(page)).toBeLessThan(ELEMENTS_MAX);

  await page.goto(`/plans/foreman/${PLAN.id}?tab=timeline`);
  const timeline = page.getByRole("group", { name: /^Timeline of/ });
  await expect(timeline).toBeVisible();
  await expect.poll(() => painted(page, ".gantt-box")).toBeGreaterThan(0);
  const rows = await painted(page, ".gantt-box");
  await timeline.hover();
  await page.mouse.wheel(0, 20_000);
  await expect.poll(() => painted(page, ".gantt-box")).toBeGreaterThan(rows);
  for (const mode of ["By queue", "By world"]) {
    await page.getByRole("button", { name: mode }).click();
    await expect(page.getByRole("button", { name: mode })).toHaveAttribute("aria-pressed", "true");
  }
  expect(await elements(page)).toBeLessThan(ELEMENTS_MAX);
  await end();
});
