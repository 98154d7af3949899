/** Plans of the demo fail; they are selected and resumed by a job; one is skipped, one cancelled: what a person sees of it. */
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type ConsoleApi, connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { freePausedPlans } from "#e2e/fixtures/paused-plans.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SOURCE = "foreman";
const REASON = "The repository is reachable again";
const JOB_WITHIN_MS = 60_000;

const test = servedBy({ configuration: "demo: { speed: 1 }" });

/** So many more than there are fail: none of them fails in the midst of the test. */
async function untilPaused(api: ConsoleApi, count: number): Promise<void> {
  const { length } = await freePausedPlans(api, SOURCE);
  await api.demo.scenario.mutate({ scenario: "failNextPlans", source: SOURCE, count });
  await until(
    `${count} more plans are paused`,
    async () => (await freePausedPlans(api, SOURCE)).length >= length + count,
  );
}

const rows = (page: Page) => page.getByRole("table", { name: "Plans" }).locator("tbody tr[data-row]");
const bar = (page: Page) => page.getByRole("region", { name: "Selected plans" });

test("plans are selected by hand and by key, resumed by a job, and each has its outcome", async ({
  browser,
  served,
}) => {
  test.setTimeout(JOB_WITHIN_MS + 120_000);
  const api = connectApi(served.url);
  await untilPaused(api, 3);
  const { page, end } = await visit(browser, served.url);
  await page.goto("/plans?state=paused");
  await shellOf(page).untilLive();
  await expect(rows(page).nth(2)).toBeVisible();

  // By hand, with Shift a range; by key; all of them; none.
  await rows(page).nth(0).getByRole("checkbox").click();
  await rows(page)
    .nth(2)
    .getByRole("checkbox")
    .click({ modifiers: ["Shift"] });
  await expect(bar(page)).toContainText("3 plans selected");
  await bar(page).getByRole("button", { name: "Clear" }).click();
  await expect(bar(page)).toBeHidden();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect(bar(page)).toContainText("1 plan selected");
  await page.getByRole("checkbox", { name: /^Select all/ }).click();
  const chosen = await rows(page).getByRole("checkbox", { checked: true }).count();
  expect(chosen).toBeGreaterThanOrEqual(3);

  await bar(page).getByRole("button", { name: "Resume…" }).click();
  const dialog = page.getByRole("dialog", { name: "Resume plans" });
  await expect(dialog.getByRole("table", { name: "Plans by label and state" })).toBeVisible();
  const send = dialog.getByRole("button", { name: /^Resume \d+ plans/ });
  await expect(send).toHaveAttribute("aria-disabled", "true");
  await dialog.getByLabel("Reason").fill(REASON);
  await expect(send).not.toHaveAttribute("aria-disabled", "true");
  const offered = Number(/\d+/.exec(await send.innerText())?.[0]);
  // A plan that failed by itself a moment ago is held yet: the dialog says so, and leaves it out.
  const leftOut = await dialog
    .getByRole("table", { name: "Plans that are left out" })
    .locator("td.num")
    .allInnerTexts();
  expect(leftOut.reduce((sum, text) => sum + Number(text), offered)).toBe(chosen);
  expect(offered).toBeGreaterThanOrEqual(3);
  await send.click();

  await expect(page).toHaveURL(/\/jobs\//);
  await expect(page.getByRole("main").getByRole("heading", { level: 1 })).toContainText("Resume");
  await expect(page.locator(".st", { hasText: /^done$/ }).first()).toBeVisible({ timeout: JOB_WITHIN_MS });
  const outcomes = page.getByRole("table", { name: "Outcomes by plan" });
  await expect(outcomes.getByRole("row")).toHaveCount(offered + 1);
  const first = outcomes.getByRole("link").first();
  await first.click();
  await expect(page).toHaveURL(/\/plans\/foreman\//);
  const jobs = await api.jobs.list.query();
  expect(jobs.jobs[0]?.facts).toMatchObject({ kind: "dynflow.plans.resume", state: "done" });
  expect(jobs.jobs[0]?.facts.counts.unknown).toBe(0);
  await end();
});

test("a failed step is skipped with what depends on it, and the plan is resumed along with it", async ({
  browser,
  served,
}) => {
  test.setTimeout(180_000);
  const api = connectApi(served.url);
  await untilPaused(api, 1);
  const [planId = ""] = await freePausedPlans(api, SOURCE);
  const { page, end } = await visit(browser, served.url);
  await page.goto(`/plans/${SOURCE}/${planId}`);
  await shellOf(page).untilLive();
  await page.getByRole("button", { name: "Skip…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Skip in/ });
  await expect(dialog.getByRole("table", { name: "Steps that are skipped" })).toBeVisible();
  await dialog.getByLabel(/^Resume the plan afterwards/).check();
  await dialog.getByLabel("Reason").fill(REASON);
  await dialog.getByRole("button", { name: /^Skip \d+ steps? and resume/ }).click();
  await expect(dialog).toBeHidden();
  await until(
    "it has stopped with a warning",
    async () => {
      const { state, result } = await api.dynflow.plans.get.query({ source: SOURCE, planId });
      return state === "stopped" && result === "warning";
    },
    { withinMs: 120_000 },
  );
  await expect(page.getByRole("main").getByText("warning").first()).toBeVisible();
  await end();
});

test("a scheduled plan is cancelled through an executor", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const plan = await until("one that lies ahead is found", async () => {
    const { rows: scheduled } = await api.dynflow.plans.list.query({
      source: SOURCE,
      filter: { states: ["scheduled"] },
    });
    for (const { id } of scheduled) {
      const { delayed } = await api.dynflow.plans.get.query({ source: SOURCE, planId: id });
      if (delayed?.startAt !== null && Date.parse(delayed?.startAt ?? "") > Date.now() + 600_000) return { id };
    }
    return null;
  });
  const { page, end } = await visit(browser, served.url);
  await page.goto(`/plans/${SOURCE}/${plan.id}`);
  await shellOf(page).untilLive();
  await page.getByRole("button", { name: "Cancel…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Cancel/ });
  await expect(dialog).toContainText("The plan waits for its time");
  await dialog.getByLabel("Reason").fill("Nobody needs it any more");
  await dialog.getByRole("button", { name: /^Cancel plan/ }).click();
  await expect(dialog).toBeHidden();
  await until("it has stopped", async () => {
    const { state, result } = await api.dynflow.plans.get.query({ source: SOURCE, planId: plan.id });
    return state === "stopped" && result === "cancelled";
  });
  await expect(page.getByRole("main").getByText("cancelled").first()).toBeVisible();
  await end();
});
