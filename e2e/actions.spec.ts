/** Every way on with a plan, as a person takes it: skip and resume, cancel, halt, start now; each verified on the screen. */
import { expect, type Page } from "@playwright/test";
import { visit } from "#e2e/fixtures/browsing.ts";
import { type ConsoleApi, connectApi } from "#e2e/fixtures/console-api.test-kit.ts";
import { freePausedPlans } from "#e2e/fixtures/paused-plans.test-kit.ts";
import { servedBy } from "#e2e/fixtures/served.ts";
import { until } from "#e2e/fixtures/until.ts";
import { planOf } from "#e2e/pages/plan.ts";
import { shellOf } from "#e2e/pages/shell.ts";

const SOURCE = "foreman";
const AHEAD_MS = 600_000;

const test = servedBy({ configuration: "demo: { speed: 1 }" });

const rowsOf = async (api: ConsoleApi, state: string) =>
  (await api.dynflow.plans.list.query({ source: SOURCE, filter: { states: [state] } })).rows;
const planNow = (api: ConsoleApi, planId: string) => api.dynflow.plans.get.query({ source: SOURCE, planId });

async function pausedPlan(api: ConsoleApi): Promise<string> {
  await api.demo.scenario.mutate({ scenario: "failNextPlans", source: SOURCE, count: 1 });
  return until("a plan is paused and held by nobody", async () => (await freePausedPlans(api, SOURCE))[0]);
}

/** A remote job whose sub-plans all wait for hosts that never answer. */
async function hangingPlan(api: ConsoleApi, used: readonly string[]): Promise<string> {
  await api.demo.scenario.mutate({ scenario: "silentHosts", source: SOURCE });
  return until("a job with sub-plans runs", async () => {
    for (const { id } of await rowsOf(api, "running")) {
      if (used.includes(id)) continue;
      const { subPlanIds, rootActionClass } = await planNow(api, id);
      if (subPlanIds.length > 0 && rootActionClass?.includes("RunHostsJob") === true && (await hangs(api, subPlanIds)))
        return id;
    }
    return null;
  });
}

async function hangs(api: ConsoleApi, ids: readonly string[]): Promise<boolean> {
  for (const planId of ids) {
    const { steps } = await api.dynflow.plans.steps.query({ source: SOURCE, planId });
    if (!steps.some((step) => step.state === "suspended")) return false;
  }
  return true;
}

async function open(page: Page, planId: string) {
  await page.goto(`/plans/${SOURCE}/${planId}`);
  await shellOf(page).untilLive();
  return planOf(page);
}

/** Opens the menu of all actions and presses one. */
async function choose(page: Page, action: string): Promise<void> {
  await page.getByRole("button", { name: /^Actions/ }).click();
  await page
    .getByRole("menu", { name: "Actions" })
    .getByRole("menuitem", { name: new RegExp(`^${action}`) })
    .click();
}

async function send(page: Page, verb: RegExp, reason: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: verb }).click();
  await expect(dialog).toBeHidden();
}

test("a failed step is skipped after what goes along was shown, then the plan is resumed", async ({
  browser,
  served,
}) => {
  test.setTimeout(240_000);
  const api = connectApi(served.url);
  const planId = await pausedPlan(api);
  const { page, end } = await visit(browser, served.url);
  const plan = await open(page, planId);
  await expect(plan.heading).toContainText("paused");

  // From the step itself: it is the one that is chosen.
  await plan.step.getByRole("button", { name: /^Skip step…/ }).click();
  const dialog = page.getByRole("dialog", { name: /^Skip in/ });
  const touched = dialog.getByRole("table", { name: "Steps that are skipped" });
  await expect(touched).toBeVisible();
  const named = await touched.getByRole("row").count();
  await send(page, new RegExp(`^Skip ${named}.steps?$`), "not needed today");
  await expect(plan.outcome).toContainText("verified");
  await expect(plan.outcome).toContainText("skipped");

  await plan.resume("go on without it");
  await expect(plan.heading).toContainText("stopped", { timeout: 120_000 });
  await expect(plan.heading).toContainText("warning");
  await end();
});

test("a job that hangs is cancelled, and its sub-plans with it", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const planId = await hangingPlan(api, []);
  const { subPlanIds } = await planNow(api, planId);
  const { page, end } = await visit(browser, served.url);
  const plan = await open(page, planId);
  await page.getByRole("button", { name: /^Cancel…/ }).click();
  const dialog = page.getByRole("dialog", { name: /^Cancel/ });
  await expect(dialog.getByRole("table", { name: "Steps that take a cancel" })).toContainText("has sub-plans");
  await send(page, /^Cancel 1.step$/, "the hosts do not answer");
  await expect(plan.outcome).toContainText("verified");
  await expect(plan.heading).toContainText("stopped", { timeout: 60_000 });
  for (const id of subPlanIds) expect((await planNow(api, id)).state).toBe("stopped");
  await end();
});

test("a plan is halted after a typed word, wherever it runs, and what is off says why", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const planId = await hangingPlan(api, []);
  const { page, end } = await visit(browser, served.url);
  const plan = await open(page, planId);
  await page.getByRole("button", { name: /^Actions/ }).click();
  const menu = page.getByRole("menu", { name: "Actions" });
  await expect(menu.getByRole("menuitem", { name: /^Resume/ })).toContainText("not paused or planned");
  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();

  await choose(page, "Halt…");
  const dialog = page.getByRole("dialog", { name: /^Halt/ });
  await expect(dialog).toContainText("can never be resumed");
  await expect(dialog.getByRole("table", { name: "Steps that stay as they are" })).toContainText("is never woken");
  const press = dialog.getByRole("button", { name: /^Halt plan/ });
  await dialog.getByLabel("Reason").fill("it hangs and nobody needs it");
  await expect(press).toHaveAttribute("aria-disabled", "true");
  await dialog.getByLabel("Type halt").fill("halt");
  await press.click();
  await expect(dialog).toBeHidden();
  await expect(plan.heading).toContainText("stopped");
  await expect(plan.outcome).toContainText("verified");
  await until("its locks are gone", async () => (await planNow(api, planId)).locks.length === 0);
  await end();
});

test("a scheduled plan is started ahead of its time", async ({ browser, served }) => {
  const api = connectApi(served.url);
  const planId = await until("a plan that may start is scheduled", async () => {
    for (const { id } of await rowsOf(api, "scheduled")) {
      const preview = await api.dynflow.plans.startNowPreview.query({ source: SOURCE, planId: id });
      const isAhead = Date.parse(preview.startAt ?? "") > Date.now() + AHEAD_MS;
      if (isAhead && preview.refusals.length === 0 && preview.overrides.length === 0) return id;
    }
    return null;
  });
  const { page, end } = await visit(browser, served.url);
  const plan = await open(page, planId);
  await expect(plan.heading).toContainText("scheduled");
  // The palette offers it too, and says of the others why not.
  await page.keyboard.press("Control+K");
  const palette = page.getByRole("dialog", { name: "Find or do" });
  await palette.getByRole("combobox").fill("this plan");
  await expect(palette.getByRole("option", { name: /^Skip in/ })).toContainText("only steps of a paused plan");
  await palette.getByRole("option", { name: /^Start/ }).click();
  const dialog = page.getByRole("dialog", { name: /^Start/ });
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  await page.keyboard.press("b");
  await expect(dialog.getByRole("table", { name: "What it waits for" })).toContainText("start at");
  await send(page, /^Start plan .* now$/, "wanted today");
  await expect(plan.heading).not.toContainText("scheduled");
  await expect(plan.outcome).toContainText("verified");
  await end();
});
